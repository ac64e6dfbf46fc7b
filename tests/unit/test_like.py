"""Environment files that are like another: what is merged, what replaces, what takes away."""

from __future__ import annotations

from pathlib import Path

import pytest

from layers.errors import SettingsError
from layers.loading import ENVIRONMENTS, load_environment, merged


def written(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    return folder


def prod_and(folder: Path, text: str) -> Path:
    return written(folder, prod=(ENVIRONMENTS / "prod.yaml").read_text(), qa=f"like: prod\n{text}")


@pytest.mark.parametrize(
    ("base", "over", "result"),
    [
        ({"a": {"b": 1, "c": 2}}, {"a": {"c": 3}}, {"a": {"b": 1, "c": 3}}),
        ({"a": {"b": {"c": {"d": 1}}}}, {"a": {"b": {"c": {"e": 2}}}}, {"a": {"b": {"c": {"d": 1, "e": 2}}}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": {"b": 1}}, {"a": 2}, {"a": 2}),
        ({"a": 2}, {"a": {"b": 1}}, {"a": {"b": 1}}),
        ({"a": 1, "b": 2}, {"a": None}, {"b": 2}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": None}}, {"a": {"c": 2}}),
        ({"a": 1}, {"b": None}, {"a": 1, "b": None}),
    ],
)
def test_mappings_are_merged_others_replace_and_null_takes_away(
    base: dict[str, object], over: dict[str, object], result: dict[str, object]
) -> None:
    before = repr(base)
    assert merged(base, over) == result
    assert repr(base) == before, "a file that others are like must stay as it is"


def test_one_key_deep_inside_is_enough(tmp_path: Path) -> None:
    prod_and(tmp_path, "cloud: {vpc_range: 10.127.0.0/20, volumes: {redis: 20}}\n")
    prod, qa = load_environment("prod", tmp_path), load_environment("qa", tmp_path)
    assert prod.cloud is not None and qa.cloud is not None
    assert qa.cloud.model_dump() == {
        **prod.cloud.model_dump(),
        "vpc_range": "10.127.0.0/20",
        "volumes": {**prod.cloud.volumes, "redis": 20},
    }


def test_null_brings_back_the_default(tmp_path: Path) -> None:
    prod_and(tmp_path, "data: {grafana: null}\ncloud: {alerts: null}\n")
    qa = load_environment("qa", tmp_path)
    assert qa.data.grafana.alerts == "none" and qa.cloud is not None and qa.cloud.alerts is None


def test_null_for_what_must_be_there_is_refused(tmp_path: Path) -> None:
    prod_and(tmp_path, "cloud: {region: null}\n")
    with pytest.raises(SettingsError, match=r"^qa\.yaml: cloud/region: is missing; add it"):
        load_environment("qa", tmp_path)


def test_a_problem_is_told_of_the_file_that_it_is_in(tmp_path: Path) -> None:
    prod_and(tmp_path, "nodes: {app: {count: none}}\n")
    prod = tmp_path / "prod.yaml"
    prod.write_text(prod.read_text().replace("region: nyc3", "region: nyc9"))
    with pytest.raises(SettingsError) as caught:
        load_environment("qa", tmp_path)
    assert [problem.path for problem in caught.value.problems] == [
        "qa.yaml: nodes/app/count",
        "prod.yaml: cloud/region",
    ]


def test_what_only_both_files_together_contradict_is_told_of_the_own_one(tmp_path: Path) -> None:
    prod_and(tmp_path, "domain: qa.mlesports.gg\n")
    load_environment("prod", tmp_path)
    with pytest.raises(SettingsError) as caught:
        load_environment("qa", tmp_path)
    assert {problem.file for problem in caught.value.problems} == {"qa.yaml"}
    (engine,) = (problem for problem in caught.value.problems if problem.setting == "engine/host")
    assert engine.fix == "use that; set it in qa.yaml (inherited from prod.yaml)"


def test_what_the_other_file_contradicts_by_itself_is_told_of_that_one(tmp_path: Path) -> None:
    prod_and(tmp_path, "cloud: {vpc_range: 10.127.0.0/20}\n")
    prod = tmp_path / "prod.yaml"
    prod.write_text(prod.read_text().replace("ssh://deploy@", "ssh://deploy@other-"))
    with pytest.raises(SettingsError) as alone:
        load_environment("prod", tmp_path)
    with pytest.raises(SettingsError) as inherited:
        load_environment("qa", tmp_path)
    assert [problem.path for problem in alone.value.problems] == ["prod.yaml: engine/host"]
    assert inherited.value.problems == alone.value.problems


REFUSED: dict[str, tuple[dict[str, str], str]] = {
    "itself": (
        {"a": "like: a\n"},
        "a.yaml: like: is the environment itself; name another one, or remove it",
    ),
    "each other": (
        {"a": "like: b\n", "b": "like: a\n"},
        "a.yaml: like: is circular: a -> b -> a; write one of these files without like",
    ),
    "a circle further on": (
        {"a": "like: b\n", "b": "like: c\n", "c": "like: b\n"},
        "a.yaml: like: is circular: b -> c -> b; write one of these files without like",
    ),
    "a third": (
        {"a": "like: b\n", "b": "like: c\n", "c": "domain: c.example\n"},
        "a.yaml: like: b is itself like c; name c, so that only two files are merged",
    ),
    "a fourth": (
        {"a": "like: b\n", "b": "like: c\n", "c": "like: d\n", "d": "domain: d.example\n"},
        "a.yaml: like: b is itself like c; name d, so that only two files are merged",
    ),
    "a missing one": (
        {"a": "like: stagin\n", "staging": "domain: a.example\n", "other": "domain: b.example\n"},
        "a.yaml: like: there is no other environment 'stagin'; did you mean staging?",
    ),
    "a missing one, nothing near": (
        {"a": "like: xyz\n", "staging": "domain: a.example\n"},
        "a.yaml: like: there is no other environment 'xyz'; use one of staging",
    ),
    "a list": (
        {"a": "like: [b]\n", "b": "domain: b.example\n"},
        "a.yaml: like: is a list, and text is needed; write the name of one environment, or remove it",
    ),
    "one that is like a list": (
        {"a": "like: b\n", "b": "like: [c]\n", "c": "domain: c.example\n"},
        "a.yaml: like: b is itself like a list, which is no other environment; name one without like, or remove it from b",
    ),
    "nothing else there": (
        {"a": "like: b\n"},
        "a.yaml: like: there is no other environment 'b'; remove it",
    ),
    "one that names itself": (
        {"a": "like: b\n", "b": "name: a\n"},
        "b.yaml: name: is taken from the file's name; remove it",
    ),
    "one that is broken": (
        {"a": "like: b\n", "b": "domain: [\n"},
        "b.yaml: line 2, column 1: this is not YAML (expected the node content, but found '<stream end>'); fix that line",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_no_file_can_be_like(tmp_path: Path, case: str) -> None:
    files, message = REFUSED[case]
    with pytest.raises(SettingsError) as caught:
        load_environment("a", written(tmp_path, **files))
    assert str(caught.value) == message
