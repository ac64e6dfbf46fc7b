"""The page that asks who signs in."""

from __future__ import annotations

from html import escape
from urllib.parse import urlencode, urlsplit, urlunsplit

from standin.http_server import Request, Response

from fake_discord.config import Client, Config, User
from fake_discord.grants import Grants

SCOPES = ("identify", "email", "guilds", "guilds.members.read", "openid")


def authorize(config: Config, grants: Grants, request: Request) -> Response:
    """GET /oauth2/authorize: the page, or with `as=<name or id>` at once the redirect with the code.

    Errors about the application or the redirect URI stay on the page: nothing may be sent to an unknown address.
    """
    query = request.query
    client = config.clients.get(query.get("client_id", ""))
    if client is None:
        return _problem(404, "Unknown Application", "client_id is none of the configured applications")
    redirect_uri = query.get("redirect_uri", "")
    if redirect_uri not in client.redirect_uris:
        return _problem(
            400, "Invalid OAuth2 redirect_uri", "it must equal one of the application's, to the letter"
        )
    if query.get("response_type") != "code":
        return _back(redirect_uri, query, {"error": "unsupported_response_type"})
    scopes = tuple(query.get("scope", "").split())
    if not scopes or any(scope not in SCOPES for scope in scopes):
        return _back(redirect_uri, query, {"error": "invalid_scope"})
    if "deny" in query:
        return _back(redirect_uri, query, {"error": "access_denied"})
    if "as" not in query:
        return _page(config, client, query, scopes)
    user = config.user(query["as"])
    if user is None:
        return _problem(400, "Unknown user", f"known: {', '.join(u.username for u in config.users)}")
    return _back(redirect_uri, query, {"code": grants.new_code(client.id, user, scopes, redirect_uri)})


def _back(redirect_uri: str, query: dict[str, str], answer: dict[str, str]) -> Response:
    if "state" in query:
        answer = answer | {"state": query["state"]}
    parts = urlsplit(redirect_uri)
    joined = "&".join(part for part in (parts.query, urlencode(answer)) if part)
    location = urlunsplit((parts.scheme, parts.netloc, parts.path, joined, ""))
    return Response(302, headers=[("Location", location), ("Cache-Control", "no-store")])


def _page(config: Config, client: Client, query: dict[str, str], scopes: tuple[str, ...]) -> Response:
    kept = {k: v for k, v in query.items() if k not in ("as", "deny")}
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in kept.items()
    )
    buttons = "".join(_button(user) for user in config.users)
    return Response.html(
        200,
        f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Fake Discord</title>
<style>body{{font-family:sans-serif;max-width:34em;margin:3em auto}}button{{margin:.2em 0;padding:.6em;width:100%}}
.fake{{background:#b00020;color:#fff;padding:.8em}}</style></head><body>
<p class="fake"><strong>This is a fake Discord</strong> for rehearsals. It asks for no password; never type one.</p>
<p>Application <code>{escape(client.id)}</code> asks for <code>{escape(" ".join(scopes))}</code>. Sign in as:</p>
<form method="get" action="/oauth2/authorize">{hidden}{buttons}
<button name="deny" value="1">Cancel</button></form></body></html>""",
    )


def _button(user: User) -> str:
    if user.roles is None:
        about = "not in the guild"
    else:
        about = f"roles {', '.join(user.roles)}" if user.roles else "in the guild, no role"
    return f'<button name="as" value="{escape(user.id)}">{escape(user.username)} ({escape(about)})</button>'


def _problem(status: int, title: str, detail: str) -> Response:
    page = f"<!doctype html><title>Fake Discord</title><h1>{escape(title)}</h1><p>{escape(detail)}</p>"
    return Response.html(status, page)
