"""The queue that a program of the application takes messages from."""

from __future__ import annotations

from ops.check.application import Program


def own_queue(program: Program) -> str:
    """Its name without the instance's prefix, by the key of the program's settings; empty where it takes from none."""
    if program.consumes == "celery/queue":
        return "celery"
    name = program.consumes.removeprefix("transport/").removesuffix("_queue").replace("_", "-")
    return {"notification": "notifications"}.get(name, name)
