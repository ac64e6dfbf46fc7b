"""Files that pg_dump wrote, and files that it did not."""

import gzip
from pathlib import Path

import pytest

from ops.database.dump import dump_at
from ops.errors import OpsError, WrongUse

PLAIN = Path(__file__).resolve().parents[1] / "live/data/made-up-league.sql"


def integer(value: int) -> bytes:
    """As an archive has it: a byte for the sign, then four of the number."""
    return b"\0" + value.to_bytes(4, "little")


def archive(*, minor: int = 14, format_: int = 1, server: bytes = b"17.11") -> bytes:
    """The header of an archive, as pg_backup_archiver.c writes it; compared with a real one of Postgres 15.14."""
    compression = b"\1" if minor >= 15 else integer(0xFFFFFFFF)
    texts = b"".join(integer(len(text)) + text for text in (b"league", server, b"17.11"))
    return b"PGDMP" + bytes([1, minor, 0, 4, 8, format_]) + compression + integer(0) * 7 + texts


def test_a_plain_dump_is_read_to_its_end() -> None:
    dump = dump_at(PLAIN)
    assert (dump.kind, dump.version) == ("plain", 15)
    assert b"".join(chunk for chunk, _ in dump.chunks()) == PLAIN.read_bytes()


def test_a_dump_may_be_compressed(tmp_path: Path) -> None:
    file = tmp_path / "league.sql.gz"
    file.write_bytes(gzip.compress(PLAIN.read_bytes()))
    dump = dump_at(file)
    assert (dump.kind, dump.version) == ("plain", 15)
    chunks = list(dump.chunks())
    assert b"".join(chunk for chunk, _ in chunks) == PLAIN.read_bytes()
    assert chunks[-1][1] == dump.bytes_on_disk


@pytest.mark.parametrize("minor", [14, 15, 16])
def test_an_archive_says_its_version(tmp_path: Path, minor: int) -> None:
    file = tmp_path / "league.dump"
    file.write_bytes(archive(minor=minor))
    dump = dump_at(file)
    assert (dump.kind, dump.version) == ("custom", 17)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (
            b"-- PostgreSQL database cluster dump\n" + PLAIN.read_bytes(),
            "is a dump of a whole server by pg_dumpall",
        ),
        (b"toc.dat\0\0\0", "is a dump in pg_dump's format tar"),
        (archive(format_=3), "is an archive of pg_dump, but not in the format custom"),
        (archive()[:60], "is an archive of pg_dump with a header that cannot be read"),
        (b"CREATE TABLE a ();\n", "was not written by pg_dump"),
        (b"", "was not written by pg_dump"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, content: bytes, what: str) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    with pytest.raises(WrongUse) as error:
        dump_at(file)
    assert str(error.value) == (
        f"{file} {what}\n  make one with pg_dump --no-owner --no-acl (plain), or pg_dump --format=custom; gzip is fine"
    )


def test_a_folder_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="is a folder, a dump in pg_dump's format directory"):
        dump_at(tmp_path)
    with pytest.raises(WrongUse, match=r"none does not exist\n  name the file of the dump"):
        dump_at(tmp_path / "none")


@pytest.mark.parametrize("level", [0, 9])
def test_a_broken_compressed_dump_is_refused(tmp_path: Path, level: int) -> None:
    """Where the bytes change decides which of three kinds of error Python has for it."""
    whole = gzip.compress(PLAIN.read_bytes(), level)
    for at in range(10, len(whole), len(whole) // 50):
        file = tmp_path / "league.sql.gz"
        file.write_bytes(whole[:at] + bytes(byte ^ 0x5A for byte in whole[at : at + 8]) + whole[at + 8 :])
        with pytest.raises(
            OpsError, match=r"cannot be read|is incomplete or damaged|was not written by pg_dump"
        ):
            list(dump_at(file).chunks())


def test_a_dump_that_ends_early_is_said_to(tmp_path: Path) -> None:
    file = tmp_path / "league.sql"
    file.write_bytes(PLAIN.read_bytes()[:1500])
    with pytest.raises(
        OpsError, match=r"is incomplete or damaged: pg_dump's last line is missing; the database is unchanged"
    ):
        list(dump_at(file).chunks())
