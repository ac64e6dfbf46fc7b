"use strict";

// Every setting of the Node services: the variable, the key in ./config/${NODE_ENV}.json, the file below ./secret.
// `fallback` is what holds when none of them has it; a setting without one is required by whoever names it.

const CATALOG = {
    "auth.google.clientId": { env: "GOOGLE_CLIENT_ID", file: "./secret/googleClientId.txt" },
    "auth.google.secret": { env: "GOOGLE_SECRET", file: "./secret/googleSecret.txt" },
    "auth.google.callbackUrl": { env: "GOOGLE_CALLBACK_URL", key: "auth.google.callbackUrl" },
    "auth.discord.clientId": { env: "DISCORD_CLIENT_ID", file: "./secret/discord-client.txt" },
    "auth.discord.secret": { env: "DISCORD_SECRET", file: "./secret/discord-secret.txt" },
    "auth.discord.callbackUrl": { env: "DISCORD_CALLBACK_URL", key: "auth.discord.callbackUrl" },
    "auth.jwt_secret": { env: "JWT_SECRET", file: "./secret/jwtSecret.txt" },
    "auth.jwt_expiry": { env: "JWT_EXPIRY", key: "auth.jwt_expiry" },
    "auth.access_expiry": { env: "ACCESS_EXPIRY", key: "auth.access_expiry" },
    "auth.refresh_expiry": { env: "REFRESH_EXPIRY", key: "auth.refresh_expiry" },
    "auth.frontend_callback": { env: "FRONTEND_CALLBACK", key: "auth.frontend_callback" },
    "bot.prefix": { env: "BOT_PREFIX", key: "bot.prefix" },
    // The only two that no variable can give; the token of InfluxDB is not trimmed, so a line break in it breaks it.
    "bot.token": { file: "./secret/bot-token.txt" },
    "influx.token": { file: "./secret/influx-token", trim: false },
    "influx.address": { key: "influx.address" },
    "influx.org": { key: "influx.org" },
    "influx.bucket": { key: "influx.bucket" },
    // No fallback to redis.*: the first lookup throws before the second is reached.
    "cache.host": { env: "CACHE_HOST", key: "cache.host" },
    "cache.port": { env: "CACHE_PORT", key: "cache.port" },
    "cache.password": {
        env: "CACHE_PASSWORD",
        file: "./secret/cache-password.txt",
        orElse: { env: "REDIS_PASSWORD", file: "./secret/redis-password.txt" },
    },
    "cache.secure": { env: "CACHE_SECURE", key: "cache.secure", fallback: false },
    "celery.broker": { env: "CELERY_BROKER", key: "transport.url" },
    "celery.queue": { env: "CELERY_QUEUE", key: "transport.celery-queue" },
    "db.host": { env: "POSTGRES_HOST", key: "db.host" },
    "db.port": { env: "POSTGRES_PORT", key: "db.port" },
    "db.username": { env: "POSTGRES_USERNAME", key: "db.username" },
    "db.password": { env: "POSTGRES_PASSWORD", file: "./secret/db-password.txt" },
    "db.database": { env: "POSTGRES_DATABASE", key: "db.database" },
    "db.enable_logs": { env: "POSTGRES_ENABLE_LOGS", key: "db.enable_logs", fallback: false },
    "gql.playground": { env: "GQL_PLAYGROUND", key: "gql.playground", fallback: false },
    "logger.levels": { env: "LOGGER_LEVELS", key: "logger.levels" },
    "minio.endPoint": { env: "MINIO_ENDPOINT", key: "minio.endPoint" },
    "minio.port": { env: "MINIO_PORT", key: "minio.port", fallback: 9000 },
    "minio.useSSL": { env: "MINIO_USE_SSL", key: "minio.useSSL", fallback: false },
    "minio.accessKey": { env: "MINIO_ACCESS_KEY", file: "./secret/minio-access.txt" },
    "minio.secretKey": { env: "MINIO_SECRET_KEY", file: "./secret/minio-secret.txt" },
    "minio.bucketNames.replays": { env: "MINIO_REPLAYS_BUCKET", key: "minio.bucketNames.replays" },
    "minio.bucketNames.image_generation": {
        env: "MINIO_IMAGE_GENERATION_BUCKET",
        key: "minio.bucketNames.image_generation",
    },
    "redis.host": { env: "REDIS_HOST", key: "redis.host" },
    "redis.port": { env: "REDIS_PORT", key: "redis.port" },
    "redis.password": { env: "REDIS_PASSWORD", file: "./secret/redis-password.txt" },
    "redis.prefix": { env: "REDIS_PREFIX", key: "redis.prefix" },
    "redis.secure": { env: "REDIS_SECURE", key: "redis.secure", fallback: false },
    "transport.url": { env: "TRANSPORT_URL", key: "transport.url" },
    "transport.core_queue": { env: "TRANSPORT_CORE_QUEUE", key: "transport.core_queue", fallback: "core" },
    "transport.bot_queue": { env: "TRANSPORT_BOT_QUEUE", key: "transport.bot_queue", fallback: "bot" },
    "transport.analytics_queue": {
        env: "TRANSPORT_ANALYTICS_QUEUE",
        key: "transport.analytics_queue",
        fallback: "analytics",
    },
    "transport.matchmaking_queue": {
        env: "TRANSPORT_MATCHMAKING_QUEUE",
        key: "transport.matchmaking_queue",
        fallback: "matchmaking",
    },
    "transport.notification_queue": {
        env: "TRANSPORT_NOTIFICATION_QUEUE",
        key: "transport.notification_queue",
        fallback: "notifications",
    },
    "transport.events_queue": {
        env: "TRANSPORT_EVENTS_QUEUE",
        key: "transport.events_queue",
        fallback: "events",
    },
    "transport.events_application_key": {
        env: "TRANSPORT_EVENTS_APPLICATION_KEY",
        key: "transport.events_application_key",
    },
    "transport.image_generation_queue": {
        env: "TRANSPORT_IMAGE_GENERATION_QUEUE",
        key: "transport.image_generation_queue",
    },
    "transport.submission_queue": { env: "TRANSPORT_SUBMISSION_QUEUE", key: "transport.submission_queue" },
    "web.url": { env: "WEB_URL", key: "web.url" },
    "web.api_root": { env: "WEB_API_ROOT", key: "web.api_root" },
    defaultOrganizationId: { env: "DEFAULT_ORGANIZATION_ID", key: "defaultOrganizationId" },
};

const under = (prefix) => Object.keys(CATALOG).filter((name) => name.startsWith(`${prefix}.`));

const EVENTS = ["transport.events_application_key"];
// All Node services evaluate the URL and the seven RPC queues at import, also those that use one queue only.
const TRANSPORT = under("transport").filter((name) => !EVENTS.includes(name));
const REDIS = under("redis");
const CACHE = under("cache");
const CELERY = under("celery");
const POSTGRES = under("db");
const MINIO = under("minio").filter((name) => !name.startsWith("minio.bucketNames."));
const REPLAYS_BUCKET = ["minio.bucketNames.replays"];
const IMAGE_BUCKET = ["minio.bucketNames.image_generation"];
const INFLUX = under("influx");
const SIGN_IN = under("auth");
const LOGGER = ["logger.levels"];

module.exports = {
    CATALOG,
    CACHE,
    CELERY,
    EVENTS,
    IMAGE_BUCKET,
    INFLUX,
    LOGGER,
    MINIO,
    POSTGRES,
    REDIS,
    REPLAYS_BUCKET,
    SIGN_IN,
    TRANSPORT,
};
