"""What the benchmarks of synthesis run, and what they make of its times."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from ops.bench import synthesis
from ops.bench.timing import Seconds

COST = {"empty.py": 1.0, "main.py": 1.6, "many.py 0": 0.5, "many.py 100": 1.1, "many.py 300": 2.3}


def test_growth_is_beyond_the_same_stack_without_services(monkeypatch: pytest.MonkeyPatch) -> None:
    """The empty app loads a cloud's bindings as well, which no stack of services does."""

    def run(words: Sequence[str], cache: Path) -> Seconds:
        assert words[-1] in ("{out}", "main.py")
        cost = COST[" ".join(word for word in (Path(words[0]).name, *words[1:]) if word != "{out}")]
        return Seconds(wall=cost, processor=cost)

    monkeypatch.setattr(synthesis, "_run", run)
    prod, growth = synthesis.measure(lambda text: None)
    assert (prod.value, prod.bar) == (1.6, 2.0)
    assert growth.value == pytest.approx(1.0)
    assert growth.detail == "6.0 ms, 6.0 ms of the processors a service at 100 and 300 services"
