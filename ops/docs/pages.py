"""The parts of the documentation that are made from the code."""

from __future__ import annotations

import tempfile
from pathlib import Path

from layers.loading import load_environment
from ops.docs.overview import Overview, overview, table
from ops.docs.picture import draw
from ops.model.inventory import from_synthesis
from ops.paths import ROOT
from ops.terraform.synth import synthesize

PICTURE = ROOT / "docs" / "platform.svg"


def write_picture(environment: str, path: Path = PICTURE) -> bool:
    """Draws the platform; says whether the file changed."""
    text = draw(overview_of(environment))
    if path.is_file() and path.read_text() == text:
        return False
    path.write_text(text)
    return True


def table_of(environment: str) -> str:
    """The table of services, as markdown."""
    return table(overview_of(environment))


def overview_of(environment: str) -> Overview:
    """Synthesizes an environment elsewhere than in cdktf.out, and looks at it."""
    stack = load_environment(environment).services_stack
    with tempfile.TemporaryDirectory(prefix="sprocket-pages-") as folder:
        stacks = synthesize(environment, out=Path(folder) / "cdktf.out").stacks
    return overview(from_synthesis(stacks[stack]))
