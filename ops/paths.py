"""Where things are in this repository."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
"""The repository."""

OUT = ROOT / "cdktf.out"
"""What synthesis writes; the same folder as the ``cdktf`` command line uses, so both work on one ``terraform init``."""

STATE = ROOT / ".sprocket"
"""Local state and notes about this machine. Not committed: state holds secrets."""


def stack_folder(stack: str, out: Path = OUT) -> Path:
    """The folder in which Terraform runs for a stack."""
    return out / "stacks" / stack
