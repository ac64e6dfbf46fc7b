"""Run as `python -m rehearsal.images`."""

from rehearsal.images.cli import main

if __name__ == "__main__":
    main()
