"""The commands that write what documentation is made of."""

from __future__ import annotations

from ops.cli.options import ChangedEnv, Env
from ops.terminal import screen


def schema() -> None:
    """Write the JSON Schema of environment files to environments/schema.json."""
    from ops.docs import schema as schemas

    screen.err.print(f"environments/schema.json {_written(schemas.write())}")


def picture(env: ChangedEnv) -> None:
    """Draw an environment's services, routes and stores to docs/platform.svg. The documentation shows prod.

    Example: picture --env prod
    """
    from ops.docs import pages

    screen.err.print(f"docs/platform.svg {_written(pages.write_picture(env))}")


def table(env: Env = "local") -> None:
    """Print an environment's services as a markdown table. docs/services.md shows prod.

    Example: table --env prod
    """
    from ops.docs import pages

    print(pages.table_of(env), end="")


def _written(changed: bool) -> str:
    return "written" if changed else "is up to date"
