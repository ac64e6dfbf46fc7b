"""Faults in secrets and images."""

from __future__ import annotations

from tests.policy.seeding import Fault, Seeded


def _drop_read_secret(seeded: Seeded) -> None:
    seeded.unmount("core", "/app/secret/jwtSecret.txt")


def _put_into_config(seeded: Seeded) -> None:
    configs = seeded.resources("docker_config")
    next(config for name, config in configs.items() if "alloy" in name)["data"] = "${local.password}"


FAULTS = (
    Fault(
        name="keeper that may run on a worker",
        seed=lambda s: s.service("postgres-keeper")["task_spec"].pop("placement"),
        rule="administrators_stay_off_workers",
        path="data/postgres/postgres-keeper: placement",
        cause="reads postgres-password and may run on a worker; the secret opens all of Postgres",
        fix="service.runs_on(NodeSelector.managers())",
    ),
    Fault(
        name="service with an administrator's token",
        seed=lambda s: s.container("core")["secrets"].append(
            {**s.mount("influxdb", "/run/secrets/influxdb-admin-token")}
        ),
        rule="administrators_stay_off_workers",
        path="platform/main/core: placement",
        cause="reads influxdb-admin-token and may run on a worker; the secret opens all of InfluxDB",
        fix="give it an account that can do no more than it needs",
    ),
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
        path="platform/main/jwt-key-file",
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
        name="secret in a variable",
        seed=lambda s: s.container("core").update(env={"NODE_ENV": "production", "KEY": "${var.key}"}),
        rule="secrets_are_in_secrets",
        path="platform/main/core: env",
        cause="docker service inspect would show it",
        fix="SwarmSecret",
    ),
    Fault(
        name="secret in a label",
        seed=lambda s: s.service("core")["labels"].append({"label": "note", "value": "${local.password}"}),
        rule="secrets_are_in_secrets",
        path="platform/main/core: labels",
        cause="docker service inspect would show it",
        fix="SwarmSecret",
    ),
    Fault(
        name="secret in a config",
        seed=_put_into_config,
        rule="secrets_are_in_secrets",
        path="data/alloy/config",
        cause="docker config inspect would show it",
        fix="SwarmSecret",
    ),
    Fault(
        name="placeholder that is left",
        seed=lambda s: s.document["locals"].update(forgotten="@@secret:key@@"),
        rule="secrets_are_in_secrets",
        path="local-services",
        cause="the plan would show it",
        fix="SwarmSecret",
    ),
    Fault(
        name="sign-in with placeholders",
        environment="prod",
        seed=lambda s: None,
        rule="sign_in_is_set_up",
        path="prod.yaml: ingress/sign_in/guild",
        cause="is a placeholder",
        fix="copy the id from Discord",
        severity="deploy",
    ),
    Fault(
        name="an allow-list of nobody's addresses",
        environment="prod",
        seed=lambda s: None,
        rule="ssh_sources_are_restricted",
        path="prod.yaml: cloud/access/ssh_from/0",
        cause="192.0.2.0/24 is a placeholder",
        fix="addresses of maintainers and CI",
        severity="deploy",
    ),
    Fault(
        name="unresolved image",
        environment="prod",
        seed=lambda s: s.container("redis").update(image="redis:8@unresolved"),
        rule="images_are_resolved",
        path="images.lock.yaml: redis:8",
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
)  # fmt: skip
