"""Plain text in columns, the same at a terminal and in a pipe."""

from collections.abc import Iterator, Sequence


def columns(rows: Sequence[Sequence[str]], *, indent: str = "") -> Iterator[str]:
    """Lines with every column as wide as its widest cell."""
    if not rows:
        return
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield (
            indent + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        ).rstrip()
