"""Images: pinned, and spelled as the engine reads them back."""

import pytest
from sprocket_constructs import UNRESOLVED, Image, version_in

DIGEST = f"sha256:{'0123456789abcdef' * 4}"


def test_the_reference_has_name_tag_and_digest() -> None:
    image = Image(name="ghcr.io/example/core", tag="v1", digest=DIGEST)
    assert image.reference == f"ghcr.io/example/core:v1@{DIGEST}"
    assert str(image) == image.reference
    assert image.is_resolved
    assert image.lacks == frozenset()


def test_a_digest_that_nobody_looked_up_is_unresolved_and_says_so() -> None:
    image = Image(name="redis", tag="8")
    assert image.digest == UNRESOLVED == "unresolved"
    assert image.reference == "redis:8@unresolved"
    assert not image.is_resolved


@pytest.mark.parametrize(
    ("name", "familiar"),
    [
        ("docker.io/library/redis", "redis"),
        ("docker.io/grafana/loki", "grafana/loki"),
        ("index.docker.io/library/redis", "redis"),
        ("library/redis", "redis"),
    ],
)
def test_trap_an_image_that_is_not_in_familiar_form_would_differ_in_every_plan(
    name: str, familiar: str
) -> None:
    with pytest.raises(ValueError, match="image") as caught:
        Image(name=name, tag="8", digest=DIGEST)
    assert str(caught.value) == (
        f"image {name}: the engine reads this back as {familiar} and every plan would differ; "
        f"write {familiar}"
    )


@pytest.mark.parametrize(
    "name", ["redis", "grafana/loki", "ghcr.io/library/redis", "127.0.0.1:5000/library/x"]
)
def test_familiar_names_and_other_registries_are_fine(name: str) -> None:
    assert Image(name=name, tag="8").name == name


@pytest.mark.parametrize(
    "digest", ["", "latest", "sha256:", f"sha256:{'A' * 64}", f"sha512:{'a' * 64}", "a" * 64]
)
def test_anything_but_a_full_digest_is_refused(digest: str) -> None:
    with pytest.raises(ValueError, match="digest") as caught:
        Image(name="redis", tag="8", digest=digest)
    assert (
        str(caught.value)
        == f"image redis:8: digest {digest!r} is neither sha256:<64 hex digits> nor unresolved"
    )


@pytest.mark.parametrize(
    ("tag", "version"),
    [
        ("17.11-alpine", "17.11"),
        ("17", "17"),
        ("v3.7.15", "3.7.15"),
        ("4.0.9-management-alpine", "4.0.9"),
        ("RELEASE.2026-09-16T00-00-00Z", "2026-09-16T00-00-00Z"),
        ("RELEASE.2026-09-16T00-00-00Z.hotfix.1", "2026-09-16T00-00-00Z"),
        ("latest", ""),
        ("sha-eeb043b32dc4792e60f07bb8bce23defa51327e0", ""),
        ("534a6415a558", ""),
        ("123456789012", ""),
    ],
)
def test_the_version_in_a_tag(tag: str, version: str) -> None:
    assert version_in(tag) == version


@pytest.mark.parametrize(
    ("tag", "version", "known"),
    [
        ("17.11-alpine", "", "17.11"),
        ("2ff897982a66", "17.11", "17.11"),
        ("2ff897982a66", "Valkey 9.1.2", "Valkey 9.1.2"),
        ("latest", "", f"latest@{DIGEST}"),
    ],
)
def test_what_is_known_of_the_program(tag: str, version: str, known: str) -> None:
    image = Image(name="127.0.0.1:5000/sprocket/postgres", tag=tag, digest=DIGEST, version=version)
    assert (image.program, image.program_version) == ("postgres", known)
