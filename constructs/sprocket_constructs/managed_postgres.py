"""Postgres that DigitalOcean runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ._cdktf import Construct, TerraformResourceLifecycle
from ._cdktf.cloud import (
    DatabaseCluster,
    DatabaseClusterMaintenanceWindow,
    DatabaseConnectionPool,
    DatabaseDb,
    DatabaseFirewall,
    DatabaseFirewallRule,
    DatabaseUser,
)
from .errors import ConstructError
from .node_tag import NodeTag
from .private_network import PrivateNetwork


@dataclass(frozen=True, kw_only=True)
class PostgresSize:
    """What is ordered.

    Args:
        slug: such as ``db-s-1vcpu-1gb``.
        nodes: 1, or with standby nodes 2 or 3.
        version: major version; a later one is an upgrade in place, which Terraform does not wait for.
    """

    slug: str
    nodes: int
    version: str


class ManagedPostgres(Construct):
    """A cluster on the private network, which only nodes of some tags may reach.

    The cluster and its databases cannot be destroyed. Both are instances of resources that are there without any
    too: taking the cluster out of the settings is refused in the plan, as changing what would replace it is.

    Args:
        name: unique in the account.
        size: none orders nothing.
        admits: nodes of these tags.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        size: PostgresSize | None,
        network: PrivateNetwork,
        admits: Sequence[NodeTag],
    ) -> None:
        super().__init__(scope, id_)
        self.size = size
        if size is not None and not admits:
            raise ConstructError(
                self, "admits no tag, which opens it to the internet", fix="name a tag of the clients"
            )
        self._databases: list[str] = []
        self._users: list[str] = []
        self._cluster = self._order(name, size, network, admits[0] if admits else None)
        self._stored = self._database_resource()
        if size is not None:
            firewall = DatabaseFirewall(
                self,
                "firewall",
                cluster_id=self._id,
                rule=[DatabaseFirewallRule(type="tag", value=tag.reference) for tag in admits],
            )
            firewall.override_logical_id(id_)
        self.private_host = self._of("private_host")
        """Terraform's reference to its name on the private network."""
        self.password = self._of("password")
        """Terraform's reference to the password of ``doadmin``; keep it out of sight."""
        self.urn = self._of("urn")
        """Terraform's reference to its URN."""

    def _of(self, attribute: str) -> str:
        return f"${{digitalocean_database_cluster.{self.node.id}[0].{attribute}}}"

    @property
    def _id(self) -> str:
        return self._of("id")

    def _order(
        self, name: str, size: PostgresSize | None, network: PrivateNetwork, tag: NodeTag | None
    ) -> DatabaseCluster:
        cluster = DatabaseCluster(
            self,
            "Resource",
            name=name,
            engine="pg",
            version=size.version if size else "17",
            size=size.slug if size else "db-s-1vcpu-1gb",
            node_count=size.nodes if size else 1,
            region=network.region,
            private_network_uuid=network.id,
            tags=[tag.reference] if tag else None,
            maintenance_window=[DatabaseClusterMaintenanceWindow(day="sunday", hour="09:00:00")],
            lifecycle=TerraformResourceLifecycle(prevent_destroy=True),
        )
        cluster.override_logical_id(self.node.id)
        cluster.add_override("count", 1 if size else 0)
        return cluster

    def _database_resource(self) -> DatabaseDb:
        stored = DatabaseDb(
            self,
            "databases",
            cluster_id=self._id,
            name="${each.key}",
            lifecycle=TerraformResourceLifecycle(prevent_destroy=True),
        )
        stored.override_logical_id(self.node.id)
        stored.add_override("for_each", {})
        return stored

    def database(self, name: str) -> None:
        """Makes a database, which then cannot be dropped."""
        self._must_be_there("database", name, self._databases)
        self._stored.add_override(f"for_each.{name}", name)

    def user(self, name: str) -> None:
        """Makes a login. DigitalOcean chooses its password, which is in state."""
        self._must_be_there("user", name, self._users)
        resource = DatabaseUser(self, f"user-{name}", cluster_id=self._id, name=name)
        resource.override_logical_id(name)

    def pool(self, name: str, *, database: str, user: str, size: int, mode: str) -> None:
        """Puts PgBouncer in front of a database.

        Args:
            size: connections to the server; another one replaces the pool, whose clients reconnect.
            mode: ``transaction``, ``session`` or ``statement``.
        """
        if database not in self._databases or user not in (*self._users, "doadmin"):
            raise ConstructError(
                self,
                f"pool {name} is for {user} on {database}, which are not declared",
                fix="declare the database and the user first",
            )
        needs = [self._stored, *(child for child in self.node.children if child.node.id == f"user-{user}")]
        resource = DatabaseConnectionPool(
            self,
            f"pool-{name}",
            cluster_id=self._id,
            name=name,
            db_name=database,
            user=user,
            size=size,
            mode=mode,
            depends_on=[each for each in needs if isinstance(each, DatabaseDb | DatabaseUser)],
        )
        resource.override_logical_id(name)

    def _must_be_there(self, kind: str, name: str, known: list[str]) -> None:
        if self.size is None:
            raise ConstructError(
                self, f"{kind} {name} has no cluster to be in", fix="give the cluster a size"
            )
        if name in known:
            raise ConstructError(self, f"{kind} {name} is declared twice", fix="declare it once")
        known.append(name)
