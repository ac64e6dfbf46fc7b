"""Route rules: does a rule apply to the forwarded request? Traefik v3 syntax."""

from __future__ import annotations

from forward_auth.expression import ExpressionError, Parser, Test, pattern
from forward_auth.forwarded import Forwarded


def parse_route_rule(source: str) -> Test[Forwarded]:
    """A test of a forwarded request.

    Functions: `Host`, `HostRegexp`, `Path`, `PathPrefix`, `PathRegexp`, `Method` with one argument, `Header`,
    `HeaderRegexp` with two. Traefik's others (`ClientIP`, `Query`, `QueryRegexp`) are refused here, not ignored.
    """

    def make(name: str, arguments: list[str]) -> Test[Forwarded]:
        wanted = 2 if name.startswith("Header") else 1
        if name not in _KNOWN or len(arguments) != wanted:
            raise ExpressionError(
                f"{source!r}: {name} with {len(arguments)} arguments; this stand-in knows"
                f" {', '.join(sorted(_KNOWN))} (Header* take two arguments, the others one)"
            )
        return _KNOWN[name](arguments)

    return Parser[Forwarded](source, make).parse()


def _host(arguments: list[str]) -> Test[Forwarded]:
    wanted = arguments[0].lower()
    return lambda request: request.bare_host == wanted


def _host_regexp(arguments: list[str]) -> Test[Forwarded]:
    compiled = pattern(arguments[0])
    return lambda request: compiled.search(request.bare_host) is not None


def _path(arguments: list[str]) -> Test[Forwarded]:
    wanted = _absolute(arguments[0])
    return lambda request: request.path == wanted


def _path_prefix(arguments: list[str]) -> Test[Forwarded]:
    prefix = _absolute(arguments[0])
    return lambda request: request.path.startswith(prefix)


def _path_regexp(arguments: list[str]) -> Test[Forwarded]:
    compiled = pattern(arguments[0])
    return lambda request: compiled.search(request.path) is not None


def _method(arguments: list[str]) -> Test[Forwarded]:
    wanted = arguments[0].upper()
    return lambda request: request.method == wanted


def _header(arguments: list[str]) -> Test[Forwarded]:
    name, value = arguments
    return lambda request: value in (request.headers.get_all(name) or [])


def _header_regexp(arguments: list[str]) -> Test[Forwarded]:
    name, source = arguments
    compiled = pattern(source)
    return lambda request: any(compiled.search(str(v)) for v in request.headers.get_all(name) or [])


def _absolute(path: str) -> str:
    if not path.startswith("/"):
        raise ExpressionError(f"path {path!r} does not start with a '/'")
    return path


_KNOWN = {
    "Host": _host,
    "HostRegexp": _host_regexp,
    "Path": _path,
    "PathPrefix": _path_prefix,
    "PathRegexp": _path_regexp,
    "Method": _method,
    "Header": _header,
    "HeaderRegexp": _header_regexp,
}
