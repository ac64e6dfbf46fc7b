"""Which servers a service uses. Adding one here is a decision: whoever shares a server's network can try its door."""

PLATFORM = {
    "core": {"redis", "rabbitmq", "postgres", "minio"},
    "discord-bot": {"rabbitmq", "minio"},
    "image-generation-frontend": {"rabbitmq", "postgres", "minio"},
    "image-generation-service": {"rabbitmq", "minio"},
    "matchmaking-service": {"redis", "rabbitmq"},
    "migration": {"postgres"},
    "notification-service": {"redis", "rabbitmq"},
    "replay-parse-service": {"redis", "rabbitmq", "minio"},
    "server-analytics-service": {"rabbitmq", "telegraf"},
    "submission-service": {"redis", "rabbitmq", "minio"},
    "web": set[str](),
}
"""All services of the application that local has, and all that each uses."""

OTHERS = {
    "alloy": {"loki"},
    "elo-service": {"redis", "rabbitmq"},
    "grafana": {"postgres", "influxdb", "loki"},
    "influxdb-keeper": {"influxdb"},
    "minio-keeper": {"minio"},
    "postgres-keeper": {"postgres"},
    "telegraf": {"redis", "rabbitmq", "postgres", "minio", "influxdb", "loki"},
    "traefik": {"socket-proxy"},
}
"""The others, and those servers that they may use."""
