"""The image builder without an engine: reading folders, hashing, order, lock text, and what the build gateway answers."""

from __future__ import annotations

import io
import subprocess
import tarfile
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from images import ImagesError
from images.builder import acme, debian, engine, gateway, lock, tools
from images.builder.engine import LocalImage, outdated
from images.builder.paths import DESCRIPTIONS, RECIPES
from images.builder.plan import steps
from images.builder.recipe import ROOT, Recipe, instructions, parents, pinned, read, read_all


def folder(root: Path, name: str, dockerfile: str, **files: str) -> Path:
    """An image folder; `files` are named with _ for the dot."""
    path = root / name
    path.mkdir()
    (path / "Dockerfile").write_text(dockerfile)
    for key, text in files.items():
        (path / key.replace("_", ".")).write_text(text)
    return path


def tree(root: Path) -> dict[str, Recipe]:
    """base <- stand-in <- web, base <- redis."""
    folder(root, "base", "FROM sprocket-local/debian\n")
    folder(root, "stand-in", "FROM sprocket-local/base\n", app_py="1")
    folder(root, "web", "FROM sprocket-local/stand-in\n")
    folder(root, "redis", "FROM sprocket-local/base\n")
    return read_all(root)


def tags(root: Path, root_tag: str = "r1") -> dict[str, str]:
    return {step.recipe.name: step.tag for step in steps(read_all(root), root_tag)}


class TestOrder:
    def test_parents_come_before_children(self, tmp_path: Path) -> None:
        names = [step.recipe.name for step in steps(tree(tmp_path), "r1")]
        assert names == ["base", "redis", "stand-in", "web"]

    def test_only_takes_the_parents_along(self, tmp_path: Path) -> None:
        names = [step.recipe.name for step in steps(tree(tmp_path), "r1", ["web"])]
        assert names == ["base", "stand-in", "web"]

    def test_a_circle_is_named(self, tmp_path: Path) -> None:
        folder(tmp_path, "a", "FROM sprocket-local/b\n")
        folder(tmp_path, "b", "FROM sprocket-local/a\n")
        with pytest.raises(ImagesError, match=r"^images depend on each other in a cycle: a -> b -> a$"):
            steps(read_all(tmp_path), "r1")

    def test_a_missing_parent_is_named(self, tmp_path: Path) -> None:
        folder(tmp_path, "a", "FROM sprocket-local/nope\n")
        with pytest.raises(
            ImagesError, match=r"^a/Dockerfile: FROM sprocket-local/nope: there is no folder nope$"
        ):
            steps(read_all(tmp_path), "r1")

    def test_a_misspelt_name_gets_a_suggestion(self, tmp_path: Path) -> None:
        with pytest.raises(ImagesError, match=r"^no image is called rediss; did you mean redis\?$"):
            steps(tree(tmp_path), "r1", ["rediss"])


class TestTags:
    def test_an_unchanged_tree_keeps_its_tags(self, tmp_path: Path) -> None:
        tree(tmp_path)
        assert tags(tmp_path) == tags(tmp_path)
        assert all(len(tag) == 12 for tag in tags(tmp_path).values())

    def test_a_changed_file_changes_its_image_and_what_builds_on_it_only(self, tmp_path: Path) -> None:
        tree(tmp_path)
        before = tags(tmp_path)
        (tmp_path / "stand-in" / "app.py").write_text("2")
        after = tags(tmp_path)
        assert {name for name in after if after[name] != before[name]} == {"stand-in", "web"}

    def test_the_root_recipe_changes_all(self, tmp_path: Path) -> None:
        tree(tmp_path)
        before, after = tags(tmp_path, "r1"), tags(tmp_path, "r2")
        assert all(after[name] != before[name] for name in after)

    def test_name_and_content_do_not_run_into_each_other(self, tmp_path: Path) -> None:
        one = read(folder(tmp_path, "one", "FROM sprocket-local/base\n", ab="c"))
        two = read(folder(tmp_path, "two", "FROM sprocket-local/base\n", a="bc"))
        assert one.digest(["p"]) != two.digest(["p"])

    def test_the_executable_bit_counts_and_caches_do_not(self, tmp_path: Path) -> None:
        tree(tmp_path)
        before = tags(tmp_path)["stand-in"]
        (tmp_path / "stand-in" / "__pycache__").mkdir()
        (tmp_path / "stand-in" / "__pycache__" / "app.pyc").write_bytes(b"x")
        assert tags(tmp_path)["stand-in"] == before
        (tmp_path / "stand-in" / "app.py").chmod(0o755)
        assert tags(tmp_path)["stand-in"] != before


class TestDockerfile:
    def test_continued_lines_are_one_instruction_and_comments_none(self) -> None:
        assert instructions("# FROM x\nRUN a \\\n  # why\n  && b\n\nUSER 1\n") == ["RUN a && b", "USER 1"]

    def test_parents_of_stages(self) -> None:
        text = "FROM sprocket-local/base AS build\nFROM build AS more\nFROM sprocket-local/stand-in\n"
        assert parents(text) == ("base", "stand-in")

    def test_a_foreign_parent_is_refused(self) -> None:
        with pytest.raises(
            ImagesError, match=r"^`FROM debian:12`: images here build on FROM sprocket-local/<name>"
        ):
            parents("FROM debian:12\n")

    def test_parents_are_pinned_by_tag(self) -> None:
        text = "FROM sprocket-local/base AS b\nFROM b\nCOPY x /x\n"
        assert pinned(text, {"base": "abc"}) == "FROM sprocket-local/base:abc AS b\nFROM b\nCOPY x /x\n"

    def test_context_is_the_same_bytes_each_time_with_pinned_parents(self, tmp_path: Path) -> None:
        recipe = read(folder(tmp_path, "x", "FROM sprocket-local/base\n", run_sh="#!/bin/sh\n"))
        with recipe.context({"base": "abc"}) as first, recipe.context({"base": "abc"}) as second:
            assert first.read() == second.read()
            first.seek(0)
            with tarfile.open(fileobj=first) as tar:
                assert tar.getnames() == ["Dockerfile", "run.sh"]
                dockerfile = tar.extractfile("Dockerfile")
                assert dockerfile is not None and dockerfile.readline() == b"FROM sprocket-local/base:abc\n"

    def test_what_a_recipe_lacks(self, tmp_path: Path) -> None:
        text = "FROM sprocket-local/base\n"
        assert read(folder(tmp_path, "x", text, recipe_yaml="lacks: [json]\n")).lacks == ("json",)
        with pytest.raises(
            ImagesError, match=r"^y/recipe.yaml: misses: unknown; allowed: program, product, "
        ):
            read(folder(tmp_path, "y", text, recipe_yaml="misses: [json]\n"))


class TestLock:
    DIGEST = "sha256:" + "0" * 64
    ENTRY = lock.Entry(
        "127.0.0.1:5000/sprocket/redis", "123456789012", DIGEST, "redis:8", "real", ("json",), "7.0"
    )
    PLAIN = lock.Entry("127.0.0.1:5000/sprocket/alloy", "4f1c00000000", DIGEST, "grafana/alloy:1", "stand-in")

    def test_text_is_sorted_and_says_who_wrote_it(self) -> None:
        assert lock.text({"redis": self.ENTRY, "alloy": self.PLAIN}) == (
            "# written by `python -m images build`; not committed\n"
            "images:\n"
            f'  alloy: {{name: 127.0.0.1:5000/sprocket/alloy, tag: "4f1c00000000", digest: "{self.DIGEST}", '
            'stands_in_for: "grafana/alloy:1", kind: stand-in}\n'
            f'  redis: {{name: 127.0.0.1:5000/sprocket/redis, tag: "123456789012", digest: "{self.DIGEST}", '
            'stands_in_for: "redis:8", kind: real, version: "7.0", lacks: [json]}\n'
        )

    @pytest.mark.parametrize("entries", [{}, {"redis": ENTRY, "alloy": PLAIN}])
    def test_reading_gives_back_what_was_written(self, entries: dict[str, lock.Entry]) -> None:
        assert lock.parse(lock.text(entries), "x") == entries

    def test_saving_the_same_again_leaves_the_file_alone(self, tmp_path: Path) -> None:
        path = tmp_path / "lock.yaml"
        assert lock.save(path, {"redis": self.ENTRY}) is True
        assert lock.save(path, {"redis": self.ENTRY}) is False
        assert [child.name for child in tmp_path.iterdir()] == ["lock.yaml"]

    @pytest.mark.parametrize(
        "text", ["images: [", "other: {}", "images: {redis: {name: x}}", "images: {redis: 1}"]
    )
    def test_a_broken_lock_says_what_to_do(self, text: str) -> None:
        with pytest.raises(ImagesError, match=r"(?s)^lock.yaml cannot be read .*delete it and build again$"):
            lock.parse(text, "lock.yaml")


class TestEngine:
    def test_a_machine_without_docker_is_told_so(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(ImagesError, match="there is no docker command on this machine"):
            engine.tagged()

    def test_an_engine_that_does_not_answer_is_given_up(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "docker").write_text("#!/bin/sh\nexec /bin/sleep 60\n")
        (tmp_path / "docker").chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(ImagesError, match="docker image ls did not end within 0 s; check that"):
            engine.docker("image", "ls", timeout=0.2)


class TestOldTags:
    def test_the_newest_three_and_the_locked_stay(self) -> None:
        images = [LocalImage("sprocket-local/redis", tag, "") for tag in ("latest", "e", "d", "c", "b", "a")]
        images.insert(0, LocalImage("sprocket-local/other", "z", ""))
        assert outdated(images, "sprocket-local/redis", {"a"}) == ["sprocket-local/redis:b"]


class TestAptSources:
    def test_sites_by_suite_first_source_wins(self) -> None:
        text = "http://m/debian bookworm\nhttp://n/debian bookworm\nhttp://m/security bookworm-security\nhttp://x trixie\n"
        assert debian.parse_sites(text) == {
            "bookworm": "http://m/debian",
            "bookworm-security": "http://m/security",
        }

    def test_an_override_brings_its_security_archive(self) -> None:
        assert debian.apt_sites("http://m/debian/") == {
            "bookworm": "http://m/debian",
            "bookworm-updates": "http://m/debian",
            "bookworm-security": "http://m/debian-security",
        }

    def test_images_name_reserved_hosts_only(self) -> None:
        hosts = {line.split("/")[2] for line in debian.FILES["etc/apt/sources.list"][0].splitlines()}
        assert hosts == {gateway.APT_HOST}
        assert gateway.APT_HOST.endswith(".invalid") and gateway.WHEELS_HOST.endswith(".invalid")


class TestGateway:
    def fetch(self, proxy: str, url: str) -> bytes:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": proxy}))
        with opener.open(url, timeout=10) as answer:
            return bytes(answer.read())

    def test_apt_requests_go_to_the_mirror_of_their_suite(self) -> None:
        sites = {"bookworm": "https://m.example/debian/"}
        url = f"http://{gateway.APT_HOST}/bookworm/pool/a.deb"
        assert gateway.upstream_url(url, sites) == "https://m.example/debian/pool/a.deb"
        assert gateway.upstream_url(f"http://{gateway.APT_HOST}/sid/pool/a.deb", sites) is None
        assert gateway.upstream_url("http://example.org/bookworm/a.deb", sites) is None

    def test_wheels_are_listed_and_served(self, tmp_path: Path) -> None:
        wheel = tmp_path / "a-1-py3-none-any.whl"
        wheel.write_bytes(b"wheel")
        with gateway.serve({}, {wheel.name: wheel}) as proxy:
            assert wheel.name in self.fetch(proxy, f"http://{gateway.WHEELS_HOST}/").decode()
            assert self.fetch(proxy, f"http://{gateway.WHEELS_HOST}/{wheel.name}") == b"wheel"

    def test_a_build_reaches_nothing_else(self) -> None:
        with gateway.serve({}) as proxy, pytest.raises(urllib.error.HTTPError) as refused:
            self.fetch(proxy, "http://127.0.0.1:9/")
        refused.value.close()
        assert refused.value.code == 403


class TestOurFolders:
    def test_each_is_complete_and_in_the_plan(self) -> None:
        plan = steps(read_all(RECIPES), debian.recipe_hash())
        names = {step.recipe.name for step in plan}
        assert names >= {path.parent.name for path in RECIPES.glob("*/Dockerfile")}
        assert names >= {path.stem for path in DESCRIPTIONS.glob("*.yaml")}
        assert all(parent in {ROOT, *names} for step in plan for parent in step.recipe.parents)

    def test_requirements_are_pinned_by_hash(self) -> None:
        files = [recipe.files.get("requirements.txt") for recipe in read_all(RECIPES).values()]
        texts = [text for text in files if isinstance(text, bytes)]
        assert len(texts) == 3
        assert all(b"--hash=sha256:" in text for text in texts)


def test_the_certificate_comes_from_the_digest_whatever_the_tag_holds_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[str, ...]] = []
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        member = tarfile.TarInfo("ca.pem")
        member.size = 3
        tar.addfile(member, io.BytesIO(b"pem"))

    def docker(*words: str) -> str:
        asked.append(words)
        return "c0ffee\n"

    def run(*_: object, **__: object) -> subprocess.CompletedProcess[bytes]:
        return subprocess.CompletedProcess([], 0, archive.getvalue())

    monkeypatch.setattr(engine, "docker", docker)
    monkeypatch.setattr(subprocess, "run", run)
    entry = lock.Entry(name="r/pebble", tag="t", digest="sha256:d", stands_in_for="x", kind="stand-in")
    assert acme.read(entry) == "pem"
    assert asked == [("create", "r/pebble@sha256:d"), ("rm", "c0ffee")]


def test_everything_missing_for_a_build_is_named_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ImagesError) as caught:
        tools.require(root_image=True)
    lines = str(caught.value).splitlines()
    assert lines[0] == "images cannot be built here; missing:"
    assert lines[1:4] == [
        "  docker: the Docker engine's command line (Debian: apt-get install docker.io)",
        "  docker-registry: a registry to push to (Debian: apt-get install docker-registry)",
        "  debootstrap: makes the Debian root image (Debian: apt-get install debootstrap)",
    ]
