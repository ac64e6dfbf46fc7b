"""No content of any file ends in a traceback: each ends in settings, or in problems with a path and a fix."""

from __future__ import annotations

import copy
import io
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from layers.errors import SettingsError
from layers.images import LOCK, read_lock
from layers.loading import ENVIRONMENTS, environment_names, load_environment, load_resources

SEED = 20261127
"""Fixed, so that a failure can be repeated; another finds others."""

ROUNDS = 25
"""Of each kind for each file."""

PIECES = (
    *(b"\x00", b"\xff", b"\t", b"&a ", b"*a", b"? ", b"- ", b"[", b"{", b"}", b": ", b"|", b">", b"@", b"`", b"%YAML 9.9\n"),
    *(b"!!set ", b"!!omap ", b"!!binary ", b"!!float x", b"!!int x", b"!!timestamp x", b"!!python/object:x "),
    *(b"---\n", b"<<: ", b"2026-99-99", b"0x" + b"f" * 6000, b"1" * 5000, b"\xef\xbb\xbf", "\u2028".encode()),
)  # fmt: skip
ODD: tuple[Any, ...] = (
    *(None, True, 0, -1, 10**30, 2**300, 3.5, float("inf"), float("nan"), [], [[]], [1, "a", None], {}, {"a": 1}),
    *("", " ", "é", "x" * 5000, "9" * 5000, "9" * 30 + "GiB", "-1s", "https://A.example.com:443/x", "[::1", "a@b@c"),
    *("ssh-ed25519 AAAA x", "sha256:x", "../../etc/passwd", "${x}", "{{ x }}", "rehearsal", "like"),
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copied = tmp_path_factory.mktemp("fuzz") / "environments"
    shutil.copytree(ENVIRONMENTS, copied)
    shutil.copy(LOCK, copied / "images.lock")
    return copied


def readers(folder: Path) -> dict[str, tuple[Path, Callable[[], object]]]:
    """Every kind of file that people write, and what reads it."""
    found: dict[str, tuple[Path, Callable[[], object]]] = {
        name: (folder / f"{name}.yaml", lambda name=name: load_environment(name, folder))  # type: ignore[misc]
        for name in environment_names(folder)
    }
    found["table"] = (folder / "resources" / "small.yaml", lambda: load_resources("small", folder))
    found["lock"] = (folder / "images.lock", lambda: read_lock(folder / "images.lock"))
    return found


def spoilt_bytes(data: bytes, chance: random.Random) -> bytes:
    """A few bytes changed, left out, put in or repeated."""
    spoilt = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 5))):
        place = chance.randrange(len(spoilt))
        match chance.randrange(4):
            case 0:
                spoilt[place] = chance.randrange(256)
            case 1:
                del spoilt[place : place + chance.randrange(1, 20)]
            case 2:
                spoilt[place:place] = chance.choice(PIECES)
            case _:
                spoilt += spoilt[place : place + 40]
    return bytes(spoilt)


def paths(value: object, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if above:
        yield above
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield from paths(value[key], (*above, key))  # type: ignore[index]


def swapped(data: bytes, chance: random.Random) -> bytes:
    """One value anywhere replaced by one of another kind, taken out, or moved under another key."""
    document = YAML(typ="safe").load(data.decode())
    *parents, last = chance.choice(list(paths(document)))
    holder = document
    for parent in parents:
        holder = holder[parent]
    match chance.randrange(8):
        case 0:
            del holder[last]
        case 1 if isinstance(holder, dict):
            holder[chance.choice(("x", 5, None, f"{last}s"))] = holder.pop(last)
        case _:
            holder[last] = copy.deepcopy(chance.choice(ODD))
    text = io.StringIO()
    yaml = YAML(typ="safe")
    yaml.dump(document, text)
    return text.getvalue().encode()


@pytest.mark.parametrize("change", [spoilt_bytes, swapped])
def test_no_content_ends_in_a_traceback(
    folder: Path, change: Callable[[bytes, random.Random], bytes]
) -> None:
    chance = random.Random(SEED)
    refused = 0
    for name, (file, read) in readers(folder).items():
        original = file.read_bytes()
        for _ in range(ROUNDS):
            spoilt = change(original, chance)
            file.write_bytes(spoilt)
            try:
                read()
            except SettingsError as error:
                refused += 1
                for problem in error.problems:
                    assert problem.path and problem.problem and problem.fix, f"{name}: {problem}"
                    assert len(str(problem)) < 3000 and "\n" not in str(problem), f"{name}: {problem}"
            except Exception as error:
                pytest.fail(f"{name}: {type(error).__name__}: {error}\nafter reading {spoilt[:2000]!r}")
            finally:
                file.write_bytes(original)
    assert refused > ROUNDS, "hardly anything was refused: the changes no longer change anything"
