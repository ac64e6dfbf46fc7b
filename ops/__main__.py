"""Run as ``python -m ops``."""

from ops.cli.app import main

if __name__ == "__main__":
    main()
