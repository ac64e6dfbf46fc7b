"""Migration: brings the database to the schema that core's image expects."""

from __future__ import annotations

from pathlib import Path

from sprocket_constructs import HealthCheck, SwarmConfig, SwarmSecret, SwarmService, UpdatePolicy

from .instance import SCHEMAS, Instance
from .production_json import Database, ProductionJson

HERE = Path(__file__).parent
WORKSPACE = "/app/core"
"""Where ``ormconfig.mjs`` looks for settings and secrets, and its migrations are."""

DONE = "/tmp/migrated"


class Migration(SwarmService):
    """A keeper: works, then sleeps, and is healthy only when the work is done.

    Done means that every migration of the image is in the database's own table of them, and every table that the image's
    models map is there. The image's ``npm run migration:run`` cannot be asked: TypeORM's command drops the exit status of the
    Node that it starts (typeorm 0.3.7, cli-ts-node-esm.js:8), and the script builds all of core again, which took 578 MiB and a
    minute where this takes 135 MiB and seven seconds. So ``migrate.cjs`` runs the image's own migrations through the image's own
    TypeORM and data source.

    It runs core's image, so a new image is a new task, which migrates before core moves to it. A failure ends the task
    with the reason in its log: an update rolls back to the old image at once, a first deploy fails after
    ``converges_within``, and in both cases core stays as it is. The next apply runs it again. Everything it does is
    safe to repeat.

    No migration makes the tables of the schema mledb, so a first deploy needs a dump (docs/runbooks/first-deploy.md). Until
    then the task says so and starts over: what waits for it goes on by itself once the dump is in.
    """

    def __init__(self, instance: Instance) -> None:
        identity = instance.identity
        super().__init__(
            instance,
            "migration",
            name=identity.service("migration"),
            alias="migration",
            image=instance.site.image("core", instance=identity.name),
            health=HealthCheck.command("test", "-f", DONE).every(
                "5s", timeout="5s", retries=3, start_period="10m"
            ),
            resources=instance.site.resources("migration"),
            update=UpdatePolicy.stop_first(),
            command=("/bin/sh", f"{WORKSPACE}/migrate.sh"),
            converges_within="10m",
        )
        self.instance = instance
        self.sets("NODE_ENV", "production")
        self._reads_programs()
        self._reads_settings()

    def _reads_programs(self) -> None:
        for file in ("migrate.sh", "migrate.cjs"):
            name = self.instance.identity.file(file.replace(".", "-"))
            config = SwarmConfig(self, file, name=name, content=(HERE / file).read_text())
            self.reads(config, at=f"{WORKSPACE}/{file}")

    def _reads_settings(self) -> None:
        identity = self.instance.identity
        at = self.instance.data.postgres.connect(self)
        settings = ProductionJson(
            db=Database(
                host=at.host, port=at.port, username=identity.database_role, database=identity.database
            )
        )
        file = SwarmSecret(
            self, "settings", name=identity.file("migration-settings"), content=settings.render()
        )
        self.reads(file, at=f"{WORKSPACE}/config/production.json")
        password = self.instance.secret_file("database-password", self.instance.secrets.database_password)
        self.reads(password, at=f"{WORKSPACE}/secret/db-password.txt")
        variables = {
            "DB_SSL": str(at.tls).lower(),
            "SCHEMAS": ",".join(SCHEMAS),
            "SEED": f"python -m ops seed --env {self.instance.site.settings.name} --instance {identity.name} --from DUMP",
        }
        content = "".join(f"{name}='{value}'\n" for name, value in variables.items())
        config = SwarmConfig(self, "variables", name=identity.file("migration-variables"), content=content)
        self.reads(config, at=f"{WORKSPACE}/migration.env")
