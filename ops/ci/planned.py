"""Whether `ops plan --json` tells of plans that Terraform made, and, with --empty, that they change nothing.

python3 ops/ci/planned.py [--empty] FILE
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def problems(report: dict[str, Any], *, empty: bool) -> list[str]:
    """What is wrong with the plan of each stack; a report without a stack is wrong as well."""
    if "error" in report:
        return [str(report["error"]["problem"])]
    found = []
    for stack in report["stacks"]:
        if stack["offline"]:
            found.append(f"{stack['name']}: not made by Terraform: {stack['offline']}")
        elif empty and any(stack["counts"].values()):
            counts = ", ".join(
                f"{number} to {action}" for action, number in stack["counts"].items() if number
            )
            found.append(f"{stack['name']}: {counts}")
    return found if report["stacks"] else ["no stack was planned"]


def main(words: list[str]) -> int:
    """1 where something is wrong, a line for each."""
    empty, file = words[:-1] == ["--empty"], Path(words[-1])
    try:
        report = json.loads(file.read_text())
    except ValueError:
        report = {"error": {"problem": f"{file} has no plan: ops plan ended before it wrote one"}}
    found = problems(report, empty=empty)
    for each in found:
        print(each, file=sys.stderr)
    if not found and empty:
        print("no changes")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
