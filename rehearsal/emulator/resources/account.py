"""The account itself: enough for a tool that asks whether its token works."""

from __future__ import annotations

from ..answer import Answer
from ..request import Request
from ..router import Routes
from ..world import World

routes = Routes()

OWNER = "5c1a3d1e-8f0b-4c39-9d55-0a6a3f7f2c01"
OWNER_NUMBER = 258992


@routes.get("/v2/account")
def get_account(_: World, __: Request) -> Answer:
    account = {
        "droplet_limit": 25,
        "floating_ip_limit": 5,
        "email": "rehearsal@example.com",
        "name": "Rehearsal",
        "uuid": OWNER,
        "email_verified": True,
        "status": "active",
        "status_message": "",
        "team": {"uuid": OWNER, "name": "Rehearsal"},
    }
    return Answer(200, {"account": account})
