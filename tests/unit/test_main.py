"""What ``python main.py`` says when it cannot synthesize: the problems, and nothing around them."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SILENT = "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION"


def test_an_error_is_all_that_is_printed(tmp_path: Path) -> None:
    """Where Node is old, jsii would print eleven lines first; the variable is left out here, as on a machine of one's own."""
    environment = {name: value for name, value in os.environ.items() if name != SILENT}
    (tmp_path / "prod.yaml").write_text("domain: a.example\n")
    done = subprocess.run(
        [sys.executable, "main.py"],
        cwd=ROOT,
        env={**environment, "SPROCKET_ENV": "a b", "SPROCKET_ENVIRONMENTS": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith("error: environments: 'a b' is not the name of an environment; ")
    assert done.stderr.count("\n") == 1
