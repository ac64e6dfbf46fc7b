"""The proxy: reads one request, judges it, and pumps the answer; also the health listener and the watchdog."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import os
import posixpath
import socket
import sys
import time
from asyncio import StreamReader as Reader
from asyncio import StreamWriter as Writer
from urllib.parse import unquote, urlsplit

from socket_proxy.settings import Settings

_HEAD_LIMIT = 64 * 1024
_HEALTH_PORT = 55555
_LEVELS = ("DEBUG", "INFO", "WARN", "ERROR")


class Proxy:
    """One proxy with its settings. Each connection carries one request: whoever wants another connects again."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.failed = asyncio.Event()

    async def start(self) -> None:
        """Open the listeners and the watchdog."""
        self._log("INFO", "starting", settings=str(self._settings))
        for method, rules in sorted(self._settings.rules.items()):
            self._log("INFO", "allowed", method=method, rules=[rule.pattern for rule in rules])
        await self._listen()
        if self._settings.allowhealthcheck:
            await asyncio.start_server(self._health, "127.0.0.1", _HEALTH_PORT, limit=_HEAD_LIMIT)
        if self._settings.watchdoginterval:
            self._watchdog = asyncio.create_task(self._watch())

    async def _listen(self) -> None:
        path = self._settings.proxysocketendpoint
        if not path:
            await asyncio.start_server(
                self._serve, self._settings.listenip, self._settings.proxyport, limit=_HEAD_LIMIT
            )
            return
        if os.path.lexists(path):
            os.remove(path)  # left by a task before this one
        await asyncio.start_unix_server(self._serve, path, limit=_HEAD_LIMIT)
        os.chmod(path, self._settings.proxysocketendpointfilemode)

    async def _serve(self, reader: Reader, writer: Writer) -> None:
        try:
            await self._judge(await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30), reader, writer)
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _judge(self, head: bytes, reader: Reader, writer: Writer) -> None:
        client = "" if self._settings.proxysocketendpoint else str(writer.get_extra_info("peername")[0])
        try:
            method, target, _ = head.split(b"\r\n", 1)[0].decode("ascii").split(" ")
        except ValueError:
            await _refuse(writer, 400, "Bad Request")
            return
        path = clean(target)
        if client and not await self._is_client(client):
            self._log(
                "WARN", "blocked request", reason="forbidden IP", client=client, method=method, path=path
            )
            await _refuse(writer, 403, "Forbidden")
            return
        if path is None or not self._settings.allows(method, path):
            self._log(
                "WARN",
                "blocked request",
                reason="path not allowed",
                client=client,
                method=method,
                path=target,
            )
            status = 403 if method in self._settings.rules else 405
            await _refuse(writer, status, "Forbidden" if status == 403 else "Method Not Allowed")
            return
        self._log("DEBUG", "allowed request", client=client, method=method, path=path)
        if (length := body_length(head)) is None:
            await _refuse(writer, 411, "Length Required")
            return
        await self._hand_over(head, length, reader, writer)

    async def _is_client(self, client: str) -> bool:
        """Whether the address lies in an allowed network or belongs to an allowed name, asked anew each time."""
        address = ipaddress.ip_address(client.removeprefix("::ffff:"))
        for entry in self._settings.allowfrom:
            try:
                if address in ipaddress.ip_network(entry, strict=False):
                    return True
            except ValueError:
                if str(address) in await _resolve(entry):
                    return True
        return False

    async def _hand_over(self, head: bytes, length: int, reader: Reader, writer: Writer) -> None:
        try:
            daemon_reader, daemon_writer = await asyncio.open_unix_connection(self._settings.socketpath)
        except OSError as error:
            self._log("ERROR", "cannot reach the socket", error=str(error))
            await _refuse(writer, 502, "Bad Gateway")
            return
        dropped = (b"connection:", b"upgrade:")
        lines = [line for line in head[:-4].split(b"\r\n") if not line.lower().startswith(dropped)]
        daemon_writer.write(b"\r\n".join([*lines, b"Connection: close"]) + b"\r\n\r\n")
        down = asyncio.create_task(_pump(daemon_reader, writer))
        try:
            daemon_writer.write(await reader.readexactly(length))
            # Further bytes would be a second, unjudged request and stay here; the end of the stream is a client that
            # hung up, and ends what the daemon would send for ever (logs?follow, events).
            gone = asyncio.create_task(_until_end(reader))
            await asyncio.wait({down, gone}, return_when=asyncio.FIRST_COMPLETED)
            gone.cancel()
        finally:
            down.cancel()
            daemon_writer.close()

    async def _health(self, reader: Reader, writer: Writer) -> None:
        try:
            await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
            status = 200 if await self._reaches_socket() else 503
            await _refuse(writer, status, "OK" if status == 200 else "Service Unavailable")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _reaches_socket(self) -> bool:
        try:
            _, writer = await asyncio.open_unix_connection(self._settings.socketpath)
        except OSError:
            return False
        writer.close()
        return True

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._settings.watchdoginterval)
            if not await self._reaches_socket():
                self._log("ERROR", "watchdog: the socket is not reachable", socket=self._settings.socketpath)
                if self._settings.stoponwatchdog:
                    self.failed.set()

    def _log(self, level: str, message: str, **fields: object) -> None:
        if _LEVELS.index(level) < _LEVELS.index(self._settings.loglevel):
            return
        entry = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "level": level,
            "msg": message,
            **fields,
        }
        text = (
            json.dumps(entry) if self._settings.logjson else " ".join(f"{k}={v!r}" for k, v in entry.items())
        )
        print(text, file=sys.stderr, flush=True)


def clean(target: str) -> str | None:
    """Path of a request target, decoded; None for one that the daemon might read differently than a rule does."""
    path = unquote(urlsplit(target).path)
    if not path.startswith("/") or path != posixpath.normpath(path).replace("//", "/") or "\x00" in path:
        return None
    return path


def body_length(head: bytes) -> int | None:
    """Bytes of body that follow a request's head; None when it does not say so in one plain Content-Length."""
    names = [line.partition(b":")[::2] for line in head.lower().split(b"\r\n")[1:]]
    lengths = {value.strip() for name, value in names if name.strip() == b"content-length"}
    if any(name.strip() == b"transfer-encoding" for name, _ in names) or len(lengths) > 1:
        return None
    text = (lengths or {b"0"}).pop()
    return int(text) if text.isdigit() and len(text) < 10 else None


async def _until_end(source: Reader) -> None:
    while await source.read(4096):
        pass


async def _resolve(name: str) -> set[str]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except OSError:
        return set()
    return {str(entry[4][0]) for entry in found}


async def _pump(source: Reader, sink: Writer) -> None:
    try:
        while chunk := await source.read(64 * 1024):
            sink.write(chunk)
            await sink.drain()
    except ConnectionError:
        pass


async def _refuse(writer: Writer, status: int, reason: str) -> None:
    body = f"{reason}\n".encode()
    head = f"HTTP/1.1 {status} {reason}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\nConnection: close"
    writer.write(head.encode() + b"\r\n\r\n" + body)
    await writer.drain()
