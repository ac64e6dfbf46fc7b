"""Who is known here: applications, users, one guild."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from standin.log import Refusal


@dataclass(frozen=True)
class Client:
    """An application that may sign users in."""

    id: str
    secret: str
    redirect_uris: tuple[str, ...]


@dataclass(frozen=True)
class User:
    """A person. `roles` are role ids in the guild; None means not a member of it."""

    id: str
    username: str
    roles: tuple[str, ...] | None


@dataclass(frozen=True)
class Config:
    """All that the fake knows."""

    clients: dict[str, Client]
    guild: str
    users: tuple[User, ...]

    def user(self, name_or_id: str) -> User | None:
        """The user of that name or id."""
        return next((u for u in self.users if name_or_id in (u.username, u.id)), None)


def build(values: Mapping[str, Any], where: str) -> Config:
    """Check the file's content; `Refusal` names the path of what is wrong."""
    _only(values, ("clients", "guild", "users"), where)
    clients = [_client(v, f"{where}: clients/{i}") for i, v in enumerate(_list(values, "clients", where))]
    users = [_user(v, f"{where}: users/{i}") for i, v in enumerate(_list(values, "users", where))]
    _unique([c.id for c in clients], f"{where}: clients: id")
    _unique([u.id for u in users], f"{where}: users: id")
    _unique([u.username for u in users], f"{where}: users: username")
    guild = _text(values, "guild", where)
    return Config({c.id: c for c in clients}, guild, tuple(users))


def _client(value: Any, where: str) -> Client:
    entry = _mapping(value, where)
    _only(entry, ("id", "secret", "redirect_uris"), where)
    uris = _texts(_list(entry, "redirect_uris", where), f"{where}/redirect_uris")
    for uri in uris:
        parts = urlsplit(uri)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.fragment:
            raise Refusal(
                f"{where}/redirect_uris: {uri!r}: an absolute http(s) URL without fragment is expected"
            )
    if not uris:
        raise Refusal(f"{where}/redirect_uris: at least one is needed; sign-in is refused for any other")
    return Client(_text(entry, "id", where), _text(entry, "secret", where), uris)


def _user(value: Any, where: str) -> User:
    entry = _mapping(value, where)
    _only(entry, ("id", "username", "roles"), where)
    if "roles" not in entry:
        raise Refusal(
            f"{where}/roles: missing; give a list of role ids, or null for someone outside the guild"
        )
    roles = None if entry["roles"] is None else _texts(_list(entry, "roles", where), f"{where}/roles")
    return User(_text(entry, "id", where), _text(entry, "username", where), roles)


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Refusal(f"{where}: a mapping is expected, got {type(value).__name__}")
    return value


def _only(value: Mapping[str, Any], allowed: tuple[str, ...], where: str) -> None:
    for key in value:
        if key not in allowed:
            raise Refusal(f"{where}: unknown key {key!r}; allowed: {', '.join(allowed)}")


def _text(value: Mapping[str, Any], key: str, where: str) -> str:
    found = value.get(key)
    if isinstance(found, int) and not isinstance(found, bool):
        found = str(found)
    if not isinstance(found, str) or not found:
        raise Refusal(f"{where}/{key}: text is needed, got {type(found).__name__}")
    return found


def _texts(values: list[Any], where: str) -> tuple[str, ...]:
    return tuple(_text({str(i): v}, str(i), where) for i, v in enumerate(values))


def _list(value: Mapping[str, Any], key: str, where: str) -> list[Any]:
    found = value.get(key)
    if not isinstance(found, list):
        raise Refusal(f"{where}/{key}: a list is needed, got {type(found).__name__}")
    return found


def _unique(values: list[str], where: str) -> None:
    for value in values:
        if values.count(value) > 1:
            raise Refusal(f"{where}: {value!r} stands twice")
