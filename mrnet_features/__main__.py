"""``python -m mrnet_features`` and the command ``mrnet-features``."""

import signal
import sys
from typing import NoReturn

try:
    from mrnet_features.cli import main as run
except KeyboardInterrupt:  # Ctrl-C while modules are loading, which takes a quarter of a second
    print("Stopped.", file=sys.stderr)
    raise SystemExit(130) from None


def main() -> NoReturn:
    """Run the command line. Ctrl-C is ignored while the process ends: the work is done by then."""
    try:
        run()
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


if __name__ == "__main__":
    main()
