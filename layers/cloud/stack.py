"""The cloud stack: nodes, volumes, network, names, and what DigitalOcean runs for us."""

from sprocket_constructs import (
    Alarms,
    CloudProject,
    CloudStack,
    Construct,
    DnsZone,
    ManagedPostgres,
    Operator,
    PostgresSize,
    PrivateNetwork,
    PublicAddress,
    SwarmApp,
)

from ..backend import keep_state
from ..node.node import managers_name
from ..pages import MONITORING
from ..platform.identity import identities_of
from ..settings.cloud import SUPPLIED, Cloud, ssh_key_variable
from ..settings.environment import Environment
from .access import NodeAccess
from .machines import Machines
from .names import manager_host, public_hosts
from .nodes import nodes_of, tailscale_key_variable
from .storage import SpacesStorage

NODE_TTL = 60
"""Seconds: a recreated node has another address, and its peers look for it by name."""

ONE_PUBLIC_KEY = "^(ssh|sk-ssh|ecdsa)-[a-z0-9@.-]+ [A-Za-z0-9+/=]+( [^\\n]*)?$"
"""Of one line: the value ends up inside a file of the nodes' user data, where a second line would be another key."""


class EnvironmentCloud(CloudStack):
    """All that one environment has in the cloud. Only names that are known here are shared with the services' stack."""

    def __init__(self, app: SwarmApp, settings: Environment, cloud: Cloud) -> None:
        super().__init__(app, settings.cloud_stack)
        keep_state(self, settings)
        self.settings = settings
        self.network = PrivateNetwork(
            self, "network", name=settings.name, region=cloud.region, addresses=cloud.vpc_range
        )
        self.access = NodeAccess(self, "access", name=settings.name, cloud=cloud, network=self.network)
        operators = self._operators(cloud)
        shown = Construct(self, "operators")
        for name, key in operators.items():
            Operator(shown, name, key=key)
        self.machines = Machines(
            self,
            "machines",
            settings=settings,
            cloud=cloud,
            network=self.network,
            access=self.access,
            operators=operators,
            tailscale_keys=self._tailscale_keys() if cloud.access.tailscale else {},
        )
        self.address = PublicAddress(self, "address", region=cloud.region)
        self.address.leads_to(self.machines.ingress)
        self.postgres = self._orders_postgres(cloud)
        self.names = self._names(cloud)
        self.storage = SpacesStorage(self, "storage", settings=settings, cloud=cloud)
        self._alarms(cloud)
        self._shows()
        self.tells("host_key", self.machines.host_key.public)
        self.tells("worker_host_key", self.machines.worker_host_key.public)
        self.tells("address", self.address.address)

    def _operators(self, cloud: Cloud) -> dict[str, str]:
        return {
            name: self._operator(name) if key == SUPPLIED else key
            for name, key in sorted(cloud.ssh_keys.items())
        }

    def _operator(self, name: str) -> str:
        return self.supplied(
            ssh_key_variable(name),
            f"public SSH key of {name}, one line",
            sensitive=False,
            pattern=ONE_PUBLIC_KEY,
        )

    def _tailscale_keys(self) -> dict[str, str]:
        """One for each manager, by the node's name: user data keeps a key for as long as the droplet lives, so it must be worth nothing once
        it was used. Workers are reached over a manager, and get none."""
        return {
            node.name: self.supplied(
                tailscale_key_variable(node),
                f"Tailscale auth key, one-off, pre-approved and tagged, that {node.name} joins the mesh with at its first boot",
            )
            for node in nodes_of(self.settings)
            if node.role == "manager"
        }

    def _orders_postgres(self, cloud: Cloud) -> ManagedPostgres:
        wanted = cloud.database
        size = PostgresSize(slug=wanted.size, nodes=wanted.nodes, version=wanted.version) if wanted else None
        postgres = ManagedPostgres(
            self,
            "postgres",
            name=f"{self.settings.name}-db",
            size=size,
            network=self.network,
            admits=[self.access.everywhere],
        )
        if wanted is None:
            return postgres
        for database in wanted.databases:
            postgres.database(database)
        for user in wanted.users:
            postgres.user(user)
        for name, pool in wanted.pools.items():
            postgres.pool(name, database=pool.database, user=pool.user, size=pool.size, mode=pool.mode)
        # Named like the variable of the services' stack.
        self.tells("postgres_password", postgres.password, sensitive=True)
        return postgres

    def _names(self, cloud: Cloud) -> DnsZone:
        zone = DnsZone(self, "zone", name=cloud.zone, is_ours=cloud.zone_is_ours)
        for host in public_hosts(self.settings):
            zone.address(host, self.address.address)
        if cloud.access.is_private:
            inside = self.machines.ingress.private_address
            zone.address(manager_host(self.settings), inside, ttl=NODE_TTL)
        for node in self.machines.nodes:
            zone.address(node.dns_name, self.machines.droplets[node.name].private_address, ttl=NODE_TTL)
        # Whom a node asks for the swarm before it starts one: a name of its own user data may be of yesterday.
        managers = {
            f"{node.pool}-{node.number}": self.machines.droplets[node.name].private_address
            for node in self.machines.nodes
            if node.role == "manager"
        }
        zone.addresses(managers_name(self.settings.domain), managers, ttl=NODE_TTL)
        if cloud.database:
            zone.alias(f"db.{self.settings.domain}", self.postgres.private_host)
        return zone

    def _alarms(self, cloud: Cloud) -> None:
        if cloud.alerts is None:
            return
        alarms = Alarms(self, "alarms", email=cloud.alerts.email, prefix=self.settings.name)
        alarms.when_above("cpu", cloud.alerts.cpu, nodes=self.access.everywhere)
        alarms.when_above("memory_utilization_percent", cloud.alerts.memory, nodes=self.access.everywhere)
        alarms.when_above("disk_utilization_percent", cloud.alerts.disk, nodes=self.access.everywhere)
        for identity in identities_of(self.settings):
            alarms.when_silent(identity.name, url=f"https://{identity.host}")
        alarms.when_silent("monitoring", url=f"https://{self.settings.domain}{MONITORING}")

    def _shows(self) -> None:
        """In the order of names, so that an order in the settings means nothing."""
        project = CloudProject(
            self,
            "project",
            name=f"sprocket-{self.settings.name}",
            description=f"Sprocket at {self.settings.domain}",
            stage="Production" if self.settings.ingress.acme.authority == "production" else "Staging",
        )
        droplets = [droplet.resource.urn for _, droplet in sorted(self.machines.droplets.items())]
        volumes = [volume.urn for volume in self.machines.volumes.all]
        buckets = [bucket.urn for bucket in self.storage.buckets.all]
        zone = [self.names.urn] if self.names.urn else []
        database = [self.postgres.urn] if self.postgres.size else []
        project.shows(*droplets, *volumes, *buckets, *zone, *database)
