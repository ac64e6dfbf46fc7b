"""The root of all images: a minimal Debian made by debootstrap from the archive that apt on this machine uses."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from images.builder.errors import ImagesError
from images.builder.gateway import APT_HOST, WHEELS_HOST
from images.builder.paths import cache_dir

SUITE = "bookworm"
SUITES = (SUITE, f"{SUITE}-updates", f"{SUITE}-security")
_WHY_NO_START = "#!/bin/sh\n# Packages must not start their services while an image is built.\nexit 101\n"
_INSTALL = """#!/bin/sh
# install-packages NAME...: apt-get install without recommendations and without leftovers, for one RUN line.
set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -qq --no-install-recommends -o Dpkg::Use-Pty=0 "$@"
rm -rf /var/lib/apt/lists/* /var/log/apt /var/log/dpkg.log /var/log/alternatives.log
"""
FILES: dict[str, tuple[str, int]] = {
    "etc/apt/sources.list": (
        "".join(f"deb http://{APT_HOST}/{suite} {suite} main\n" for suite in SUITES),
        0o644,
    ),
    "etc/apt/apt.conf.d/80image": (
        'APT::Install-Recommends "false";\nAcquire::Languages "none";\nAcquire::Retries "2";\n'
        'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb"; };\n'
        'Dir::Cache::pkgcache "";\nDir::Cache::srcpkgcache "";\n',
        0o644,
    ),
    "etc/dpkg/dpkg.cfg.d/80image": (
        "path-exclude=/usr/share/doc/*\npath-include=/usr/share/doc/*/copyright\n"
        "path-exclude=/usr/share/man/*\npath-exclude=/usr/share/locale/*\nforce-unsafe-io\n",
        0o644,
    ),
    "etc/pip.conf": (
        f"[global]\nno-index = true\nfind-links = http://{WHEELS_HOST}/\ntrusted-host = {WHEELS_HOST}\n"
        "break-system-packages = true\nno-cache-dir = true\nroot-user-action = ignore\n"
        "disable-pip-version-check = true\n",
        0o644,
    ),
    "usr/sbin/policy-rc.d": (_WHY_NO_START, 0o755),
    "usr/local/sbin/install-packages": (_INSTALL, 0o755),
}
_EMPTIED = ("var/lib/apt/lists", "var/cache/apt", "usr/share/man", "usr/share/locale", "var/log")


def recipe_hash() -> str:
    """Short hash over all that decides the content of the root image, the archive's state of the day left out."""
    text = repr((SUITE, sorted(FILES.items()), _EMPTIED))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def parse_sites(text: str) -> dict[str, str]:
    """Archive per suite from lines `<site> <release>`; the first source of a suite wins, as it does in apt."""
    sites: dict[str, str] = {}
    for line in text.splitlines():
        site, _, release = line.partition(" ")
        if release in SUITES:
            sites.setdefault(release, site)
    return sites


def apt_sites(mirror: str | None = None) -> dict[str, str]:
    """Which archive carries each suite, asked of apt itself; `mirror` (or SPROCKET_DEBIAN_MIRROR) overrides it.

    An override names the main archive; its security suite is expected beside it, as `<mirror>-security`.
    """
    mirror = mirror or os.environ.get("SPROCKET_DEBIAN_MIRROR")
    if mirror:
        return _beside(mirror.rstrip("/"))
    command = ["apt-get", "indextargets", "--format", "$(SITE) $(RELEASE)", "Created-By: Packages"]
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    except FileNotFoundError:
        run = subprocess.CompletedProcess(command, 1, "", "")
    sites = parse_sites(run.stdout)
    if SUITE not in sites:
        raise ImagesError(
            f"no source of Debian {SUITE} found: apt on this machine lists none for it\n"
            "  give one: SPROCKET_DEBIAN_MIRROR=<address of a Debian archive, ending in /debian>"
        )
    return _beside(sites[SUITE]) | sites


def _beside(main: str) -> dict[str, str]:
    return {suite: f"{main}-security" if suite.endswith("-security") else main for suite in SUITES}


def import_root(tag: str, sites: dict[str, str], say: Callable[[str], None]) -> None:
    """Make the root file system (about 40 s) and hand it to the engine as image `tag`."""
    with tempfile.TemporaryDirectory(prefix="debian-", dir=cache_dir()) as work:
        root = Path(work) / "root"
        say(f"debootstrap {SUITE}")
        log = Path(work) / "debootstrap.log"
        with log.open("w") as out:
            run = subprocess.run(
                ["debootstrap", "--variant=minbase", SUITE, str(root), sites[SUITE]],
                stdout=out, stderr=subprocess.STDOUT, timeout=1800, check=False,
            )  # fmt: skip
        if run.returncode:
            tail = "\n  ".join(log.read_text(errors="replace").splitlines()[-12:])
            raise ImagesError(f"debootstrap {SUITE} from {sites[SUITE]} failed ({run.returncode}):\n  {tail}")
        _furnish(root)
        say("docker import")
        _import(root, tag)


def _furnish(root: Path) -> None:
    for name in _EMPTIED:
        for child in (root / name).iterdir():
            shutil.rmtree(child) if child.is_dir() and not child.is_symlink() else child.unlink()
    for name, (text, mode) in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
    for name in ("etc/resolv.conf", "etc/hostname"):  # debootstrap copies these from the host
        (root / name).unlink(missing_ok=True)


def _import(root: Path, tag: str) -> None:
    changes = [
        "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "ENV LANG=C.UTF-8",
        'CMD ["bash"]',
    ]
    with subprocess.Popen(
        ["tar", "--numeric-owner", "--one-file-system", "-C", str(root), "-c", "."], stdout=subprocess.PIPE
    ) as tar:
        run = subprocess.run(
            ["docker", "import", *(word for change in changes for word in ("--change", change)), "-", tag],
            stdin=tar.stdout, capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip
    if run.returncode or tar.returncode:
        raise ImagesError(f"docker import of the Debian root failed: {run.stderr.strip() or 'tar failed'}")
