"""Whether all jobs of a workflow have passed: the one check that a branch rule asks for.

GitHub counts a skipped job as passed. Here only success is, and a skip where the workflow says that it is meant.

    NEEDS='{"lint": {"result": "success"}}' MAY_SKIP='plan' python3 ops/ci/required.py
"""

from __future__ import annotations

import json
import os
import sys


def verdict(needs: dict[str, dict[str, object]], may_skip: set[str]) -> dict[str, str]:
    """What is wrong with each job that has not passed, by its name."""
    wrong = {}
    for name, job in needs.items():
        result = job.get("result")
        if result == "success" or (result == "skipped" and name in may_skip):
            continue
        wrong[name] = f"{result}, which counts as a failure"
    return wrong


def main() -> int:
    """Prints a line for each job; 1 where one has not passed."""
    needs = json.loads(os.environ.get("NEEDS", ""))
    may_skip = set(os.environ.get("MAY_SKIP", "").split())
    if not needs or not may_skip <= set(needs):
        print(f"error: NEEDS has the jobs {sorted(needs)}, MAY_SKIP {sorted(may_skip)}", file=sys.stderr)
        return 2
    wrong = verdict(needs, may_skip)
    for name, job in sorted(needs.items()):
        print(f"{name}: {wrong.get(name, job['result'])}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
