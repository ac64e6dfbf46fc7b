"""Faults in what the application's services are given."""

from __future__ import annotations

from tests.policy.seeding import SETTINGS, Fault, Seeded

PARSER = "replay-parse-service"
WEB = "/app/clients/web/config/production.json"


def _swap_redis_for_broker(seeded: Seeded) -> None:
    broker = seeded.mount("rabbitmq", "/run/secrets/rabbitmq-password")
    mount = seeded.mount("core", "/app/secret/redis-password.txt")
    mount["secret_id"], mount["secret_name"] = broker["secret_id"], broker["secret_name"]


def _swap_keys(seeded: Seeded) -> None:
    access = seeded.mount("dev-core", "/app/secret/minio-access.txt")
    other = seeded.mount("staging-core", "/app/secret/minio-access.txt")
    access["secret_id"], access["secret_name"] = other["secret_id"], other["secret_name"]


def _wrong_broker_password(seeded: Seeded) -> None:
    contents = seeded.document["locals"]
    broker, redis = contents["content-rabbitmq-password"], contents["content-redis-password"]
    seeded.replace("core", SETTINGS, broker, redis)


FAULTS = (
    Fault(
        name="wrong host",
        seed=lambda s: s.put("core", "redis/host", "redsi"),
        rule="addresses_resolve",
        path="platform/main/core: /app/config/production.json: redis/host",
        cause="no service is called redsi",
        fix="did you mean redis?",
    ),
    Fault(
        name="dropped connection",
        seed=lambda s: s.leave("matchmaking-service", "redis-net"),
        rule="addresses_resolve",
        path="platform/main/matchmaking-service: /app/config/production.json: redis/host",
        cause="it shares no network with redis, so the name does not resolve",
        fix="matchmaking-service.connect_to(redis)",
    ),
    Fault(
        name="wrong port",
        seed=lambda s: s.put("core", "redis/port", 6380),
        rule="addresses_resolve",
        path="core: /app/config/production.json: redis/host",
        cause="connects to redis:6380; redis listens on 6379 only",
        fix="connect_to(redis)",
    ),
    Fault(
        name="wrong port in a URL",
        seed=lambda s: s.replace("core", SETTINGS, "@rabbitmq:5672", "@rabbitmq:15673"),
        rule="addresses_resolve",
        path="core: /app/config/production.json: transport/url",
        cause="connects to rabbitmq:15673; rabbitmq listens on 5672, 15672, 15692 only",
        fix="use one of these ports",
    ),
    Fault(
        name="the other instance's core",
        environment="staging",
        seed=lambda s: s.put("dev-web", "client/gqlUrl", "api.staging.sprocket.mlesports.gg", at=WEB),
        rule="web_calls_its_own_api",
        path="dev/web: /app/clients/web/config/production.json: client/gqlUrl",
        cause="staging-core answers",
        fix="api_host",
    ),
    Fault(
        name="a page where no route leads",
        seed=lambda s: s.put("core", "web/url", "https://www.sprocket.localhost"),
        rule="addresses_resolve",
        path="core: /app/config/production.json: web/url",
        cause="names the page www.sprocket.localhost; no route leads there",
        fix="expose a service there",
    ),
    Fault(
        name="no way out",
        environment="prod",
        seed=lambda s: s.leave("migration", "migration-egress"),
        rule="addresses_resolve",
        path="migration: /app/core/config/production.json: db/host",
        cause="outside the swarm; all its networks are internal",
        fix="migration.reaches_internet(because=...)",
    ),
    Fault(
        name="a bot that cannot reach Discord",
        environment="prod",
        seed=lambda s: s.leave("discord-bot", "discord-bot-egress"),
        rule="supplied_secrets_can_be_used",
        path="platform/main/discord-bot",
        cause="reads discord-bot-token; the secret is for a server outside",
        fix="discord-bot.reaches_internet(because=...)",
    ),
    Fault(
        name="swapped secret",
        seed=_swap_redis_for_broker,
        rule="secret_files_are_there",
        path="core: /app/secret/redis-password.txt",
        cause="holds rabbitmq-password; the program reads it as redis-password",
        fix="mount redis-password there",
    ),
    Fault(
        name="swapped secret at the server",
        seed=_swap_redis_for_broker,
        rule="redis_passwords_are_known",
        path="core: /app/secret/redis-password.txt",
        cause="signs in as default with rabbitmq-password; the server (redis) expects redis-password for default",
        fix="redis-password",
    ),
    Fault(
        name="swapped password in a URL",
        seed=_wrong_broker_password,
        rule="logins_are_known",
        path="core: /app/config/production.json: transport/url",
        cause="signs in as sprocket with redis-password",
        fix="pass the server's own secret: rabbitmq-password",
    ),
    Fault(
        name="unknown user of the broker",
        seed=lambda s: s.replace("core", SETTINGS, "amqp://sprocket:", "amqp://guest:"),
        rule="logins_are_known",
        path="core: /app/config/production.json: transport/url",
        cause="has no user guest",
        fix="pass the server's own secret",
    ),
    Fault(
        name="missing secret file",
        seed=lambda s: s.unmount("discord-bot", "/app/secret/bot-token.txt"),
        rule="secret_files_are_there",
        path="discord-bot: /app/secret/bot-token.txt",
        cause="discord-bot does not start without the file with discord-bot-token",
        fix="declares what it reads",
    ),
    Fault(
        name="keys of two accounts",
        environment="staging",
        seed=_swap_keys,
        rule="bucket_accounts_exist",
        path="dev/core: /app/secret/minio-secret.txt",
        cause="no account with that pair",
        fix="mount both keys of one account",
    ),
    Fault(
        name="missing LOGGER_LEVELS",
        seed=lambda s: s.put("submission-service", "logger", ...),
        rule="settings_are_complete",
        path="submission-service: /app/config/production.json: logger/levels",
        cause="is missing; submission-service does not start without it",
        fix="add it",
    ),
    Fault(
        name="log levels as words with commas",
        seed=lambda s: s.put("submission-service", "logger/levels", "error,warn"),
        rule="settings_are_complete",
        path="submission-service: /app/config/production.json: logger/levels",
        cause="needs a list of words",
        fix="production_json.py",
    ),
    Fault(
        name="organization id as text",
        seed=lambda s: s.put("core", "defaultOrganizationId", "2"),
        rule="settings_are_complete",
        path="core: /app/config/production.json: defaultOrganizationId",
        cause="core needs a number; in quotes it would be text",
        fix="production_json.py",
    ),
    Fault(
        name="expiry without unit",
        seed=lambda s: s.put("core", "auth/jwt_expiry", "900"),
        rule="settings_are_complete",
        path="core: /app/config/production.json: auth/jwt_expiry",
        cause="a bare number would be milliseconds",
        fix="production_json.py",
    ),
    Fault(
        name="storage endpoint with scheme",
        seed=lambda s: s.put("core", "minio/endPoint", "http://minio"),
        rule="settings_are_complete",
        path="core: /app/config/production.json: minio/endPoint",
        cause="a host without scheme and port",
        fix="production_json.py",
    ),
    Fault(
        name="parser's storage without port",
        seed=lambda s: s.put(PARSER, "minio/hostname", "minio"),
        rule="settings_are_complete",
        path="replay-parse-service: /app/config/production.json: minio/hostname",
        cause="the program reads no other port",
        fix="production_json.py",
    ),
    Fault(
        name="API address with scheme",
        seed=lambda s: s.put("web", "client/gqlUrl", "https://api.sprocket.localhost", at=WEB),
        rule="settings_are_complete",
        path="web: /app/clients/web/config/production.json: client/gqlUrl",
        cause="a host without scheme and port",
        fix="production_json.py",
    ),
    Fault(
        name="no folder of settings",
        seed=lambda s: s.container("web").update(command=["node", "/app/clients/web/build/index.js"]),
        rule="programs_have_their_variables",
        path="web: variable NODE_CONFIG_DIR",
        cause="none of its settings would be found",
        fix="set or export NODE_CONFIG_DIR=/app/clients/web/config",
    ),
    Fault(
        name="not in production",
        seed=lambda s: s.container("core").update(env={"NODE_ENV": "development"}),
        rule="programs_have_their_variables",
        path="core: variable NODE_ENV",
        cause="it would read another settings file",
        fix="NODE_ENV=production",
    ),
    Fault(
        name="Node without frameMax",
        seed=lambda s: s.replace("core", SETTINGS, "&frameMax=131072", ""),
        rule="broker_urls_fit_their_library",
        path="core: /app/config/production.json: transport/url",
        cause="frames of 4096 bytes",
        fix="frame_max=True",
    ),
    Fault(
        name="Python with frameMax",
        seed=lambda s: s.replace(PARSER, SETTINGS, "heartbeat=60", "heartbeat=60&frameMax=131072"),
        rule="broker_urls_fit_their_library",
        path="replay-parse-service: /app/config/production.json: celery/broker",
        cause="kombu raises a TypeError",
        fix="frame_max=False",
    ),
    Fault(
        name="shared events key",
        seed=lambda s: s.put("submission-service", "transport/events_application_key", "main-core"),
        rule="events_keys_are_unique",
        path="submission-service: /app/config/production.json: transport/events_application_key",
        cause="events key main-core is also used by core; each would receive some of the other's events",
        fix="identity.queue(<service>)",
    ),
    Fault(
        name="a queue that nobody takes from",
        seed=lambda s: s.put("core", "transport/submission_queue", "main-submissions"),
        rule="every_queue_has_one_consumer",
        path="core: /app/config/production.json: transport/submission_queue",
        cause="sends into queue main-submissions; no service consumes it",
        fix="main-submission",
    ),
    Fault(
        name="a queue of another service",
        seed=lambda s: s.put("core", "transport/bot_queue", "main-matchmaking"),
        rule="every_queue_has_one_consumer",
        path="core: /app/config/production.json: transport/bot_queue",
        cause="matchmaking-service consumes it and does not understand these messages",
        fix="the queue of the intended service",
    ),
    Fault(
        name="two take from one queue",
        environment="staging",
        seed=lambda s: s.put("dev-discord-bot", "transport/bot_queue", "staging-bot"),
        rule="every_queue_has_one_consumer",
        path="staging/discord-bot: /app/config/production.json: transport/bot_queue",
        cause="consumes queue staging-bot, as dev-discord-bot does",
        fix="a queue of its own",
    ),
    Fault(
        name="replays parsed for the other instance",
        environment="staging",
        seed=lambda s: s.put("dev-core", "transport/celery-queue", "staging-celery"),
        rule="every_queue_has_one_consumer",
        path="dev/core: /app/config/production.json: transport/celery-queue",
        cause="staging-replay-parse-service of another instance consumes it",
        fix="use the queue of instance dev",
    ),
    Fault(
        name="the other instance's Redis keys",
        environment="staging",
        seed=lambda s: s.put("dev-core", "redis/prefix", "staging"),
        rule="instances_share_nothing",
        path="staging/core: /app/config/production.json: redis/prefix",
        cause="instance dev has that Redis prefix",
        fix="staging.yaml: platform/instances",
    ),
    Fault(
        name="two names for one thing",
        seed=lambda s: s.put("submission-service", "redis/prefix", "other"),
        rule="instances_share_nothing",
        path="submission-service: /app/config/production.json: redis/prefix",
        cause="is other; core of the same instance has main",
        fix="use the name from the instance's identity in both",
    ),
)
