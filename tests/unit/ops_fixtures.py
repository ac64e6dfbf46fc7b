"""Small synthesized stacks for the tests of ops, in the form that cdktf writes."""

from __future__ import annotations

import base64
from typing import Any

DIGEST_1 = "sha256:" + "1" * 64
DIGEST_2 = "sha256:" + "2" * 64


def at(path: str, **values: Any) -> dict[str, Any]:
    """A resource with its construct's path."""
    return {"//": {"metadata": {"path": f"local-services/{path}/Resource"}}, **values}


def service(
    path: str,
    *,
    name: str,
    image: str = f"example.org/app:1.2@{DIGEST_1}",
    replicas: int = 1,
    order: str = "start-first",
    networks: tuple[str, ...] = (),
    configs: dict[str, str] | None = None,
    secrets: dict[str, str] | None = None,
    labels: dict[str, str] | None = None,
    mounts: dict[str, str] | None = None,
    port: int | None = None,
) -> dict[str, Any]:
    """A docker_service. Networks, configs (path: name), secrets and mounts name other resources of the fixture."""
    container: dict[str, Any] = {
        "image": image,
        "stop_grace_period": "10s",
        "healthcheck": {"test": ["CMD", "true"], "start_period": "1m"},
        "configs": [_mount("config", file, key) for file, key in (configs or {}).items()],
        "secrets": [_mount("secret", file, key) for file, key in (secrets or {}).items()],
        "mounts": [
            {"target": target, "source": f"${{docker_volume.{key}.name}}", "type": "volume"}
            for target, key in (mounts or {}).items()
        ],
    }
    ports = [{"published_port": port, "target_port": port, "publish_mode": "host"}] if port else []
    return at(
        path,
        name=name,
        mode={"replicated": {"replicas": replicas}},
        update_config={"order": order},
        endpoint_spec={"mode": "dnsrr", "ports": ports},
        labels=[{"label": label, "value": value} for label, value in (labels or {}).items()],
        task_spec={
            "container_spec": container,
            "networks_advanced": [{"name": f"${{docker_network.{key}.id}}"} for key in networks],
        },
    )


def config(path: str, *, name: str, text: str) -> dict[str, Any]:
    """A docker_config."""
    return at(
        path, name=f"{name}-{abs(hash(text)) % 16**8:08x}", data=base64.b64encode(text.encode()).decode()
    )


def secret(path: str, *, name: str, local: str) -> dict[str, Any]:
    """A docker_secret rendered from a local."""
    return at(path, name=f"{name}-${{substr(x, 0, 8)}}", data=f"${{base64encode(local.{local})}}")


def network(path: str, *, name: str, internal: bool = True) -> dict[str, Any]:
    """An overlay network."""
    return at(path, name=name, driver="overlay", internal=internal)


def stack() -> dict[str, Any]:
    """Two services: redis in data with a secret and a volume, web in platform, routed, with a config."""
    return {
        "locals": {"redis_conf": "requirepass ${random_password.redis_password.result}\n"},
        "output": {"addresses": {"value": '{"web.example.org": "web, public"}'}},
        "resource": {
            "docker_service": {
                "redis": service(
                    "data/redis",
                    name="redis",
                    image=f"redis:8.2@{DIGEST_1}",
                    order="stop-first",
                    networks=("redis_net",),
                    secrets={"/run/secrets/conf": "redis_conf"},
                    mounts={"/data": "redis_data"},
                ),
                "web": service(
                    "platform/web",
                    name="web",
                    networks=("redis_net", "edge"),
                    configs={"/app/config.yml": "web_conf"},
                    labels={"traefik.http.routers.web.rule": "Host(`web.example.org`)"},
                ),
            },
            "docker_network": {
                "redis_net": network("data/redis/network", name="redis-net"),
                "edge": network("ingress/gateway/network", name="edge", internal=False),
            },
            "docker_volume": {"redis_data": at("data/redis/data", name="sprocket-redis")},
            "docker_config": {"web_conf": config("platform/web/conf", name="web-conf", text="a: 1\nb: 2\n")},
            "docker_secret": {"redis_conf": secret("data/redis/conf", name="redis-conf", local="redis_conf")},
            "random_password": {
                "redis_password": at("secrets/redis-password", length=32, keepers={"revision": "1"})
            },
        },
    }


def _mount(kind: str, file: str, key: str) -> dict[str, Any]:
    return {
        f"{kind}_id": f"${{docker_{kind}.{key}.id}}",
        f"{kind}_name": f"${{docker_{kind}.{key}.name}}",
        "file_name": file,
        "file_mode": 0o444,
        "file_uid": "0",
        "file_gid": "0",
    }
