"""A real registry for the images: Debian's docker-registry on loopback, kept running between commands."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from images.builder.errors import ImagesError
from images.builder.paths import cache_dir, exclusively

DEFAULT_PORT = 5000
_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # http_proxy is not meant for loopback
_CONFIG = """version: 0.1
log: {{level: warn}}
storage:
  filesystem: {{rootdirectory: {data}}}
  delete: {{enabled: true}}
http: {{addr: "127.0.0.1:{port}"}}
"""


def chosen_port() -> int:
    """SPROCKET_REGISTRY_PORT, by default 5000."""
    value = os.environ.get("SPROCKET_REGISTRY_PORT", str(DEFAULT_PORT))
    if not value.isdigit() or not 0 < int(value) < 65536:
        raise ImagesError(f"SPROCKET_REGISTRY_PORT is {value!r}; allowed: a port, 1 to 65535")
    return int(value)


@dataclass(frozen=True)
class Registry:
    """The registry on 127.0.0.1:`port`; the engine uses plain HTTP for loopback by default."""

    port: int = DEFAULT_PORT

    @property
    def namespace(self) -> str:
        """What image names begin with: 127.0.0.1:5000/sprocket."""
        return f"127.0.0.1:{self.port}/sprocket"

    @property
    def folder(self) -> Path:
        """Configuration, data, log and pid file."""
        return cache_dir() / f"registry-{self.port}"

    def pid(self) -> int | None:
        """Process id when the process in the pid file is alive and is this registry, else None."""
        try:
            pid = int((self.folder / "pid").read_text())
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            return None
        return pid if str(self.folder / "config.yml").encode() in words else None

    def answers(self) -> bool:
        """Whether anything that speaks the registry's protocol answers on the port."""
        try:
            with _DIRECT.open(f"http://127.0.0.1:{self.port}/v2/", timeout=3) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def start(self) -> bool:
        """Starts it unless it runs; returns whether it had to. It outlives this command, until the machine or `stop` ends it."""
        with exclusively("registry"):
            if self.pid() is not None and self._wait(10):
                return False
            if self.answers():
                raise ImagesError(
                    f"port {self.port} of 127.0.0.1 is answered by another registry, which stays untouched\n"
                    "  stop it, or choose another port: SPROCKET_REGISTRY_PORT=5001"
                )
            self._launch()
            return True

    def stop(self) -> bool:
        """End it; its data stays. Says whether it ran."""
        with exclusively("registry"):
            pid = self.pid()
            if pid is None:
                return False
            os.kill(pid, signal.SIGTERM)
            deadline = time.monotonic() + 10
            while self.pid() is not None and time.monotonic() < deadline:
                time.sleep(0.05)
            (self.folder / "pid").unlink(missing_ok=True)
            return True

    def digest(self, image: str, tag: str) -> str | None:
        """Digest under which the registry has sprocket/<image>:<tag>, None when it has not."""
        url = f"http://127.0.0.1:{self.port}/v2/sprocket/{image}/manifests/{tag}"
        request = urllib.request.Request(url, method="HEAD", headers={"Accept": _MANIFEST})
        try:
            with _DIRECT.open(request, timeout=10) as answer:
                return str(answer.headers["Docker-Content-Digest"])
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise ImagesError(
                f"the registry on port {self.port} answers {error.code} for {image}:{tag}"
            ) from None
        except OSError as error:
            raise ImagesError(f"the registry on port {self.port} does not answer: {error}") from None

    def _launch(self) -> None:
        data = self.folder / "data"
        data.mkdir(parents=True, exist_ok=True)
        config = self.folder / "config.yml"
        config.write_text(_CONFIG.format(data=data, port=self.port))
        with (self.folder / "log").open("wb") as log:
            process = subprocess.Popen(
                ["docker-registry", "serve", str(config)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                start_new_session=True, cwd=self.folder,
            )  # fmt: skip
        (self.folder / "pid").write_text(str(process.pid))
        if not self._wait(15):
            process.kill()
            lines = (self.folder / "log").read_text(errors="replace").splitlines()
            tail = "\n  ".join([line for line in lines if "level=fatal" in line] or lines[-5:])
            raise ImagesError(
                f"docker-registry did not start on 127.0.0.1:{self.port}:\n  {tail}\n"
                "  if the port is in use, choose another: SPROCKET_REGISTRY_PORT=5001"
            )

    def _wait(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.pid() is not None and self.answers():
                return True
            time.sleep(0.1)
        return False
