"""Projects: folders of an account. What is in no other is in the default one."""

from __future__ import annotations

from typing import Any

from .. import ids
from ..answer import Answer, gone, paged
from ..clock import now
from ..errors import BadRequest, Conflict, PreconditionFailed
from ..request import Request
from ..router import Routes
from ..store import Document
from ..world import World
from .account import OWNER, OWNER_NUMBER

routes = Routes()

PATH = "/v2/projects/{project_id}"
ENVIRONMENTS = ("Development", "Staging", "Production")
PURPOSES = (
    "Just trying out DigitalOcean",
    "Class project / Educational purposes",
    "Website or blog",
    "Web Application",
    "Service or API",
    "Mobile Application",
    "Machine learning / AI / Data processing",
    "IoT",
    "Operational / Developer tooling",
)
LONGEST_NAME, LONGEST_DESCRIPTION = 175, 255
# How a resource's name begins, its kind in the store, and its path.
KINDS = {
    "droplet": ("droplet", "/v2/droplets/"),
    "volume": ("volume", "/v2/volumes/"),
    "floatingip": ("reserved_ip", "/v2/reserved_ips/"),
    "reservedip": ("reserved_ip", "/v2/reserved_ips/"),
    "domain": ("domain", "/v2/domains/"),
    "dbaas": ("database", "/v2/databases/"),
    "space": ("bucket", "/v2/spaces/"),  # buckets are kept elsewhere: any name is taken as given
}


def default(world: World) -> Document:
    for one in world.store.all("project"):
        if one["is_default"]:
            return one
    fields = {
        "name": "first-project",
        "description": "Update your project information under Settings",
        "purpose": "",
    }
    return _make(world, {**fields, "environment": "Development", "is_default": True})


def holder(world: World, urn: str) -> Document:
    """The project that a resource is in."""
    assigned = world.store.get("assignment", urn)
    project = world.store.get("project", assigned["project"]) if assigned else None
    return project or default(world)


def put_into(world: World, urn: str, project: str) -> None:
    world.store.put("assignment", urn, {"urn": urn, "project": project, "at": now()})


def resources(world: World, project: Document) -> list[str]:
    """Names of what is in a project and exists. Reserved IPs are named by their old name, floatingip."""
    found = []
    for word, (kind, _) in KINDS.items():
        if word not in ("reservedip", "space"):
            found += [f"do:{word}:{_id(kind, one)}" for one in world.store.all(kind)]
    found += [one["urn"] for one in world.store.all("assignment") if one["urn"].startswith("do:space:")]
    return [urn for urn in found if holder(world, urn)["id"] == project["id"]]


def _id(kind: str, document: Document) -> str:
    return str(document[{"reserved_ip": "ip", "domain": "name"}.get(kind, "id")])


def _make(world: World, fields: Document) -> Document:
    project = {
        "id": ids.unique(),
        "owner_uuid": OWNER,
        "owner_id": OWNER_NUMBER,
        "created_at": now(),
        "updated_at": now(),
        **fields,
    }
    world.store.put("project", project["id"], project)
    return project


def _find(world: World, request: Request) -> Document:
    given = request.parts.get("project_id", "default")
    return default(world) if given == "default" else world.existing("project", given)


@routes.get("/v2/projects")
def list_projects(world: World, request: Request) -> Answer:
    default(world)
    return paged(request, "projects", world.store.all("project"), lambda one: one)


@routes.post("/v2/projects")
def create_project(world: World, request: Request) -> Answer:
    default(world)
    project = _make(world, {**_fields(world, request, {}), "is_default": False})
    return Answer(201, {"project": project})


@routes.get(PATH)
@routes.get("/v2/projects/default")
def get_project(world: World, request: Request) -> Answer:
    return Answer(200, {"project": _find(world, request)})


@routes.put(PATH)
@routes.patch(PATH)
def update_project(world: World, request: Request) -> Answer:
    old = _find(world, request)
    project = {**old, **_fields(world, request, old), "updated_at": now()}
    if request.flag("is_default", old["is_default"]) and not old["is_default"]:
        before = default(world)
        world.store.put("project", before["id"], {**before, "is_default": False})
        project["is_default"] = True
    world.store.put("project", project["id"], project)
    return Answer(200, {"project": project})


@routes.delete(PATH)
def delete_project(world: World, request: Request) -> Answer:
    project = _find(world, request)
    if project["is_default"] or resources(world, project):
        raise PreconditionFailed("cannot delete a project with resources")
    world.store.remove("project", project["id"])
    return gone()


@routes.get(PATH + "/resources")
@routes.get("/v2/projects/default/resources")
def list_resources(world: World, request: Request) -> Answer:
    found = resources(world, _find(world, request))
    return paged(request, "resources", found, lambda urn: _view(world, request, urn, "ok"))


@routes.post(PATH + "/resources")
@routes.post("/v2/projects/default/resources")
def assign_resources(world: World, request: Request) -> Answer:
    project = _find(world, request)
    shown = []
    for given in request.strings("resources"):
        urn, kind = _known(given)
        there = kind == "bucket" or world.store.get(kind, urn.split(":", 2)[2]) is not None
        status = "not_found"
        if there:
            status = "already_assigned" if holder(world, urn)["id"] == project["id"] else "assigned"
            put_into(world, urn, project["id"])
        shown.append(_view(world, request, urn, status))
    return Answer(200, {"resources": shown})


def _known(given: str) -> tuple[str, str]:
    """A resource's name as the API gives it back, and its kind."""
    words = given.split(":", 2)
    if len(words) != 3 or words[0] != "do" or words[1] not in KINDS:
        raise BadRequest(f"resource {given!r} must be of the form do:<type>:<id>")
    word = "floatingip" if words[1] == "reservedip" else words[1]
    return f"do:{word}:{words[2]}", KINDS[word][0]


def _view(world: World, request: Request, urn: str, status: str) -> dict[str, Any]:
    _, word, id = urn.split(":", 2)
    assigned = world.store.get("assignment", urn)
    at = assigned["at"] if assigned else default(world)["created_at"]
    return {
        "urn": urn,
        "assigned_at": at,
        "links": {"self": f"{request.base}{KINDS[word][1]}{id}"},
        "status": status,
    }


def _fields(world: World, request: Request, old: Document) -> Document:
    name = request.text("name", old.get("name"))
    description = request.text("description", old.get("description", ""))
    if len(name) > LONGEST_NAME or len(description) > LONGEST_DESCRIPTION:
        raise BadRequest(f"name: at most {LONGEST_NAME} letters; description: at most {LONGEST_DESCRIPTION}")
    if any(one["name"] == name and one["id"] != old.get("id") for one in world.store.all("project")):
        raise Conflict("name is already in use")
    return {
        "name": name,
        "description": description,
        "purpose": _purpose(request.text("purpose", old.get("purpose"))),
        "environment": _environment(request, old),
    }


def _purpose(given: str) -> str:
    """One's own purpose comes back with a word before it."""
    return given if given in PURPOSES or not given or given.startswith("Other") else f"Other: {given}"


def _environment(request: Request, old: Document) -> str:
    """In any case of letters, given back with a capital."""
    given = request.text("environment", old.get("environment", "")) or ENVIRONMENTS[0]
    if given.capitalize() not in ENVIRONMENTS:
        raise BadRequest(f"environment must be one of {', '.join(ENVIRONMENTS)}")
    return given.capitalize()
