"""Environment files: what is refused, and in which words."""

from pathlib import Path

import pytest

from layers.errors import SettingsError
from layers.loading import ELSEWHERE, ENVIRONMENTS, environment_names, load_environment, load_resources


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of prod, to be spoiled."""
    (tmp_path / "prod.yaml").write_text((ENVIRONMENTS / "prod.yaml").read_text())
    return tmp_path


def spoil(folder: Path, old: str, new: str) -> str:
    """The error after replacing one text in prod.yaml."""
    file = folder / "prod.yaml"
    text = file.read_text()
    assert old in text, f"the test no longer fits prod.yaml: {old!r} is not in it"
    file.write_text(text.replace(old, new, 1))
    with pytest.raises(SettingsError) as caught:
        load_environment("prod", folder)
    return str(caught.value)


@pytest.mark.parametrize("name", environment_names())
def test_every_environment_of_the_repository_loads(name: str) -> None:
    environment = load_environment(name)
    assert environment.services_stack == f"{name}-services"
    assert load_resources(environment.resources_table)


def test_another_folder_may_be_named_from_outside(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "prod.yaml").rename(folder / "elsewhere.yaml")
    monkeypatch.setenv(ELSEWHERE, str(folder))
    assert environment_names() == ["elsewhere"]
    assert load_environment("elsewhere").domain == load_environment("prod", ENVIRONMENTS).domain


SPOILED = {
    "an unknown key in a mapping of pools": (
        ("memory: 16GiB", "memory: 16GiB, headrom: 1GiB"),
        "prod.yaml: nodes/app/headrom: is not a setting; did you mean headroom?",
    ),
    "a wrong unit": (
        ("memory: 16GiB", "memory: 16GB"),
        "prod.yaml: nodes/app/memory: size '16GB' is not understood; write it with KiB, MiB or GiB, such as 16GiB",
    ),
    "a text for a number": (
        ("count: 1", "count: one"),
        "prod.yaml: nodes/app/count: is 'one', not a whole number; write a whole number from 1 to 20 (how many nodes), without quotes",
    ),
    "a port out of range": (
        ("port: 25060", "port: 99999"),
        "prod.yaml: data/postgres/port: is the number 99999, which is out of range; write a whole number from 1 to 65535 "
        "(DigitalOcean's managed databases use 25060)",
    ),
    "a missing setting": (
        ("memory: 16GiB, ", ""),
        "prod.yaml: nodes/app/memory: is missing; add it (memory of one node)",
    ),
    "an empty list of roles": (
        ('admin: ["000000000000000000"]', "admin: []"),
        "prod.yaml: ingress/sign_in/roles/admin: is empty; give at least one",
    ),
    "a guild written as a number": (('guild: "', "guild: 1 #"), "ingress/sign_in/guild"),
    "a host of a database in the swarm": (
        ("{where: managed", "{where: swarm"),
        "prod.yaml: data/postgres: a managed database needs a host, one in the swarm must not have one; "
        "set host or change where",
    ),
    "state in spaces without a bucket": (
        ("bucket: sprocket-prod-state, ", ""),
        "prod.yaml: state: spaces needs bucket and endpoint; set both or use local",
    ),
    "a key given twice": (("domain: ", "domain: first.example\ndomain: "), "found duplicate key"),
    "a name inside the file": (
        ("domain: ", "name: prod\ndomain: "),
        "prod.yaml: name: is taken from the file's name; remove it",
    ),
}
"""What is replaced by what in prod.yaml, and what the error then says."""


@pytest.mark.parametrize("mistake", SPOILED)
def test_a_mistake_is_refused_in_words(folder: Path, mistake: str) -> None:
    (old, new), said = SPOILED[mistake]
    assert said in spoil(folder, old, new)


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (
            "{}",
            "local.yaml: ingress/sign_in/provider: is fake, whose image comes from packages only, and images/source is lock; "
            "use discord, or images/source packages, or name an image under images/overrides/fake-discord",
        ),
        ("{fake-discord: {name: registry.example.org/fake-discord, tag: a}}", ""),
    ],
)
def test_the_fake_sign_in_needs_an_image_that_the_lock_never_has(
    tmp_path: Path, overrides: str, said: str
) -> None:
    text = (ENVIRONMENTS / "local.yaml").read_text()
    changed = text.replace("{source: packages}", f"{{source: lock, overrides: {overrides}}}")
    assert changed != text, "the test no longer fits local.yaml"
    (tmp_path / "local.yaml").write_text(changed)
    try:
        load_environment("local", tmp_path)
        found = ""
    except SettingsError as error:
        found = str(error)
    assert found == said


@pytest.mark.parametrize("name", environment_names())
def test_what_is_allowed_in_a_simulated_world_only_is_in_no_other(name: str) -> None:
    environment = load_environment(name)
    simulated = name == "local" or name.startswith("rehearsal")
    assert environment.is_simulated == simulated
    assert (environment.ingress.sign_in.provider == "fake") == simulated


def test_an_unknown_key_is_named_with_the_nearest_known_one(folder: Path) -> None:
    error = spoil(folder, "resources_table:", "resource_table:")
    assert "prod.yaml: resource_table: is not a setting; did you mean resources_table?" in error.splitlines()


def test_broken_yaml_is_one_line_with_the_place(folder: Path) -> None:
    error = spoil(folder, "domain: ", "domain ")
    assert error.startswith("prod.yaml: line ") and error.count("\n") == 0


def test_all_findings_of_a_file_are_told_at_once(folder: Path) -> None:
    error = spoil(folder, "count: 1, size: s-8vcpu-16gb, cpus: 8", "count: 0, size: s-8vcpu-16gb, cpus: 0")
    assert [line.split(": ")[1] for line in error.splitlines()] == ["nodes/app/count", "nodes/app/cpus"]


def test_an_environment_that_does_not_exist_names_those_that_do() -> None:
    with pytest.raises(SettingsError) as caught:
        load_environment("production")
    assert str(caught.value) == (
        "production.yaml: there is no environment 'production'; use one of "
        f"{', '.join(environment_names())}, or add environments/production.yaml"
    )


@pytest.mark.parametrize(
    ("place", "problem"), [("file", "is not a folder"), ("missing", "is not a folder"), ("empty", "")]
)
def test_a_variable_that_names_no_folder_of_environments_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, problem: str
) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()
    path = tmp_path / place
    monkeypatch.setenv(ELSEWHERE, str(path))
    said = f"{path} {problem}" if problem else f"there is no environment in {path}"
    for name in ("prod", "Prod", "all"):
        with pytest.raises(SettingsError) as caught:
            load_environment(name)
        assert str(caught.value) == (
            f"SPROCKET_ENVIRONMENTS: {said}; unset SPROCKET_ENVIRONMENTS, or name a folder with environment files"
        )


def test_a_folder_without_environments_that_no_variable_names(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load_environment("prod", tmp_path)
    assert str(caught.value) == (
        f"environments: there is no environment in {tmp_path}; add a file, such as prod.yaml"
    )


def test_only_names_that_an_environment_can_have_are_proposed(folder: Path) -> None:
    for name in ("1qa", "all", "Prod"):
        (folder / f"{name}.yaml").write_text("domain: a.example\n")
    with pytest.raises(SettingsError) as caught:
        load_environment("qa", folder)
    assert caught.value.problems[0].fix == f"use one of prod, or add {folder}/qa.yaml"
    (folder / "prod.yaml").unlink()
    with pytest.raises(SettingsError) as caught:
        load_environment("qa", folder)
    assert caught.value.problems[0].fix == f"add {folder}/qa.yaml"


def test_a_limit_below_its_reservation_is_refused(tmp_path: Path) -> None:
    (tmp_path / "resources").mkdir()
    (tmp_path / "resources" / "odd.yaml").write_text(
        "web: {cpu: 1, memory: 64MiB, reserve_cpu: 0.1, reserve_memory: 128MiB}\n"
    )
    with pytest.raises(SettingsError) as caught:
        load_resources("odd", tmp_path)
    assert str(caught.value) == (
        "resources/odd.yaml: web: memory limit 64MiB is below the reservation 128MiB; raise the limit or reserve less"
    )


def test_a_table_that_does_not_exist_names_those_that_do() -> None:
    with pytest.raises(SettingsError) as caught:
        load_resources("huge", wanted_by="prod")
    assert str(caught.value) == (
        "prod.yaml: resources_table: there is no resources/huge.yaml; tables are shared, small, standard; "
        "use one of those or add it"
    )


# -- tables that start from another ---------------------------------------------------------------------------

WHOLE = "web: {cpu: 1, memory: 64MiB, reserve_cpu: 0.1, reserve_memory: 32MiB}\n"


def tables(folder: Path, **texts: str) -> Path:
    """A folder of environments with these tables."""
    (folder / "resources").mkdir()
    for name, text in texts.items():
        (folder / "resources" / f"{name}.yaml").write_text(text)
    return folder


def test_a_table_changes_the_keys_of_the_one_it_is_like(tmp_path: Path) -> None:
    tables(tmp_path, whole=WHOLE + WHOLE.replace("web", "core"), part="like: whole\nweb: {memory: 48MiB}\n")
    part, whole = load_resources("part", tmp_path), load_resources("whole", tmp_path)
    assert part["web"] == whole["web"].model_copy(update={"memory": "48MiB"})
    assert part["core"] == whole["core"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "like: hole\n",
            "resources/part.yaml: like: there is no other table 'hole'; did you mean whole?",
        ),
        (
            "like: part\n",
            "resources/part.yaml: like: is the table itself; name another one, or remove it",
        ),
        (
            "like: [whole]\n",
            "resources/part.yaml: like: is a list, and text is needed; write the name of one table, or remove it",
        ),
        (
            "like: circle\n",
            "resources/part.yaml: like: is circular: part -> circle -> part; write one of these files without like",
        ),
        (
            "like: third\n",
            "resources/part.yaml: like: third is itself like whole; name whole, so that only two files are merged",
        ),
        ("like: whole\nweb: {memory: 16MiB}\n", "resources/part.yaml: web: memory limit 16MiB is below"),
        ("like: whole\nnew: {cpu: 1}\n", "resources/part.yaml: new/memory: "),
    ],
)
def test_a_table_that_cannot_start_from_another_says_why(tmp_path: Path, text: str, said: str) -> None:
    tables(tmp_path, whole=WHOLE, third="like: whole\n", circle="like: part\n", part=text)
    with pytest.raises(SettingsError) as caught:
        load_resources("part", tmp_path)
    assert str(caught.value).startswith(said)


def test_a_mistake_in_the_other_table_is_told_of_that_one(tmp_path: Path) -> None:
    tables(tmp_path, whole=WHOLE.replace("cpu: 1,", "cpu: 0,"), part="like: whole\nweb: {memory: 48MiB}\n")
    with pytest.raises(SettingsError) as caught:
        load_resources("part", tmp_path)
    assert str(caught.value).startswith("resources/whole.yaml: web/cpu: ")
