"""`minio server /data --console-address :9001`, served by SeaweedFS.

Listens on 9000: `/minio/...` (a bucket name that MinIO reserves too) is answered here, all else is handed to
SeaweedFS's S3 server byte by byte, one request a connection, so that signatures stay valid and objects stream.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import unquote, urlsplit

from .access import Access, Refused
from .sigv4 import is_signed_by, sign

_S3_PORT = 8333
_MASTER_PORT = 9333
_HEAD_LIMIT = 64 * 1024
_ADMIN_LIMIT = 1024 * 1024
_CONSOLE = b"""<!DOCTYPE html><title>Object store</title><h1>Object store</h1>
<p>SeaweedFS serves S3 on port 9000 here, standing in for MinIO; MinIO's console has no counterpart.
Use <code>mc</code> in this container.</p>"""


class Server:
    """SeaweedFS as a child process and the listeners in front of it."""

    def __init__(self, data: Path, user: str, password: str) -> None:
        folder = data / ".objectstore"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (data / "seaweedfs").mkdir(exist_ok=True)
        self._data, self._root = data, (user, password)
        self._access = Access(folder, user, password)
        self._child: asyncio.subprocess.Process | None = None
        self._in_flight: set[asyncio.Task[object]] = set()
        self._started = False

    async def run(self, port: int, console_port: int) -> int:
        """Serve until TERM or INT, or until SeaweedFS ends by itself; returns the exit code."""
        stopping = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        self._child = await asyncio.create_subprocess_exec(*self._command(), start_new_session=True)
        front = await asyncio.start_server(self._serve, None, port, limit=_HEAD_LIMIT)
        await asyncio.start_server(_console, None, console_port, limit=_HEAD_LIMIT)
        ended = asyncio.create_task(self._child.wait())
        stopped = asyncio.create_task(stopping.wait())
        await asyncio.wait({ended, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if ended.done():
            print(f"error: SeaweedFS ended by itself with {ended.result()}", file=sys.stderr)
            return 1
        front.close()
        await self._leave(ended)
        return 0

    async def _leave(self, ended: asyncio.Task[int]) -> None:
        """Let requests in flight finish (2 s at most), then end SeaweedFS.

        Its filer waits 15 s on TERM for a subscriber that is itself. All that was answered is written by then, so it
        gets 1 s and is killed: what was written belongs to the kernel.
        """
        if self._in_flight:
            await asyncio.wait(self._in_flight, timeout=2)
        assert self._child is not None
        self._child.terminate()
        done, _ = await asyncio.wait({ended}, timeout=1)
        if not done:
            self._child.kill()
            await ended

    def _command(self) -> list[str]:
        return [
            "weed", "-logtostderr=true", "-v=0", "server", f"-dir={self._data / 'seaweedfs'}",
            "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-master.telemetry=false", "-master.volumeSizeLimitMB=1024",
            "-master.electionTimeout=1s",  # one master: its default of 10 s would only delay each restart
            "-volume.max=0", "-volume.preStopSeconds=0", "-filer", "-s3", f"-s3.port={_S3_PORT}",
            f"-s3.config={self._access.identities}", "-s3.iam=false", "-s3.autoCreateBucket=false",
            "-s3.allowDeleteBucketNotEmpty=false", "-s3.port.iceberg=0", "-s3.port.lance=0",
        ]  # fmt: skip

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._in_flight.add(task)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            method, target = head.split(b" ", 2)[:2]
            if target.startswith(b"/minio/"):
                await self._answer(method.decode(), target.decode(), head, reader, writer)
            elif not await self._has_started():
                _reply(writer, 503, b"Server not initialized yet, please try again.")
            else:
                await _hand_over(head, reader, writer)
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError, ValueError):
            pass
        finally:
            self._in_flight.discard(task)
            writer.close()

    async def _has_started(self) -> bool:
        self._started = self._started or await asyncio.to_thread(_is_up)
        return self._started

    async def _answer(
        self,
        method: str,
        target: str,
        head: bytes,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        path = urlsplit(target).path
        if path.startswith("/minio/health/"):
            _reply(writer, 200 if await asyncio.to_thread(_is_up) else 503, b"")
        elif path.startswith("/minio/admin/"):
            headers = _headers(head)
            length = int(headers.get("content-length", "0"))
            body = await reader.readexactly(length) if length <= _ADMIN_LIMIT else b""
            if not is_signed_by(method, target, headers, body, *self._root):
                _reply(writer, 403, b"Access Denied. (only the root user may do this)")
            elif not await asyncio.to_thread(
                _is_up
            ):  # HUP would end a SeaweedFS that does not yet listen for it
                _reply(writer, 503, b"Server not initialized yet, please try again.")
            else:
                await self._administer(method, [unquote(part) for part in path.split("/")[3:]], body, writer)
        else:
            _reply(writer, 404, b"")
        await writer.drain()

    async def _administer(
        self, method: str, words: list[str], body: bytes, writer: asyncio.StreamWriter
    ) -> None:
        try:
            match [method, *words]:
                case ["PUT", "user", key]:
                    self._access.add_user(key, json.loads(body)["secret"])
                case ["GET", "users"]:
                    _reply(writer, 200, json.dumps(self._access.users()).encode())
                    return
                case ["DELETE", "user", key]:
                    self._access.remove_user(key)
                case ["PUT", "policy", name]:
                    self._access.put_policy(name, json.loads(body))
                case ["POST", "attach", policy, user]:
                    self._access.attach(policy, user)
                case ["PUT", "anonymous", bucket]:
                    self._access.set_anonymous(bucket, json.loads(body)["access"])
                case _:
                    raise Refused("this stand-in does not know the request")
        except Refused as error:
            _reply(writer, 400, str(error).encode())
        except (ValueError, KeyError, TypeError, AttributeError):
            _reply(writer, 400, b"the request's body is not the JSON that was expected")
        else:
            in_force = await self._reload()
            _reply(
                writer,
                200 if in_force else 503,
                b"" if in_force else b"SeaweedFS did not take the change over in 10 s",
            )

    async def _reload(self) -> bool:
        """Have SeaweedFS read the identities again, and wait until it answers by them."""
        assert self._child is not None
        self._child.send_signal(signal.SIGHUP)
        for _ in range(100):
            if await asyncio.to_thread(_s3_knows, *self._access.mark):
                return True
            await asyncio.sleep(0.1)
        return False


async def _hand_over(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        s3_reader, s3_writer = await asyncio.open_connection("127.0.0.1", _S3_PORT)
    except OSError:
        _reply(writer, 503, b"")
        return
    lines = [line for line in head[:-4].split(b"\r\n") if not line.lower().startswith(b"connection:")]
    s3_writer.write(b"\r\n".join([*lines, b"Connection: close"]) + b"\r\n\r\n")
    up = asyncio.create_task(_pump(reader, s3_writer))
    try:
        await _pump(s3_reader, writer)
    finally:
        up.cancel()
        s3_writer.close()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        while chunk := await source.read(256 * 1024):
            sink.write(chunk)
            await sink.drain()
    except ConnectionError:
        pass


async def _console(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        await reader.readuntil(b"\r\n\r\n")
        _reply(writer, 200, _CONSOLE, "text/html; charset=utf-8")
        await writer.drain()
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
        pass
    finally:
        writer.close()


def _reply(
    writer: asyncio.StreamWriter, status: int, body: bytes, kind: str = "text/plain; charset=utf-8"
) -> None:
    head = f"HTTP/1.1 {status} {'OK' if status == 200 else 'Error'}\r\nContent-Type: {kind}\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)


def _headers(head: bytes) -> dict[str, str]:
    pairs = (line.split(":", 1) for line in head.decode("latin-1").split("\r\n")[1:] if ":" in line)
    return {name.strip().lower(): value.strip() for name, value in pairs}


def _is_up() -> bool:
    """Whether S3 answers and the master knows where the volumes are; until then reads of old objects fail."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{_S3_PORT}/healthz", timeout=3):
            pass
        with urllib.request.urlopen(f"http://127.0.0.1:{_MASTER_PORT}/dir/status", timeout=3) as answer:
            topology = json.load(answer)["Topology"]
    except (OSError, ValueError, KeyError):
        return False
    racks = [rack for center in topology.get("DataCenters") or [] for rack in center.get("Racks") or []]
    return any(rack.get("DataNodes") for rack in racks)


def _s3_knows(access_key: str, secret_key: str) -> bool:
    url = f"http://127.0.0.1:{_S3_PORT}/"
    headers = sign("GET", url, b"", access_key, secret_key)
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=3):
            return True
    except urllib.error.HTTPError as error:
        return b"<Code>AccessDenied</Code>" in error.read()
    except OSError:
        return False


def _read_settings_file() -> None:
    """MINIO_CONFIG_ENV_FILE: lines NAME=value, which count more than the environment."""
    file = os.environ.get("MINIO_CONFIG_ENV_FILE", "")
    if not file or not Path(file).exists():
        return
    for line in Path(file).read_text().splitlines():
        name, sign, value = line.strip().removeprefix("export ").partition("=")
        if sign and not name.startswith("#"):
            os.environ[name.strip()] = value.strip().strip("\"'")


def _setting(name: str, least: int) -> str:
    """NAME, or the content of NAME_FILE (absolute, or a name below /run/secrets)."""
    file = os.environ.get(f"{name}_FILE", "")
    value = (Path("/run/secrets") / file).read_text().strip() if file else os.environ.get(name, "")
    if len(value) < least:
        sys.exit(f"error: {name}_FILE (or {name}) should name a value of {least} characters or more")
    return value


def _port(address: str) -> int:
    return int(address.rpartition(":")[2])


def main() -> None:
    """Entry point; takes MinIO's own arguments."""
    parser = argparse.ArgumentParser(prog="minio")
    server = parser.add_subparsers(required=True).add_parser("server", allow_abbrev=False)
    server.add_argument("data", type=Path)
    server.add_argument("--address", type=_port, default=9000)
    server.add_argument("--console-address", type=_port, default=9001)
    server.add_argument("--quiet", action="store_true")
    said = parser.parse_args()
    try:
        _read_settings_file()
        user, password = _setting("MINIO_ROOT_USER", 3), _setting("MINIO_ROOT_PASSWORD", 8)
    except OSError as error:
        sys.exit(f"error: {error}")
    sys.exit(asyncio.run(Server(said.data, user, password).run(said.address, said.console_address)))


if __name__ == "__main__":
    main()
