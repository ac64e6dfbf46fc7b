"""sprocket-engine, run for real with fakes for apt, dpkg and systemd: what an operator asks of a node's engine."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ops.nodes.engine_packages import ANSWER_S
from tests.unit.node_scene import SCRIPTS, Scene

RESTARTS = 'case $* in *docker.service) sed -n "s/^installed docker.io=\\(.*\\)-.*/\\1/p" $state/installed >$state/runs ;; esac'
PINNED = "Package: docker.io\nPin: version 20.10.*\nPin-Priority: 1001\n"


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """An engine 20.10.24 and an old containerd; the mirrors have newer ones. $state/installed is what dpkg says."""
    scene = Scene(tmp_path)
    scene.facts(HELD="docker.io docker-ce containerd runc", PACKAGES="docker.io one|two")
    (scene.root / "var/lib/sprocket/desired").mkdir(parents=True)
    preference = scene.root / "etc/apt/preferences.d/sprocket-engine"
    preference.parent.mkdir(parents=True)
    preference.write_text(PINNED)
    has(scene, **{"docker.io": "20.10.24-1", "containerd": "1.6.20-1", "runc": "1.1.5-1"})
    scene.fake("dpkg-query", "cat $state/installed")
    scene.fake("dpkg")
    scene.fake("sleep")
    scene.fake("apt-mark")
    scene.fake("docker", "cat $state/runs")
    (scene.state / "runs").write_text("20.10.24\n")
    scene.fake("systemctl", RESTARTS)
    scene.fake(
        "apt-cache",
        "case $1 in\n"
        'madison) for v in 26.1.5-2 26.1.5-1 20.10.24-1; do echo " $2 | $v | http://deb bookworm/main"; done ;;\n'
        'policy) echo "$2:"; echo "  Installed: x"; if [ $2 = runc ]; then echo "  Candidate: 1.1.5-1"; '
        'else echo "  Candidate: 1.6.20-2"; fi ;;\nesac',
    )
    scene.fake(
        "apt-get",
        "case $* in *--download-only*) ;; *' install '*) for word; do case $word in -* | *::*) ;; *=*)\n"
        'sed -i "s/^installed ${word%%=*}=.*/installed $word/" $state/installed ;; esac; done ;; esac',
    )
    return scene


def has(scene: Scene, *others: str, **packages: str) -> None:
    lines = [*others, *(f"installed {package}={version}" for package, version in packages.items())]
    (scene.state / "installed").write_text("\n".join([*lines, "config-files docker-ce=5", ""]))


def asks(scene: Scene, action: str, version: str = "26.1.*", request: str = "0123456789ab") -> None:
    (scene.root / "var/lib/sprocket/desired/engine.conf").write_text(f"{request} {action} {version}\n")


def answer(scene: Scene) -> list[str]:
    return (scene.root / "var/lib/sprocket/engine").read_text().splitlines()


def installs(scene: Scene) -> list[str]:
    return [call for call in scene.called("apt-get") if " install " in call and "--download-only" not in call]


def test_nothing_is_asked(scene: Scene) -> None:
    assert scene.run("sprocket-engine").returncode == 0
    assert not scene.calls


def test_a_download_changes_nothing_that_runs(scene: Scene) -> None:
    asks(scene, "download")
    run = scene.run("sprocket-engine")
    assert run.returncode == 0, run.stdout + run.stderr
    assert answer(scene) == [
        "0123456789ab done ",
        *("has docker.io=20.10.24-1", "has containerd=1.6.20-1", "has runc=1.1.5-1"),
        *("wants docker.io=26.1.5-2", "wants containerd=1.6.20-2", "wants runc=1.1.5-1"),
    ]
    assert scene.called("apt-get")[0].endswith(" --error-on=any update"), (
        "stale lists would say: nothing newer"
    )
    assert not installs(scene) + scene.called("systemctl")
    assert (scene.root / "etc/apt/preferences.d/sprocket-engine").read_text() == PINNED
    assert "ENGINE_VERSION='20.10.*'" in (scene.root / "etc/sprocket/node.conf").read_text()


def test_a_download_leaves_packages_alone_that_a_cut_off_installation_left(scene: Scene) -> None:
    has(scene, "half-configured docker.io=26.1.5-2", containerd="1.6.20-2", runc="1.1.5-1")
    asks(scene, "download")
    run = scene.run("sprocket-engine")
    assert run.returncode == 0, run.stdout + run.stderr
    assert not scene.called("dpkg"), "its postinst restarts an engine that nobody has drained"
    assert answer(scene) == [
        "0123456789ab done ",
        *("has docker.io=26.1.5-2", "has containerd=1.6.20-2", "has runc=1.1.5-1"),
        *("wants docker.io=26.1.5-2", "wants containerd=1.6.20-2", "wants runc=1.1.5-1"),
        "unfinished an installation was cut off: docker.io is half-configured",
    ]
    scene.fake("dpkg", "sed -i 's/^half-configured /installed /' $state/installed")
    asks(scene, "install", request="abc")
    assert scene.run("sprocket-engine").returncode == 0
    assert scene.called("dpkg") == ["dpkg --configure -a"]
    assert answer(scene)[:2] == ["abc done ", "has docker.io=26.1.5-2"]
    assert not any(line.startswith("unfinished") for line in answer(scene))


REINSTALLS = r"""case $* in *' install '*) ;; *) exit 0 ;; esac
for word; do case $word in -* | *::*) ;; *=*)
  case $* in
  *--reinstall*) also='\|half-installed'
    ! grep "^unpacked ${word%%=*}=" $state/installed || { echo "E: Internal Error, No file name for ${word%%=*}" >&2; exit 100; } ;;
  *) also='\|unpacked' ;;
  esac
  sed -i "s/^\(installed$also\) ${word%%=*}=.*/installed $word/" $state/installed ;;
esac; done"""
"""As apt 2.6.1, which leaves a package alone that is half installed in the version that it is asked for, and exits with 0."""


@pytest.mark.parametrize("left", ["20.10.24-1", "26.1.5-2"], ids=["the old version", "the new one"])
def test_a_package_that_is_half_installed_is_reinstalled_and_held_again(scene: Scene, left: str) -> None:
    """dpkg 1.21 does not take it: --configure -a leaves it, and exits with 0."""
    has(scene, f"half-installed docker.io={left}", containerd="1.6.20-2", runc="1.1.5-1")
    asks(scene, "download")
    assert scene.run("sprocket-engine").returncode == 0
    assert answer(scene) == [
        "0123456789ab done ",
        *(f"has docker.io={left}", "has containerd=1.6.20-2", "has runc=1.1.5-1"),
        *("wants docker.io=26.1.5-2", "wants containerd=1.6.20-2", "wants runc=1.1.5-1"),
        "unfinished an installation was cut off: docker.io is half-installed",
    ]
    scene.fake("apt-get", REINSTALLS)
    asks(scene, "install", request="abc")
    run = scene.run("sprocket-engine")
    assert run.returncode == 0, run.stdout + run.stderr
    assert answer(scene)[:2] == ["abc done ", "has docker.io=26.1.5-2"]
    assert not any(line.startswith("unfinished") for line in answer(scene))
    assert scene.called("apt-mark") == ["apt-mark hold docker.io containerd runc"]


def test_a_package_that_depends_on_one_that_is_half_installed_does_not_end_the_installation(
    scene: Scene,
) -> None:
    has(scene, "unpacked containerd=1.6.20-2", "half-installed runc=1.1.5-1", **{"docker.io": "26.1.5-2"})
    (scene.state / "runs").write_text("26.1.5\n")
    scene.fake("dpkg", "echo 'dpkg: dependency problems prevent configuration of containerd' >&2; exit 1")
    scene.fake("apt-get", REINSTALLS)
    asks(scene, "install")
    run = scene.run("sprocket-engine")
    assert run.returncode == 0, run.stdout + run.stderr
    assert not any(line.startswith("unfinished") for line in answer(scene))
    has(scene, "half-configured docker.io=26.1.5-2", containerd="1.6.20-2", runc="1.1.5-1")
    asks(scene, "install", request="abc")
    assert scene.run("sprocket-engine").returncode == 1
    assert answer(scene)[0].startswith("abc failed dpkg: dpkg: dependency problems")


def test_a_download_behind_a_cut_off_dpkg_leaves_that_to_the_installation(scene: Scene) -> None:
    """The words of apt 2.6.1 (apt-pkg/deb/debsystem.cc), which refuses even a download then."""
    words = "E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem. "
    scene.fake("apt-get", f'case $* in *--download-only*) echo "{words}" >&2; exit 100 ;; esac')
    asks(scene, "download")
    assert scene.run("sprocket-engine").returncode == 0
    assert answer(scene)[-1] == "unfinished an installation was cut off: dpkg was interrupted"
    assert not scene.called("dpkg")


HELD_BY = (
    "dpkg: error: dpkg frontend lock was locked by another process with pid 4711",
    "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 4711 (unattended-upgr)",
)
"""Of dpkg 1.21 and apt 2.6. After the first come two lines of advice."""


@pytest.mark.parametrize(("program", "words"), [("dpkg", HELD_BY[0]), ("apt-get", HELD_BY[1])])
def test_a_lock_of_another_apt_is_waited_for(scene: Scene, program: str, words: str) -> None:
    body = (scene.bin / program).read_text().partition("\n")[2].partition("\n")[2].partition("\n")[2]
    busy = f'[ "$(cat $state/tries 2>/dev/null | wc -l)" -ge 3 ] || {{ echo >>$state/tries; echo "{words}" >&2; echo "Note: x" >&2; exit 100; }}'
    scene.fake(program, f"{busy}\n{body}")
    asks(scene, "install")
    run = scene.run("sprocket-engine")
    assert run.returncode == 0, run.stdout + run.stderr
    assert scene.called("sleep")[:3] == ["sleep 5"] * 3 and answer(scene)[0] == "0123456789ab done "


@pytest.mark.parametrize(("program", "words"), [("dpkg", HELD_BY[0]), ("apt-get", HELD_BY[1])])
def test_a_lock_that_is_not_freed_is_told_with_who_has_it(scene: Scene, program: str, words: str) -> None:
    scene.fake("date", "echo >>$state/seconds; echo $(($(wc -l <$state/seconds) * 100))")
    scene.fake(program, f'echo "{words}" >&2; echo "Note: removing the lock is wrong" >&2; exit 100')
    asks(scene, "install")
    assert scene.run("sprocket-engine").returncode == 1
    why = f"another apt or dpkg has had the lock for 300 s: {words}; run the command again when it has ended"
    assert answer(scene)[0] == f"0123456789ab failed {why}"
    assert 1 <= len(scene.called("sleep")) <= 4


def test_an_installation_restarts_the_engine_once_and_pins_the_version(scene: Scene) -> None:
    asks(scene, "install")
    run = scene.run("sprocket-engine")
    assert run.returncode == 0, run.stdout + run.stderr
    assert [line for line in answer(scene) if line.startswith("has")] == [
        "has docker.io=26.1.5-2",
        "has containerd=1.6.20-2",
        "has runc=1.1.5-1",
    ]
    (installed,) = installs(scene)
    assert installed.endswith(" docker.io=26.1.5-2 containerd=1.6.20-2 runc=1.1.5-1")
    assert scene.called("systemctl") == [
        "systemctl restart containerd.service",
        "systemctl restart docker.service",
    ]
    assert scene.called("apt-mark") == ["apt-mark hold docker.io containerd runc"]
    assert "Pin: version 26.1.*\n" in (scene.root / "etc/apt/preferences.d/sprocket-engine").read_text()
    facts = (scene.root / "etc/sprocket/node.conf").read_text()
    assert facts.count("ENGINE_VERSION=") == 1 and "ENGINE_VERSION='26.1.*'" in facts


def test_an_answered_request_is_not_carried_out_again_and_one_that_was_cut_off_is(scene: Scene) -> None:
    asks(scene, "install")
    scene.run("sprocket-engine")
    scene.log.write_text("")
    assert scene.run("sprocket-engine").returncode == 0
    assert not scene.calls
    (scene.root / "var/lib/sprocket/engine").write_text("0123456789ab running \n")
    assert scene.run("sprocket-engine").returncode == 0
    assert answer(scene)[0] == "0123456789ab done " and not scene.called("systemctl"), (
        "all was installed already"
    )


@pytest.mark.parametrize("service", ["containerd.service", "docker.service"])
def test_a_restart_that_failed_is_told_by_the_next_download_and_done_by_the_next_installation(
    scene: Scene, service: str
) -> None:
    scene.fake("systemctl", f"case $* in *{service}) echo 'Job failed' >&2; exit 1 ;; esac")
    asks(scene, "install")
    assert scene.run("sprocket-engine").returncode == 1
    assert answer(scene)[0].startswith("0123456789ab failed systemctl: Job failed")
    scene.fake("systemctl", RESTARTS)
    scene.log.write_text("")
    asks(scene, "download", request="aaa")
    assert scene.run("sprocket-engine").returncode == 0
    assert answer(scene)[-1] == "unfinished the engine was not restarted after an installation"
    assert not scene.called("systemctl")
    asks(scene, "install", request="bbb")
    assert scene.run("sprocket-engine").returncode == 0
    assert len(scene.called("systemctl")) == 2 and not installs(scene)
    asks(scene, "download", request="ccc")
    scene.run("sprocket-engine")
    assert not any(line.startswith("unfinished") for line in answer(scene))


@pytest.mark.parametrize(
    ("installed", "runs", "told"),
    [
        ("20.10.24+dfsg1-1+deb12u1+b2", "20.10.24+dfsg1", ""),
        ("5:27.0.3-1~debian.12~bookworm", "27.0.3", ""),
        ("26.1.5+dfsg1-9", "26.1.5", ""),
        (
            "20.10.24+dfsg1-1",
            "20.10.5+dfsg1",
            "the engine that runs is 20.10.5+dfsg1, and 20.10.24 is installed",
        ),
        ("20.10.24-1", "", "the engine that runs is none, and 20.10.24 is installed"),
    ],
)
def test_an_engine_that_runs_another_version_than_installed(
    scene: Scene, installed: str, runs: str, told: str
) -> None:
    has(scene, **{"docker.io": installed, "containerd": "1.6.20-2"})
    (scene.state / "runs").write_text(f"{runs}\n")
    asks(scene, "download")
    assert scene.run("sprocket-engine").returncode == 0
    assert [line for line in answer(scene) if line.startswith("unfinished")] == (
        [f"unfinished {told}"] if told else []
    )


def test_a_request_that_systemd_has_ended_is_answered(scene: Scene) -> None:
    told = scene.root / "var/lib/sprocket/engine"
    assert scene.run("sprocket-engine", "ended").returncode == 0 and not told.exists()
    told.write_text("0123456789ab running \n")
    scene.extra["SERVICE_RESULT"] = "timeout"
    assert scene.run("sprocket-engine", "ended").returncode == 0
    assert answer(scene)[0] == "0123456789ab failed it was cut off: timeout (journalctl -u sprocket-engine)"
    assert not scene.called("docker"), "an engine that hangs takes all the time that systemd gives"
    told.write_text("0123456789ab done \n")
    scene.run("sprocket-engine", "ended")
    assert answer(scene) == ["0123456789ab done "]


def test_every_question_to_the_engine_has_a_time_limit(scene: Scene) -> None:
    scene.fake("timeout", 'shift; exec "$@"')
    scene.fake("date", "echo >>$state/seconds; echo $(($(wc -l <$state/seconds) * 50))")
    scene.fake("docker", "exit 1")
    asks(scene, "install")
    assert scene.run("sprocket-engine").returncode == 1
    why = "the engine does not answer 120 s after its restart (journalctl -u docker)"
    assert answer(scene)[0] == f"0123456789ab failed {why}"
    assert 1 < len(scene.called("docker")) == len(scene.called("timeout"))


def test_whoever_asks_waits_for_longer_than_the_service_may_run() -> None:
    """Starting, SIGTERM, SIGKILL and ExecStopPost each have their time."""
    unit = (SCRIPTS.parent / "units" / "sprocket-engine.service").read_text()
    seconds = {"min": 60, "s": 1}
    start, stop = (
        int(number) * seconds[of]
        for key in ("Start", "Stop")
        for number, of in re.findall(rf"^Timeout{key}Sec=(\d+)(min|s)$", unit, re.MULTILINE)
    )
    assert start + 3 * stop < ANSWER_S
    assert "ExecStopPost=/usr/local/sbin/sprocket-engine ended" in unit


def test_a_version_that_no_mirror_has(scene: Scene) -> None:
    asks(scene, "download", version="27.*")
    assert scene.run("sprocket-engine").returncode == 1
    assert answer(scene)[0] == "0123456789ab failed the mirrors have no docker.io 27.*"


def test_apt_that_fails_leaves_the_pin(scene: Scene) -> None:
    scene.fake("apt-get", 'case $* in *install*) echo "E: Unmet dependencies" >&2; exit 100 ;; esac')
    asks(scene, "install")
    assert scene.run("sprocket-engine").returncode == 1
    why = "0123456789ab failed apt-get: E: Unmet dependencies (journalctl -u sprocket-engine)"
    assert answer(scene)[0] == why
    assert (scene.root / "etc/apt/preferences.d/sprocket-engine").read_text() == PINNED


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0123456789ab install\n", "version '' is not allowed"),
        ("0123456789ab remove 1\n", "action 'remove' is not allowed"),
        ("0123456789ab install 1 2\n", "version '1 2' is not allowed"),
        ("0123456789ab install 1/../$(id)\n", "version '1/../$(id)' is not allowed"),
        ("0123456789ab install -o=x\n", "version '-o=x' is not allowed"),
        (r"0123456789ab install 1\nhas" + "\n", r"version '1\nhas' is not allowed"),
        ("x install 1\n", "request 'x' is not allowed"),
        ("\n", "request '' is not allowed"),
    ],
)
def test_another_request_is_refused_whole(scene: Scene, text: str, words: str) -> None:
    (scene.root / "var/lib/sprocket/desired/engine.conf").write_text(text)
    run = scene.run("sprocket-engine")
    assert run.returncode == 1 and words in run.stdout and "changed nothing" in run.stdout
    assert not [call for name in ("apt-get", "dpkg", "apt-mark", "systemctl") for call in scene.called(name)]
    told = scene.root / "var/lib/sprocket/engine"
    if text.startswith("0123456789ab "):
        assert answer(scene)[0] == f"0123456789ab failed {words}; changed nothing"
    else:
        assert not told.exists(), "nobody asked by such a name"
