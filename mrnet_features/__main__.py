"""``python -m mrnet_features`` and the command ``mrnet-features``."""

import sys

try:
    from mrnet_features.cli import main
except KeyboardInterrupt:  # Ctrl-C while modules are loading, which takes a quarter of a second
    print("Stopped.", file=sys.stderr)
    raise SystemExit(130) from None

if __name__ == "__main__":
    main()
