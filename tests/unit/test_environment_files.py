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


def test_an_unknown_key_is_named_with_the_nearest_known_one(folder: Path) -> None:
    error = spoil(folder, "resources_table:", "resource_table:")
    assert "prod.yaml: resource_table: is not a setting; did you mean resources_table?" in error.splitlines()


def test_an_unknown_key_inside_a_mapping_of_pools_is_named_by_its_path(folder: Path) -> None:
    error = spoil(folder, "memory: 16GiB", "memory: 16GiB, headrom: 1GiB")
    assert error == "prod.yaml: nodes/app/headrom: is not a setting; did you mean headroom?"


def test_a_wrong_unit_says_which_units_there_are(folder: Path) -> None:
    assert spoil(folder, "memory: 16GiB", "memory: 16GB") == (
        "prod.yaml: nodes/app/memory: size '16GB' is not understood; write it with KiB, MiB or GiB, such as 512MiB"
    )


def test_a_text_is_not_taken_for_a_number(folder: Path) -> None:
    assert "nodes/app/count: input should be a valid integer, not 'one'" in spoil(
        folder, "count: 1", "count: one"
    )


def test_a_port_out_of_range_is_refused(folder: Path) -> None:
    error = spoil(folder, "port: 25060", "port: 99999")
    assert error.startswith(
        "prod.yaml: data/postgres/port: input should be less than or equal to 65535, not 99999"
    )


def test_a_missing_setting_says_what_it_is_for(folder: Path) -> None:
    error = spoil(folder, "memory: 16GiB, ", "")
    assert error == "prod.yaml: nodes/app/memory: is missing; add it (memory of one node)"


def test_an_empty_list_of_roles_is_refused(folder: Path) -> None:
    error = spoil(folder, 'admin: ["000000000000000000"]', "admin: []")
    assert error == "prod.yaml: ingress/sign_in/roles/admin: is empty; give at least one"


def test_an_admin_role_that_nobody_holds_is_refused(folder: Path) -> None:
    error = spoil(folder, "roles: {admin: ", "roles: {staff: ")
    assert "ingress/admin_role is 'admin' but ingress/sign_in/roles has staff" in error


def test_a_guild_written_as_a_number_is_refused(folder: Path) -> None:
    assert "ingress/sign_in/guild" in spoil(folder, 'guild: "', "guild: 1 #")


def test_stores_on_a_label_that_no_node_carries_are_refused(folder: Path) -> None:
    error = spoil(folder, "labels: {storage: main}", "labels: {tier: main}")
    assert "stores wants engine label storage=main, which no pool of nodes carries" in error


def test_a_managed_database_without_a_host_is_refused(folder: Path) -> None:
    error = spoil(folder, "{where: managed", "{where: swarm")
    assert error == (
        "prod.yaml: data/postgres: a managed database needs a host, one in the swarm must not have one; set host or change where"
    )


def test_state_in_spaces_needs_a_bucket(folder: Path) -> None:
    error = spoil(folder, "bucket: sprocket-state, ", "")
    assert error == "prod.yaml: state: spaces needs bucket and endpoint; set both or use local"


def test_broken_yaml_is_one_line_with_the_place(folder: Path) -> None:
    error = spoil(folder, "domain: ", "domain ")
    assert error.startswith("prod.yaml: line ") and error.count("\n") == 0


def test_a_key_given_twice_is_refused(folder: Path) -> None:
    error = spoil(folder, "domain: ", "domain: first.example\ndomain: ")
    assert "found duplicate key" in error


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


def test_a_name_inside_the_file_is_refused(folder: Path) -> None:
    assert (
        spoil(folder, "domain: ", "name: prod\ndomain: ")
        == "prod.yaml: name: is taken from the file's name; remove it"
    )


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
        load_resources("huge")
    assert (
        str(caught.value)
        == "resources_table: there is no resources/huge.yaml; use one of shared, small, standard"
    )
