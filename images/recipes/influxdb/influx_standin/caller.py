"""Who is calling: the authorization behind a request."""

from __future__ import annotations

import base64
import binascii

from standin.http_server import Request

from influx_standin.permission import Authorization
from influx_standin.problem import Problem, unauthorized
from influx_standin.store import Store, password_fits, token_hash


def v2_caller(store: Store, request: Request) -> Authorization:
    """The owner of `Authorization.

    Token ...` (or Bearer); 401 otherwise. v1 users do not exist for the v2 API.
    """
    scheme, _, token = request.header("Authorization").partition(" ")
    if scheme.lower() not in ("token", "bearer") or not token:
        raise unauthorized()
    return _active(store, token.strip())


def v1_caller(store: Store, request: Request) -> Authorization:
    """The caller of `/write` and `/query`.

    A v1 user name with its password, in the query (`u`, `p`) or by Basic authentication, or a v2 token in the
    password's place, or `Authorization: Token <v2 token>`.
    """
    query = request.query
    scheme, _, value = request.header("Authorization").partition(" ")
    if query.get("u") and query.get("p"):
        name, password = query["u"], query["p"]
    elif scheme == "Token" and value:
        return _active(store, value.partition(":")[2] or value)
    elif scheme.lower() == "basic":
        try:
            name, _, password = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise unauthorized() from error
    else:
        raise unauthorized()
    found = store.authorization(v1=True, secret=name)
    if found is None:
        return _active(store, password)
    if not password_fits(password, found[1]) or found[0].status != "active":
        raise unauthorized()
    return found[0]


def _active(store: Store, token: str) -> Authorization:
    found = store.authorization(v1=False, secret=token_hash(token))
    if found is None:
        raise unauthorized()
    if found[0].status != "active":
        raise Problem("forbidden", "token is inactive")
    return found[0]
