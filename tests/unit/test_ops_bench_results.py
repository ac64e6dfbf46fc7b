"""Numbers of benchmarks: how they are made, judged and printed."""

from __future__ import annotations

import pytest

from ops.bench.result import Measured, Skipped
from ops.bench.timing import Seconds, growth, in_turns, median, per_service, timed
from ops.errors import OpsError


def test_a_bar_is_met_up_to_itself() -> None:
    assert Measured(name="synth-prod", value=2.0, bar=2.0).met
    assert not Measured(name="synth-prod", value=2.01, bar=2.0).met
    assert Measured(name="plan-growth", value=99.0).met


def test_a_line_has_the_name_the_number_the_bar_and_what_it_is_made_of() -> None:
    missed = Measured(name="cold-deploy", value=1.618, bar=1.5, detail="a 16.2 s, b 10.0 s")
    assert str(missed) == "cold-deploy        1.62  bar 1.50    MISSED  a 16.2 s, b 10.0 s"
    seconds = Measured(name="rollback", value=23.4, bar=60.0, unit="s")
    assert str(seconds) == "rollback         23.40s  bar 60.00s  met"
    assert str(Measured(name="plan-growth", value=0.9)) == "plan-growth        0.90  no bar"
    assert str(Skipped(name="plan", reason="no engine")) == "plan                  -  skipped: no engine"


def test_growth_is_the_cost_of_one_service_among_many_over_that_among_few() -> None:
    assert growth({0: 1.0, 100: 2.0, 300: 4.0}) == 1.0
    assert growth({0: 1.0, 300: 7.0, 100: 2.0}) == 2.0
    assert per_service(1.0, 3.0, 100) == 0.02
    with pytest.raises(OpsError, match=r"^a stack of 100 services took 1\.00 s, and one without any 1\.00 s"):
        growth({0: 1.0, 100: 1.0, 300: 4.0})


def test_medians_are_taken_of_each_time_by_itself() -> None:
    taken = [Seconds(1.0, 9.0), Seconds(5.0, 1.0), Seconds(3.0, 2.0)]
    assert median(taken) == Seconds(3.0, 2.0)


@pytest.mark.parametrize("warm_up", [True, False])
def test_programs_take_turns_and_a_warm_up_does_not_count(warm_up: bool) -> None:
    ran: list[str] = []
    said: list[str] = []

    def run(name: str) -> Seconds:
        ran.append(name)
        return Seconds(wall=float(len(ran)))

    found = in_turns({"a": lambda: run("a"), "b": lambda: run("b")}, 3, said.append, warm_up=warm_up)
    rounds = 4 if warm_up else 3
    assert "".join(ran) == "ab" * rounds
    assert found["b"].wall - found["a"].wall == 1.0
    assert found["a"].wall == (5.0 if warm_up else 3.0)
    assert said[0] == ("a, to warm up" if warm_up else "a, run 1 of 3")
    assert said[-1] == "b, run 3 of 3"


def test_time_is_known_after_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([10.0, 12.5])
    monkeypatch.setattr("ops.bench.timing.time.perf_counter", lambda: next(clock))
    with timed() as taken:
        assert taken.wall == 0.0
    assert taken.wall == 2.5
