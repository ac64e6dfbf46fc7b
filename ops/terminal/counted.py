"""Numbers of things, in words that agree with them."""


def counted(count: int, noun: str) -> str:
    """`1 volume`, `2 volumes`: for nouns whose plural ends in an s."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
