"""Options that several commands have."""

from typing import Annotated

import typer

Env = Annotated[str, typer.Option("--env", metavar="NAME", help="An environment: a file in environments/.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
