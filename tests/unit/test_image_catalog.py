"""Which image a service gets, and what a lock may not say."""

from pathlib import Path

import pytest
from pydantic import ValidationError
from sprocket_constructs import UNRESOLVED

from layers.errors import SettingsError
from layers.images import LOCK as LOCK_FILE
from layers.images import ImageCatalog, read_lock
from layers.loading import load_environment
from layers.settings.environment import Environment
from layers.settings.images import ImagePin, Images

DIGEST = "sha256:" + "ab" * 32
OTHER = "sha256:" + "cd" * 32

LOCK = f"""
images:
  redis: {{name: redis, tag: "8", digest: "{DIGEST}", lacks: [json]}}
  nothing: {{tag: "1", digest: "{DIGEST}"}}
application:
  rabbitmq:
    namespace: ghcr.io/sprocketbot
    until: 2026-05-17
    images: {{web: {{tag: sha-1, digest: "{DIGEST}", source: bom 2026-05-11}}, core: {{tag: sha-0, unconfirmed: true}}}}
promoted:
  staging: {{web: {{tag: sha-2, digest: "{OTHER}"}}}}
  staging/dev: {{web: {{tag: sha-3}}}}
"""


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    file = tmp_path / "images.lock.yaml"
    file.write_text(LOCK)
    return file


def catalog(lock: Path, environment: str = "prod", **overrides: ImagePin) -> ImageCatalog:
    settings = load_environment(environment)
    images = Images(source="lock", overrides=overrides)
    return ImageCatalog(Environment.model_construct(**{**settings.__dict__, "images": images}), lock=lock)


def test_an_image_comes_from_the_lock_with_what_it_lacks(lock: Path) -> None:
    image = catalog(lock).image("redis")
    assert image.reference == f"redis:8@{DIGEST}"
    assert image.lacks == {"json"}


def test_an_application_image_takes_the_namespace_of_its_line(lock: Path) -> None:
    assert catalog(lock).image("web").reference == f"ghcr.io/sprocketbot/web:sha-1@{DIGEST}"


def test_a_digest_nobody_looked_up_stays_unresolved(lock: Path) -> None:
    assert catalog(lock).image("core").reference == "ghcr.io/sprocketbot/core:sha-0@unresolved"


def test_promotion_to_an_environment_goes_before_the_line_and_to_an_instance_before_that(lock: Path) -> None:
    images = catalog(lock, "staging")
    assert images.image("web").tag == "sha-2"
    assert images.image("web", instance="staging").tag == "sha-2"
    assert images.image("web", instance="dev").tag == "sha-3"


def test_an_override_in_the_environment_goes_before_everything(lock: Path) -> None:
    pin = ImagePin(name="127.0.0.1:5000/mine", tag="x", digest=OTHER)
    assert (
        catalog(lock, "staging", web=pin).image("web", instance="dev").reference
        == f"127.0.0.1:5000/mine:x@{OTHER}"
    )


@pytest.mark.parametrize(
    ("written", "asked", "words"),
    [
        (
            ("{web:", "{wbe:"),
            ("web", "main"),
            "application/rabbitmq/images: there is no image 'web', and a service runs it; images here are core, wbe; "
            "add it, or rename wbe to web, if that is it",
        ),
        (
            ("  rabbitmq:", "  rabbitmqq:"),
            ("web", "main"),
            "application/rabbitmq: is missing, and prod.yaml: platform/line names it; "
            "add it, or rename rabbitmqq to rabbitmq, if that is it",
        ),
        (
            ("  redis:", "  rediss:"),
            ("redis", None),
            "images: there is no image 'redis', and a service runs it; images here are nothing, rediss; "
            "add it, or rename rediss to redis, if that is it",
        ),
        (
            ("  redis:", "  dgrpah:"),
            ("dgraph", "main"),
            "images: there is no image 'dgraph', and a service runs it; images here are dgrpah, nothing; "
            "add it, or rename dgrpah to dgraph, if that is it",
        ),
        (
            ("", ""),
            ("quite-another", "main"),
            "application/rabbitmq/images: there is no image 'quite-another', and a service runs it; "
            "images here are core, web; add it",
        ),
    ],
)
def test_an_image_that_is_missing_says_where_and_what_may_have_been_meant(
    lock: Path, written: tuple[str, str], asked: tuple[str, str | None], words: str
) -> None:
    """A service's name for its image is right: the lock's is the typo."""
    lock.write_text(LOCK.replace(*written, 1))
    name, instance = asked
    with pytest.raises(SettingsError) as caught:
        catalog(lock).image(name, instance=instance)
    assert str(caught.value) == f"images.lock.yaml: {words}"


def test_an_override_with_a_made_up_digest_is_refused() -> None:
    with pytest.raises(
        ValidationError,
        match=r"'latest' is not a digest; use sha256: .*; copy it again, or let python -m ops images resolve",
    ):
        ImagePin(name="mine", tag="x", digest="latest")


def test_a_long_form_name_in_the_lock_is_refused(lock: Path) -> None:
    lock.write_text(LOCK.replace("name: redis,", "name: docker.io/library/redis,"))
    with pytest.raises(
        SettingsError,
        match=r"^images\.lock\.yaml: images/redis/name: 'docker\.io/library/redis' is .* write redis$",
    ):
        catalog(lock).image("redis")


def test_an_unknown_key_in_the_lock_is_refused(lock: Path) -> None:
    lock.write_text(LOCK.replace("lacks: [json]", "lakcs: [json], tga: a, other: b"))
    with pytest.raises(SettingsError) as caught:
        catalog(lock)
    assert str(caught.value).splitlines() == [
        "images.lock.yaml: images/redis/lakcs: is not a setting; did you mean lacks?",
        "images.lock.yaml: images/redis/tga: is not a setting; did you mean tag?",
        "images.lock.yaml: images/redis/other: is not a setting; known here: name, tag, digest, source, unconfirmed, lacks, "
        "stands_in_for, kind, version",
    ]


def test_an_image_without_a_tag_of_its_own_is_refused(lock: Path) -> None:
    lock.write_text(LOCK.replace("tag: sha-0, ", ""))
    with pytest.raises(
        SettingsError,
        match=r"^images\.lock\.yaml: application/rabbitmq/images/core/tag: is missing; add it$",
    ):
        catalog(lock)


@pytest.mark.parametrize("source", ["bom", "somebody 2026-05-11", "bom yesterday", "2026-05-11"])
def test_a_source_that_does_not_say_who_and_when_is_refused(lock: Path, source: str) -> None:
    lock.write_text(LOCK.replace("bom 2026-05-11", source))
    with pytest.raises(SettingsError, match=r"images\.lock\.yaml: application/rabbitmq/images/web/source: "):
        catalog(lock)


def test_a_source_of_no_digest_is_refused(lock: Path) -> None:
    lock.write_text(LOCK.replace("unconfirmed: true", "source: pins 2026-11-27"))
    with pytest.raises(SettingsError) as caught:
        catalog(lock)
    assert str(caught.value) == (
        "images.lock.yaml: application/rabbitmq/images/core: has a source (pins 2026-11-27) but no digest; "
        "give the digest, or remove the source"
    )


def test_every_digest_of_the_lock_says_who_said_so() -> None:
    lock = read_lock(LOCK_FILE)
    entries = {**lock.images, **{k: v for line in lock.application.values() for k, v in line.images.items()}}
    assert {
        name for name, entry in entries.items() if entry.digest != UNRESOLVED and not entry.source
    } == set()
    assert "elo-service" not in entries, "nobody publishes one"


def test_packages_that_are_not_built_yet_are_unresolved(tmp_path: Path) -> None:
    images = ImageCatalog(load_environment("local"), packages_lock=tmp_path / "missing.yaml")
    assert images.image("redis").reference == "127.0.0.1:5000/sprocket/redis:not-built@unresolved"
