"""Credentials that are not in the list of secrets: of nodes, people and accounts. No deploy gives them a new value, so each says what does."""

from __future__ import annotations

from dataclasses import dataclass

from ops.errors import Obstacle

RUNBOOK = "docs/runbooks/rotate-a-secret.md"


@dataclass(frozen=True, kw_only=True)
class Credential:
    """One that ``ops rotate`` is asked for and does not change.

    Args:
        names: what people call it; the first one is shown.
        because: why the command does not change it.
        instead: what does; ``{env}`` stands for the environment.
        of_nodes: whether only an environment with nodes in the cloud has it.
    """

    names: tuple[str, ...]
    because: str
    instead: str
    of_nodes: bool = False

    def obstacle(self, environment: str, *, has_nodes: bool) -> Obstacle:
        """As a rotation of it is refused."""
        if self.of_nodes and not has_nodes:
            return Obstacle(
                what=f"{environment} has no {self.names[0]}: its node is this machine",
                fix="there is nothing to rotate",
            )
        return Obstacle(
            what=f"{self.names[0]} is not rotated by this command: {self.because}",
            fix=self.instead.format(env=environment),
        )


_AT_FIRST_BOOT = (
    "Terraform makes it, and a node reads it at its first boot only, so it is rotated by replacing the node"
)
_NOTHING_HAS_IT = "nothing that runs has it, only the shell and CI"

CREDENTIALS = (
    Credential(
        names=("worker-host-key", "worker-host-keys", "worker-key"),
        because=_AT_FIRST_BOOT,
        instead=f"the steps are in {RUNBOOK} (The nodes' keys); the last one, for each worker: "
        "python -m ops replace-node --env {env} --node NAME",
        of_nodes=True,
    ),
    Credential(
        names=("host-key", "host-keys", "manager-host-key", "node-key", "node-keys", "ssh-host-key"),
        because=_AT_FIRST_BOOT,
        instead=f"one node: the steps are in {RUNBOOK} (The nodes' keys); the last one: "
        "python -m ops replace-node --env {env} --node NAME --dead --ends-swarm. Several: they trust a manager by the key that they were "
        "built with, so there is no way yet that keeps the swarm",
        of_nodes=True,
    ),
    Credential(
        names=("join-key", "join-keys", "join-manager", "join-worker"),
        because="Terraform makes it, and nodes read it at their first boot only; managers admit the one that they were built with",
        instead=f"there is no way yet that keeps the swarm: {RUNBOOK} (The nodes' keys)",
        of_nodes=True,
    ),
    Credential(
        names=("ssh-keys", "ssh-key", "operator-keys", "operator-key", "operators-keys", "authorized-keys"),
        because="people make their own, and the environment's file has the public half",
        instead="edit cloud/ssh_keys in environments/{env}.yaml, then: python -m ops keys --env {env}",
        of_nodes=True,
    ),
    Credential(
        names=("join-token", "join-tokens", "swarm-token", "worker-token", "manager-token"),
        because="the swarm makes it, and nodes renew it after each join",
        instead="at once: docker swarm join-token --rotate worker, and the same with manager, on a manager",
    ),
    Credential(
        names=("swarm-ca", "swarm-certificates", "node-certificates"),
        because="the swarm makes it, and renews the nodes' certificates by itself",
        instead="at once: docker swarm ca --rotate, on a manager",
    ),
    Credential(
        names=("certificates", "certificate", "tls-certificate", "acme-account", "acme-key"),
        because="Traefik makes it, and renews certificates by itself",
        instead="if the key leaked: revoke the certificate where it was issued; only a new acme.json makes Traefik ask for another one",
    ),
    Credential(
        names=("tailscale-key", "tailscale-keys"),
        because="it works once, at the first boot of one manager, and one that has joined does not need it",
        instead="a manager that is replaced needs a new one: make it in Tailscale's console (not reusable), and export it as "
        "TF_VAR_tailscale_key_<pool>_<number>",
        of_nodes=True,
    ),
    Credential(
        names=("digitalocean-token", "digitalocean-access-token", "do-token"),
        because=_NOTHING_HAS_IT,
        instead="make a new one in the control panel (API, Tokens), set DIGITALOCEAN_TOKEN in the shell and in CI, then delete the old one",
    ),
    Credential(
        names=("spaces-key", "spaces-access-key-id", "spaces-secret-access-key"),
        because=_NOTHING_HAS_IT,
        instead="make a new one in the control panel (Spaces, Access Keys), set SPACES_ACCESS_KEY_ID and SPACES_SECRET_ACCESS_KEY in the "
        "shell and in CI, then delete the old one",
    ),
    Credential(
        names=("state-key", "aws-access-key-id", "aws-secret-access-key"),
        because=_NOTHING_HAS_IT,
        instead="make a new one for the state's bucket, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the shell and in CI, then "
        "delete the old one",
    ),
    Credential(
        names=("state-passphrase", "tf-encryption"),
        because="it opens the state that a rotation reads and writes",
        instead="in TF_ENCRYPTION, give the new one as the method and the old one as fallback, deploy once, then leave the fallback out "
        "(docs/runbooks/state.md)",
    ),
    Credential(
        names=("deploy-ssh-key", "ci-key"),
        because="CI alone has it",
        instead="make a new pair, put its public half into cloud/ssh_keys of environments/{env}.yaml (or into the variable SSH_KEY_CI), run "
        "python -m ops keys --env {env}, and set DEPLOY_SSH_KEY in CI",
    ),
)

SETTINGS = {
    "registry-token": "platform/login",
    "dns-token": "ingress/acme/challenge: dns",
    "alerts-webhook": "data/grafana/alerts: discord",
    "grafana-database-password": "data/grafana/database: postgres",
    "chatwoot-hmac-key": "chatwoot in an instance of platform/instances",
    "dgraph-api-key": "elo in an instance of platform/instances",
}
"""Secrets that an environment has only with a setting of its file."""


def plain(name: str) -> str:
    """A name as the list has it: ``TF_VAR_registry_token`` is ``registry-token``."""
    return name.lower().replace("_", "-").removeprefix("tf-var-")


def obstacle(name: str, environment: str, *, has_nodes: bool) -> Obstacle | None:
    """What to say to a name that is no secret of the environment but means something; nothing to any other.

    Args:
        has_nodes: whether it has nodes in the cloud.
    """
    if name in SETTINGS:
        return Obstacle(
            what=f"{environment} has no {name}: its file does not have {SETTINGS[name]}",
            fix="there is nothing to rotate",
        )
    return next(
        (each.obstacle(environment, has_nodes=has_nodes) for each in CREDENTIALS if name in each.names), None
    )
