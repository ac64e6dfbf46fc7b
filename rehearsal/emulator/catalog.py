"""What can be ordered: regions, sizes, images. A selection: the ones this platform could use, with list prices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .answer import Answer, paged
from .errors import NotFound, Unprocessable
from .request import Request
from .router import Routes
from .world import World

routes = Routes()

REGIONS = {
    "ams3": "Amsterdam 3",
    "blr1": "Bangalore 1",
    "fra1": "Frankfurt 1",
    "lon1": "London 1",
    "nyc1": "New York 1",
    "nyc3": "New York 3",
    "sfo3": "San Francisco 3",
    "sgp1": "Singapore 1",
    "syd1": "Sydney 1",
    "tor1": "Toronto 1",
}
FEATURES = ["backups", "ipv6", "metadata", "install_agent", "storage", "image_transfer"]


@dataclass(frozen=True)
class Size:
    slug: str
    memory: int  # MiB
    vcpus: int
    disk: int  # GiB
    transfer: float  # TB a month
    monthly: float  # USD
    hourly: float


SIZES = {
    one.slug: one
    for one in (
        Size("s-1vcpu-512mb-10gb", 512, 1, 10, 0.5, 4.0, 0.00595),
        Size("s-1vcpu-1gb", 1024, 1, 25, 1.0, 6.0, 0.00893),
        Size("s-1vcpu-2gb", 2048, 1, 50, 2.0, 12.0, 0.01786),
        Size("s-2vcpu-2gb", 2048, 2, 60, 3.0, 18.0, 0.02679),
        Size("s-2vcpu-4gb", 4096, 2, 80, 4.0, 24.0, 0.03571),
        Size("s-4vcpu-8gb", 8192, 4, 160, 5.0, 48.0, 0.07143),
        Size("s-8vcpu-16gb", 16384, 8, 320, 6.0, 96.0, 0.14286),
        Size("c-2", 4096, 2, 25, 4.0, 42.0, 0.0625),
        Size("c-4", 8192, 4, 50, 5.0, 84.0, 0.125),
        Size("g-2vcpu-8gb", 8192, 2, 25, 4.0, 63.0, 0.09375),
        Size("g-4vcpu-16gb", 16384, 4, 50, 5.0, 126.0, 0.1875),
    )
}

# Slug: number, distribution, name. The numbers are the emulator's own; slugs are what configurations name.
IMAGES = {
    "ubuntu-22-04-x64": (119383150, "Ubuntu", "22.04 (LTS) x64"),
    "ubuntu-24-04-x64": (155133621, "Ubuntu", "24.04 (LTS) x64"),
    "debian-12-x64": (133948591, "Debian", "12 x64"),
    "debian-13-x64": (194432876, "Debian", "13 x64"),
}


def known_region(slug: str) -> str:
    """The region, or the API's refusal. Slugs are lower case."""
    if slug.lower() not in REGIONS:
        raise Unprocessable(f"region {slug!r} is invalid; valid are {', '.join(REGIONS)}")
    return slug.lower()


def known_size(slug: str) -> Size:
    if slug not in SIZES:
        raise Unprocessable("You specified an invalid size for Droplet creation.")
    return SIZES[slug]


def known_image(given: object) -> str:
    """The slug of an image that is named by slug or number."""
    for slug, (number, _, _) in IMAGES.items():
        if given in (slug, number, str(number)):
            return slug
    raise Unprocessable("You specified an invalid image for Droplet creation.")


def view_region(slug: str) -> dict[str, Any]:
    name = REGIONS[slug]
    return {"name": name, "slug": slug, "features": FEATURES, "available": True, "sizes": list(SIZES)}


def view_size(size: Size) -> dict[str, Any]:
    return {
        "slug": size.slug,
        "memory": size.memory,
        "vcpus": size.vcpus,
        "disk": size.disk,
        "transfer": size.transfer,
        "price_monthly": size.monthly,
        "price_hourly": size.hourly,
        "regions": list(REGIONS),
        "available": True,
        "description": {"s": "Basic", "c": "CPU-Optimized", "g": "General Purpose"}[size.slug[0]],
    }


def view_image(slug: str) -> dict[str, Any]:
    number, distribution, name = IMAGES[slug]
    return {
        "id": number,
        "name": name,
        "type": "base",
        "distribution": distribution,
        "slug": slug,
        "public": True,
        "regions": list(REGIONS),
        "created_at": "2025-01-15T12:00:00Z",
        "min_disk_size": 7,
        "size_gigabytes": 2.5,
        "description": f"{distribution} {name}",
        "tags": [],
        "status": "available",
    }


@routes.get("/v2/regions")
def list_regions(_: World, request: Request) -> Answer:
    return paged(request, "regions", list(REGIONS), view_region)


@routes.get("/v2/sizes")
def list_sizes(_: World, request: Request) -> Answer:
    return paged(request, "sizes", list(SIZES.values()), view_size)


@routes.get("/v2/images")
def list_images(_: World, request: Request) -> Answer:
    return paged(request, "images", list(IMAGES), view_image)


@routes.get("/v2/images/{image_id}")
def get_image(_: World, request: Request) -> Answer:
    try:
        slug = known_image(request.parts["image_id"])
    except Unprocessable:
        raise NotFound from None
    return Answer(200, {"image": view_image(slug)})
