"""Run as `python -m images`."""

from images.builder.cli import main

if __name__ == "__main__":
    main()
