"""DNS records of a domain."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from typing import Any

from .. import ids
from ..answer import Answer, gone, paged
from ..errors import NotFound, Unprocessable
from ..machines import Record
from ..request import Request
from ..router import Routes
from ..store import Document
from ..world import World

routes = Routes()

LIST = "/v2/domains/{domain_name}/records"
PATH = LIST + "/{domain_record_id}"
DEFAULT_TTL = 1800
LOWEST_TTL = 30
TYPES = ("A", "AAAA", "CAA", "CNAME", "MX", "NS", "SOA", "SRV", "TXT")
NAMED = ("CNAME", "MX", "NS", "SRV")  # whose data is a name, full with a dot at the end
NUMBERS = {"priority": ("MX", "SRV"), "port": ("SRV",), "weight": ("SRV",), "flags": ("CAA",)}
NAME_SERVERS = ("ns1.digitalocean.com", "ns2.digitalocean.com", "ns3.digitalocean.com")


def of(world: World, domain: str) -> list[Document]:
    return [one for one in world.store.all("record") if one["_domain"] == domain]


def zone(world: World, domain: str) -> tuple[Record, ...]:
    return tuple(Record(one["type"], one["name"], one["data"], one["ttl"]) for one in of(world, domain))


def zone_file(world: World, domain: str) -> str:
    lines = [f"$ORIGIN {domain}.", f"$TTL {DEFAULT_TTL}"]
    lines += [f"{one.name} {one.ttl} IN {one.type} {one.data}" for one in zone(world, domain)]
    return "\n".join(lines) + "\n"


def first(world: World, domain: str, address: str) -> None:
    """What a new domain has: SOA, name servers, and the address it was made with."""
    _add(
        world,
        domain,
        {"type": "SOA", "name": "@", "data": str(DEFAULT_TTL), "ttl": DEFAULT_TTL},
        automatic=True,
    )
    for server in NAME_SERVERS:
        _add(world, domain, {"type": "NS", "name": "@", "data": server, "ttl": DEFAULT_TTL}, automatic=True)
    if address:
        fields = {"type": "A", "name": "@", "data": _address(address, IPv4Address), "ttl": DEFAULT_TTL}
        _add(world, domain, fields, automatic=True)


def view_record(record: Document) -> dict[str, Any]:
    return {name: value for name, value in record.items() if not name.startswith("_")}


@routes.get(LIST)
def list_records(world: World, request: Request) -> Answer:
    domain = world.existing("domain", request.parts["domain_name"])["name"]
    found = of(world, domain)
    if type := request.query.get("type"):
        found = [one for one in found if one["type"] == type]
    if name := request.query.get("name"):  # asked for in full, kept in short
        found = [
            one for one in found if name in (f"{one['name']}.{domain}", domain if one["name"] == "@" else "")
        ]
    return paged(request, "domain_records", found, view_record)


@routes.post(LIST)
def create_record(world: World, request: Request) -> Answer:
    domain = world.existing("domain", request.parts["domain_name"])["name"]
    type = request.choice("type", TYPES)
    record = _add(world, domain, _ordered(request, type, domain, {}))
    _one_ttl(world, record)
    return Answer(201, {"domain_record": view_record(record)})


@routes.get(PATH)
def get_record(world: World, request: Request) -> Answer:
    return Answer(200, {"domain_record": view_record(_existing(world, request))})


@routes.put(PATH)
@routes.patch(PATH)
def update_record(world: World, request: Request) -> Answer:
    old = _existing(world, request)
    record = {**old, **_ordered(request, request.choice("type", TYPES, old["type"]), old["_domain"], old)}
    world.store.put("record", record["id"], record)
    _one_ttl(world, record)
    return Answer(200, {"domain_record": view_record(record)})


@routes.delete(PATH)
def delete_record(world: World, request: Request) -> Answer:
    world.store.remove("record", _existing(world, request)["id"])
    return gone()


def _existing(world: World, request: Request) -> Document:
    record = world.existing("record", request.parts["domain_record_id"])
    if record["_domain"] != request.parts["domain_name"]:
        raise NotFound
    return record


def _add(world: World, domain: str, fields: Document, automatic: bool = False) -> Document:
    blank: Document = {"priority": None, "port": None, "weight": None, "flags": None, "tag": None}
    number = ids.number(world.store, "record")
    record = {"id": number, **blank, **fields, "_domain": domain, "_automatic": automatic}
    world.store.put("record", number, record)
    return record


def _ordered(request: Request, type: str, domain: str, old: Document) -> Document:
    name = request.text("name", old.get("name", "@")) or "@"
    fields: Document = {
        "type": type,
        "name": name.removesuffix(f".{domain}.") if name != f"{domain}." else "@",
        "data": old["data"] if old and "data" not in request.body else _data(type, request.text("data")),
        "ttl": request.body.get("ttl") or old.get("ttl", DEFAULT_TTL),
    }
    if not isinstance(fields["ttl"], int) or fields["ttl"] < LOWEST_TTL:
        raise Unprocessable(f"TTL must be at least {LOWEST_TTL} seconds")
    for number, types in NUMBERS.items():
        # Absent is 0: clients in Go leave zeros out.
        fields[number] = request.integer(number, old.get(number) or 0) if type in types else None
    fields["tag"] = request.text("tag", old.get("tag")) if type == "CAA" else None
    return fields


def _data(type: str, data: str) -> str:
    if type == "A":
        return _address(data, IPv4Address)
    if type == "AAAA":
        return _address(data, IPv6Address)
    if type in NAMED:
        if data == "@":
            return data
        if not data.endswith("."):
            raise Unprocessable("Data needs to end with a dot (.)")
        return data.removesuffix(".")
    return data.removesuffix(".") if type == "CAA" else data


def _address(data: str, kind: type[IPv4Address] | type[IPv6Address]) -> str:
    try:
        return str(kind(data))
    except ValueError:
        raise Unprocessable(f"Data is not a valid {kind.__name__.removesuffix('Address')} address") from None


def _one_ttl(world: World, record: Document) -> None:
    """Records of one name and type share a time to live (RFC 2181, 5.2): the newest decides."""
    for other in of(world, record["_domain"]):
        same = (other["name"], other["type"]) == (record["name"], record["type"])
        if same and other["ttl"] != record["ttl"]:
            world.store.put("record", other["id"], {**other, "ttl": record["ttl"]})
