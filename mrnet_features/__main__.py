"""``python -m mrnet_features``: the same as the command ``mrnet-features``."""

from mrnet_features.cli import main

if __name__ == "__main__":
    main()
