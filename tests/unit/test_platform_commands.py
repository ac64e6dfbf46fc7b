"""How the programs of the application are started, and how they are asked to leave."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from layers.platform.node_service import node_command
from tests.stacks.synthesis import declared, service, text_at


@pytest.mark.skipif(shutil.which("sh") is None, reason="needs a POSIX shell")
@pytest.mark.parametrize("drain", [0, 1])
def test_the_command_passes_sigterm_on(drain: int, tmp_path: Path) -> None:
    """A stand-in for node leaves a note when it is asked to leave; sleeping, it would take 30 s."""
    node = tmp_path / "node"
    note = tmp_path / "left"
    node.write_text(
        f"#!/bin/sh\ntrap 'echo $NODE_OPTIONS > {note}; exit 0' TERM\ntouch {tmp_path}/up\nsleep 30 &\nwait $!\n"
    )
    node.chmod(0o755)
    command = node_command("x.js", {"NODE_OPTIONS": "--max-old-space-size=1"}, drain=drain)
    shell = subprocess.Popen(["sh", *command[1:]], env={"PATH": f"{tmp_path}:/usr/bin:/bin"})
    try:
        wait_for(tmp_path / "up")
        asked = time.monotonic()
        shell.send_signal(signal.SIGTERM)
        shell.wait(timeout=10)
        took = time.monotonic() - asked
    finally:
        shell.kill()
    assert note.read_text() == "--max-old-space-size=1\n"
    assert drain <= took < drain + 3


def test_the_command_ends_as_node_ends(tmp_path: Path) -> None:
    node = tmp_path / "node"
    node.write_text("#!/bin/sh\nexit 7\n")
    node.chmod(0o755)
    command = node_command("x.js", {})
    run = subprocess.run(
        ["sh", *command[1:]], env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, timeout=10, check=False
    )
    assert run.returncode == 7


def test_web_leaves_within_half_of_its_grace() -> None:
    web = service(declared("local"), "web")
    assert "trap 'sleep 6; kill -TERM $!; wait $!' TERM INT" in web.command[-1]
    assert web.stop.grace == "30s"


def wait_for(path: Path) -> None:
    for _ in range(100):
        if path.exists():
            return
        time.sleep(0.05)
    raise AssertionError(f"{path} did not appear")


def test_the_migration_runs_the_image_of_core_so_a_new_image_migrates_again() -> None:
    stack = declared("local")
    assert service(stack, "migration").image == service(stack, "core").image


def test_the_migration_is_well_only_when_it_is_done() -> None:
    migration = service(declared("local"), "migration")
    assert migration.health.test == ("CMD", "test", "-f", "/tmp/migrated")
    assert migration.command == ("/bin/sh", "/app/core/migrate.sh")


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """The migration's script, at home in a temporary directory."""
    core = tmp_path / "core"
    core.mkdir()
    text = text_at(declared("local"), "migration", "/app/core/migrate.sh")
    text = text.replace("cd /app ", f"cd {tmp_path} ").replace("/tmp/migrated", f"{tmp_path}/migrated")
    (core / "migrate.sh").write_text(text)
    (core / "migration.env").write_text(text_at(declared("local"), "migration", "/app/core/migration.env"))
    (tmp_path / "node").write_text(
        '#!/bin/sh\necho "node $* ssl=$DB_SSL, $SCHEMAS, $SEED"\nexit ${node_status:-0}\n'
    )
    # Outside of a container a sleeping child outlives the script, and holds its output open.
    (tmp_path / "sleep").write_text("#!/bin/sh\nexec /bin/sleep 1\n")
    for program in ("node", "sleep"):
        (tmp_path / program).chmod(0o755)
    return core / "migrate.sh"


def _start(script: Path, **environment: str) -> subprocess.Popen[str]:
    path = f"{script.parent.parent}:/usr/bin:/bin"
    return subprocess.Popen(
        ["sh", str(script)],
        env={"PATH": path, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_migration_migrates_and_stays(script: Path) -> None:
    run = _start(script)
    try:
        wait_for(script.parent.parent / "migrated")
        run.send_signal(signal.SIGTERM)
        out, _ = run.communicate(timeout=5)
    finally:
        run.kill()
    assert run.returncode == 0
    assert out.splitlines() == [
        "node core/migrate.cjs ssl=false, sprocket,mledb,history,mledb_bridge,data_science, "
        "python -m ops seed --env local --instance main --from DUMP",
        "migration: done",
    ]


def test_a_failed_migration_ends_the_task_with_the_reason(script: Path) -> None:
    run = _start(script, node_status="3")
    _, err = run.communicate(timeout=10)
    assert run.returncode == 3
    assert err.strip() == (
        "migration: failed with status 3; the reason is above. Core keeps its present version."
    )
    assert not (script.parent.parent / "migrated").exists()
