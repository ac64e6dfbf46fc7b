"""The emulator's own endpoints, under /_emulator: no token, not part of the API it stands in for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from .answer import Answer
from .errors import EmulatorError
from .faults import Fault

if TYPE_CHECKING:
    from .emulator import Emulator

PREFIX = "/_emulator"
HELP = {
    "GET /_emulator/log?after=N": "requests and responses, from entry N on",
    "GET /_emulator/faults": "faults that are set",
    "POST /_emulator/faults": 'set one: {"fault": "POST /v2/droplets 429 x2"}',
    "DELETE /_emulator/faults": "clear all faults",
    "GET /_emulator/resources": "everything that exists, with Terraform's types",
    "POST /_emulator/reset": "remove everything, machines included",
}


def answer(emulator: Emulator, method: str, target: str, body: bytes) -> Answer:
    address = urlsplit(target)
    path = address.path.removeprefix(PREFIX)
    try:
        if (method, path) == ("GET", "/log"):
            after = int(dict(parse_qsl(address.query)).get("after", "0"))
            return Answer(200, {"log": emulator.log(after)})
        if path == "/faults":
            return _faults(emulator, method, body)
        if (method, path) == ("GET", "/resources"):
            return Answer(200, {"resources": [vars(one) for one in emulator.resources()]})
        if (method, path) == ("POST", "/reset"):
            emulator.reset()
            return Answer(204)
    except (EmulatorError, ValueError) as error:
        return Answer(422, {"id": "unprocessable_entity", "message": str(error)})
    return Answer(404, {"id": "not_found", "message": f"there is {json.dumps(HELP)}"})


def _faults(emulator: Emulator, method: str, body: bytes) -> Answer:
    if method == "POST":
        given: Any = json.loads(body)
        emulator.faults.add(Fault.parse(str(given["fault"] if isinstance(given, dict) else given)))
    elif method == "DELETE":
        emulator.faults.clear()
    return Answer(200, {"faults": [one.text() for one in emulator.faults.all()]})
