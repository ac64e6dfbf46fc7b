"""Faults in names, networks, routes, images, budgets and secrets."""

from __future__ import annotations

import copy

from tests.policy.seeding import Fault, Seeded

DYNAMIC = "/etc/traefik/dynamic.yml"
GUARD = "/run/secrets/forward-auth.yaml"
ADMIN = "200000000000000001"


def _drop_read_secret(seeded: Seeded) -> None:
    seeded.unmount("core", "/app/secret/jwtSecret.txt")


def _alias(seeded: Seeded, name: str) -> None:
    for joined in seeded.service("web")["task_spec"]["networks_advanced"]:
        joined["aliases"] = [name]


def _same_name(seeded: Seeded) -> None:
    seeded.service("web")["name"] = "core"


def _same_route(seeded: Seeded) -> None:
    labels = seeded.service("web")["labels"]
    labels[:] = copy.deepcopy(seeded.service("core")["labels"])


FAULTS = (
    Fault(
        name="secret that nobody reads",
        seed=_drop_read_secret,
        rule="secrets_are_read",
        path="platform/main/secrets/jwt-key",
        cause="generated secret jwt-key is read by no service",
        fix="service.reads(...)",
    ),
    Fault(
        name="file that nobody reads",
        seed=_drop_read_secret,
        rule="files_are_read",
        path="platform/main/jwt-key-file",
        cause="is read by no service",
        fix="service.reads(file, at=...)",
    ),
    Fault(
        name="file that nobody declared",
        seed=lambda s: s.mount("core", "/app/secret/jwtSecret.txt").update(secret_id="${docker_secret.gone.id}"),
        rule="files_are_read",
        path="/app/secret/jwtSecret.txt",
        cause="the stack has no such file",
        fix="declare the SwarmConfig or SwarmSecret",
    ),
    Fault(
        name="secret that nobody declared",
        seed=lambda s: s.edit("core", "/app/secret/jwtSecret.txt", lambda text: "${var.jwt_secret}"),
        rule="secrets_have_an_owner",
        path="jwt-key-file_content_D7EF3A37",
        cause="refers to var.jwt_secret; no secret of that name is declared",
        fix="layers/secrets.py",
    ),
    Fault(
        name="secret in a command",
        seed=lambda s: s.container("redis").update(args=["--requirepass", "${random_password.x.result}"]),
        rule="secrets_are_in_secrets",
        path="data/redis/redis: args",
        cause="docker service inspect would show it",
        fix="SwarmSecret",
    ),
    Fault(
        name="supplied secret without a value",
        environment="prod",
        seed=lambda s: None,
        rule="supplied_secrets_are_there",
        path="prod-services: variable discord_bot_token",
        cause="has no value; it is supplied from outside: token of the Discord bot",
        fix="TF_VAR_",
        severity="deploy",
    ),
    Fault(
        name="sign-in with placeholders",
        environment="prod",
        seed=lambda s: None,
        rule="sign_in_is_set_up",
        path="prod.yaml: ingress/sign_in/guild",
        cause="is a placeholder",
        fix="put the id from Discord there",
        severity="deploy",
    ),
    Fault(
        name="unresolved image",
        environment="prod",
        seed=lambda s: None,
        rule="images_are_resolved",
        path="images.lock.yaml: redis:8.2.9-bookworm",
        cause="has no digest yet (unresolved)",
        fix="python -m ops images resolve",
        severity="deploy",
    ),
    Fault(
        name="floating image",
        environment="prod",
        seed=lambda s: s.container("redis").update(image="redis:latest"),
        rule="images_are_pinned",
        path="data/redis/redis: image",
        cause="it is not pinned",
        fix="images.lock.yaml",
    ),
    Fault(
        name="image that is not in the lock",
        environment="prod",
        seed=lambda s: s.container("redis").update(image="redis:7.0@unresolved"),
        rule="images_are_in_the_lock",
        path="data/redis/redis: image",
        cause="redis:7.0@unresolved is not in the environment's source of images",
        fix="site.image(...)",
    ),
    Fault(
        name="port of a store on the node",
        seed=lambda s: s.service("redis")["endpoint_spec"].update(
            ports=[{"published_port": 6379, "target_port": 6379, "publish_mode": "host"}]),
        rule="ports_are_published_by_the_way_in_only",
        path="data/redis/redis: published port 6379",
        cause="open to the internet",
        fix="connect_to(...)",
    ),
    Fault(
        name="nobody at port 443",
        seed=lambda s: s.service("traefik")["endpoint_spec"]["ports"].pop(),
        rule="ports_are_published_by_the_way_in_only",
        path="published port 443",
        cause="nobody could reach any page",
        fix="traefik.publishes",
    ),
    Fault(
        name="health check at a wrong port",
        seed=lambda s: s.container("core")["healthcheck"].update(test=["CMD-SHELL", "wget http://127.0.0.1:3002/healthz"]),
        rule="addresses_lead_somewhere",
        path="core: health check",
        cause="names its own port 3002",
        fix="listens={...}",
    ),
    Fault(
        name="health check of a connection that is not there",
        seed=lambda s: s.leave("discord-bot", "rabbitmq-net"),
        rule="addresses_lead_somewhere",
        path="discord-bot: health check",
        cause="looks for a connection to port 5672",
        fix="connect_to()",
    ),
    Fault(
        name="Traefik sent to a wrong port",
        seed=lambda s: s.label("web", "traefik.http.services.web.loadbalancer.server.port", "8080"),
        rule="labels_lead_to_ports",
        path="web: label traefik.http.services.web.loadbalancer.server.port",
        cause="every request would be a 502",
        fix="expose_via(port=...)",
    ),
    Fault(
        name="Traefik on another network",
        seed=lambda s: s.label("web", "traefik.swarm.network", "web-net"),
        rule="traefik_finds_the_service",
        path="web: label traefik.swarm.network",
        cause="requests would time out",
        fix="expose_via(gateway, ...)",
    ),
    Fault(
        name="page opened past its role",
        seed=lambda s: s.label("rabbitmq", "traefik.http.routers.rabbitmq.middlewares", "public@file"),
        rule="routes_are_decided",
        path="rabbitmq: router rabbitmq",
        cause="passes through public@file; it was declared role admin",
        fix="expose_via(gateway, access=...)",
    ),
    Fault(
        name="route that nobody decided on",
        seed=lambda s: s.label("web", "traefik.http.routers.web.rule", "Host(`new.sprocket.localhost`)"),
        rule="routes_are_decided",
        path="web: router web",
        cause="nobody decided who may use that",
        fix="access=...",
    ),
    Fault(
        name="duplicate route",
        seed=_same_route,
        rule="routes_are_apart",
        path="platform/main/web",
        cause="rule Host(`api.sprocket.localhost`) is there twice",
        fix="a host of its own",
    ),
    Fault(
        name="no sign-in in front of guarded pages",
        seed=lambda s: s.replace("traefik", DYNAMIC, "rate-limit, sign-in, compress", "rate-limit, compress"),
        rule="sign_in_stands_in_front",
        path="/etc/traefik/dynamic.yml: http/middlewares/guarded",
        cause="every page that needs a role would be open",
        fix="forwardAuth",
    ),
    Fault(
        name="sign-in that asks for nobody's role",
        seed=lambda s: s.replace("forward-auth", GUARD, ADMIN, "1"),
        rule="roles_have_members",
        path="/run/secrets/forward-auth.yaml: rules/default/auth-rule",
        cause="that is no Discord role of local.yaml: ingress/sign_in/roles",
        fix="the environment's roles",
    ),
    Fault(
        name="two services of one name",
        seed=_same_name,
        rule="names_are_apart",
        path="service core",
        cause="is there twice; the engine refuses the second",
        fix="another name",
    ),
    Fault(
        name="two services answer to one name",
        seed=lambda s: _alias(s, "core"),
        rule="names_resolve_to_one",
        path="traefik: networks",
        cause="sees two services called core",
        fix="another alias",
    ),
    Fault(
        name="network of nobody",
        seed=lambda s: s.service("web")["task_spec"]["networks_advanced"].append({"name": "elsewhere"}),
        rule="networks_exist",
        path="web: networks",
        cause="joins elsewhere; the stack has no such network",
        fix="connect_to(...)",
    ),
    Fault(
        name="limit above every node",
        seed=lambda s: s.service("core")["task_spec"]["resources"]["limits"].update(memory_bytes=64 * 1024**3),
        rule="services_find_a_node",
        path="local.yaml: resources/core/memory",
        cause="the largest node that it may run on has 8192",
        fix="lower it",
    ),
    Fault(
        name="a node that nobody has",
        environment="prod",
        seed=lambda s: s.service("redis")["task_spec"]["placement"].update(constraints=["engine.labels.storage==big"]),
        rule="services_find_a_node",
        path="data/redis/redis: placement",
        cause="no pool of nodes is like that (labels: storage=main)",
        fix="prod.yaml: nodes/<pool>/labels",
    ),
    Fault(
        name="more tasks than nodes",
        seed=lambda s: s.service("telegraf")["mode"]["replicated"].update(replicas=3),
        rule="services_find_a_node",
        path="telegraf: replicas",
        cause="wants 3 tasks, at most 1 on a node; there are 1 nodes for it",
        fix="add nodes",
    ),
    Fault(
        name="reservations above the nodes",
        seed=lambda s: s.service("core")["task_spec"]["resources"]["reservation"].update(memory_bytes=9 * 1024**3),
        rule="reservations_fit",
        path="local.yaml: nodes",
        cause="of memory on all nodes",
        fix="environments/resources/small.yaml",
    ),
    Fault(
        name="no limit",
        seed=lambda s: s.service("core")["task_spec"]["resources"].pop("limits"),
        rule="limits_and_reservations_are_set",
        path="core: resources/limits",
        cause="is not bounded",
        fix="environments/resources/small.yaml",
    ),
    Fault(
        name="no health check",
        seed=lambda s: s.container("core")["healthcheck"].update(test=["NONE"]),
        rule="health_is_checked",
        path="core: health check",
        cause="a task that does not answer would count as deployed",
        fix="HealthCheck.http(...)",
    ),
    Fault(
        name="crash loop without a pause",
        seed=lambda s: s.service("core")["task_spec"]["restart_policy"].update(delay="0s"),
        rule="failures_are_bounded",
        path="core: restart policy",
        cause="a crash loop without a pause fills the disk",
        fix="let SwarmService render it",
    ),
    Fault(
        name="virtual address",
        seed=lambda s: s.service("core")["endpoint_spec"].update(mode="vip"),
        rule="networks_work_without_ipvs",
        path="core: endpoint_spec",
        cause="virtual addresses need IPVS",
        fix="let SwarmService render it",
    ),
)  # fmt: skip
