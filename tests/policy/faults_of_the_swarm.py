"""Faults in names, networks, routes, budgets and upkeep."""

from __future__ import annotations

import copy

from tests.policy.seeding import SETTINGS, Fault, Seeded

DYNAMIC = "/etc/traefik/dynamic.yml"
GUARD = "/run/secrets/forward-auth.yaml"
ADMIN = "200000000000000001"


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
        name="a file that is no JSON",
        seed=lambda s: s.edit("core", SETTINGS, lambda text: text.replace('"redis": {', '"redis": ')),
        rule="files_can_be_parsed",
        path="core: /app/config/production.json",
        cause="is not JSON",
        fix="instead of pasting text",
    ),
    Fault(
        name="port of a store on the node",
        seed=lambda s: s.service("redis")["endpoint_spec"].update(
            ports=[{"published_port": 6379, "target_port": 6379, "publish_mode": "host"}]),
        rule="only_traefik_publishes_ports",
        path="data/redis/redis: published port 6379",
        cause="bypass the node's own firewall",
        fix="connect_to(...)",
    ),
    Fault(
        name="nobody at port 443",
        seed=lambda s: s.service("traefik")["endpoint_spec"]["ports"].pop(),
        rule="only_traefik_publishes_ports",
        path="published port 443",
        cause="no page could be reached",
        fix="traefik.publishes",
    ),
    Fault(
        name="health check at a wrong port",
        seed=lambda s: s.container("core")["healthcheck"].update(test=["CMD-SHELL", "wget http://127.0.0.1:3002/healthz"]),
        rule="addresses_resolve",
        path="core: health check",
        cause="names its own port 3002",
        fix="listens={...}",
    ),
    Fault(
        name="health check of a connection that is not there",
        seed=lambda s: s.leave("discord-bot", "rabbitmq-net"),
        rule="addresses_resolve",
        path="discord-bot: health check",
        cause="looks for a connection to port 5672",
        fix="connect_to()",
    ),
    Fault(
        name="Traefik sent to a wrong port",
        seed=lambda s: s.label("web", "traefik.http.services.web.loadbalancer.server.port", "8080"),
        rule="route_ports_are_open",
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
        rule="routes_declare_access",
        path="rabbitmq: router rabbitmq",
        cause="passes through public@file; its access is declared as role admin",
        fix="expose_via(gateway, access=...)",
    ),
    Fault(
        name="alias past what all pages pass through",
        seed=lambda s: s.label("web", "traefik.http.routers.web.middlewares", "web-redirect"),
        rule="routes_declare_access",
        path="web: router web",
        cause="passes through web-redirect; its access is declared as public",
        fix="expose_via(gateway, access=...)",
    ),
    Fault(
        name="route that nobody decided on",
        seed=lambda s: s.label("web", "traefik.http.routers.web.rule", "Host(`new.sprocket.localhost`)"),
        rule="routes_declare_access",
        path="web: router web",
        cause="its access is not declared",
        fix="access=...",
    ),
    Fault(
        name="duplicate route",
        seed=_same_route,
        rule="routes_are_unique",
        path="platform/main/web",
        cause="rule Host(`api.sprocket.localhost`) is declared twice",
        fix="a host of its own",
    ),
    Fault(
        name="no sign-in in front of guarded pages",
        seed=lambda s: s.replace("traefik", DYNAMIC, "session, sign-in, ", "session, "),
        rule="guarded_routes_require_sign_in",
        path="/etc/traefik/dynamic.yml: http/middlewares/guarded",
        cause="every page that needs a role would be open",
        fix="forwardAuth",
    ),
    Fault(
        name="sign-in that asks for nobody's role",
        seed=lambda s: s.replace("forward-auth", GUARD, ADMIN, "1"),
        rule="roles_have_members",
        path="/run/secrets/forward-auth.yaml: rules/default/auth-rule",
        cause="it names no Discord role of local.yaml: ingress/sign_in/roles",
        fix="the environment's roles",
    ),
    Fault(
        name="two services of one name",
        seed=_same_name,
        rule="names_are_unique",
        path="service core",
        cause="is declared twice; the engine refuses the second",
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
        rule="placement_matches_a_node",
        path="local.yaml: resources/core/memory",
        cause="the largest node that it may run on has 8GiB",
        fix="lower it",
    ),
    Fault(
        name="a node that nobody has",
        environment="prod",
        seed=lambda s: s.service("redis")["task_spec"]["placement"].update(constraints=["node.labels.storage==big"]),
        rule="placement_matches_a_node",
        path="data/redis/redis: placement",
        cause="no node pool matches (labels: storage=main)",
        fix="prod.yaml: nodes/<pool>/labels",
    ),
    Fault(
        name="more tasks than nodes",
        seed=lambda s: s.service("telegraf")["mode"]["replicated"].update(replicas=3),
        rule="placement_matches_a_node",
        path="telegraf: replicas",
        cause="wants 3 tasks, at most 1 on a node; nodes for it: 1",
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
        rule="services_have_health_checks",
        path="core: health check",
        cause="a task that does not answer would count as deployed",
        fix="HealthCheck.http(...)",
    ),
    Fault(
        name="crash loop without a pause",
        seed=lambda s: s.service("core")["task_spec"]["restart_policy"].update(delay="0s"),
        rule="restarts_are_limited",
        path="core: restart policy",
        cause="a crash loop without a pause fills the disk",
        fix="so that SwarmService renders it",
    ),
    Fault(
        name="logs that grow for ever",
        seed=lambda s: s.service("core")["task_spec"]["log_driver"].update(options={}),
        rule="restarts_are_limited",
        path="core: log rotation",
        cause="logs would fill the disk",
        fix="so that SwarmService renders it",
    ),
    Fault(
        name="no time to leave",
        seed=lambda s: s.container("core").update(stop_grace_period="0s"),
        rule="restarts_are_limited",
        path="core: stop grace",
        cause="killed in the middle of its work",
        fix="so that SwarmService renders it",
    ),
    Fault(
        name="a bad image that stays",
        seed=lambda s: s.service("core")["update_config"].update(failure_action="pause"),
        rule="restarts_are_limited",
        path="core: update policy",
        cause="a bad image would not be rolled back",
        fix="so that SwarmService renders it",
    ),
    Fault(
        name="a deploy that nobody waits for",
        seed=lambda s: s.service("core").pop("converge_config"),
        rule="restarts_are_limited",
        path="core: convergence",
        cause="a failed deploy would count as done",
        fix="so that SwarmService renders it",
    ),
    Fault(
        name="route without labels",
        seed=lambda s: s.service("web").pop("labels"),
        rule="routes_declare_access",
        path="local-services: web",
        cause="the page would answer 404",
        fix="expose_via(gateway, ...)",
    ),
    Fault(
        name="virtual address",
        seed=lambda s: s.service("core")["endpoint_spec"].update(mode="vip"),
        rule="networks_work_without_ipvs",
        path="core: endpoint_spec",
        cause="virtual addresses need IPVS",
        fix="so that SwarmService renders it",
    ),
)  # fmt: skip
