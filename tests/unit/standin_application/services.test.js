"use strict";

// What each service asks for, against the list of what the real one asks for.

const assert = require("node:assert/strict");
const path = require("node:path");
const { test } = require("node:test");

const standIn = require("stand-in");
const { lookUp } = require("stand-in/lookup");

const IMAGES = path.resolve(__dirname, "../../../images/recipes");
const REDIS = ["redis.host", "redis.port", "redis.password", "redis.prefix"];
const S3 = ["minio.endPoint", "minio.accessKey", "minio.secretKey"];
const REPLAYS = "minio.bucketNames.replays";
const IMAGES_BUCKET = "minio.bucketNames.image_generation";
// The other six names of the set have fallbacks.
const TRANSPORT = ["transport.url", "transport.image_generation_queue", "transport.submission_queue"];
const KEY = "transport.events_application_key";
const LEVELS = "logger.levels";
const RABBITMQ = ["rabbitmq", "rpc-queue", "queues"];

const EXPECTED = {
    core: {
        port: 3001,
        needs: [
            ...REDIS,
            ...S3,
            ...TRANSPORT,
            REPLAYS,
            IMAGES_BUCKET,
            KEY,
            LEVELS,
            "db.host",
            "db.port",
            "db.username",
            "db.password",
            "db.database",
            "cache.host",
            "cache.port",
            "cache.password",
            "celery.broker",
            "celery.queue",
            "auth.google.clientId",
            "auth.google.secret",
            "auth.google.callbackUrl",
            "auth.discord.clientId",
            "auth.discord.secret",
            "auth.discord.callbackUrl",
            "auth.jwt_secret",
            "auth.jwt_expiry",
            "auth.access_expiry",
            "auth.refresh_expiry",
            "auth.frontend_callback",
            "web.url",
            "web.api_root",
            "bot.prefix",
            "defaultOrganizationId",
        ],
        uses: [
            "postgres",
            "redis",
            "cache",
            ...RABBITMQ,
            "events",
            "s3:replays",
            "s3:image_generation",
            "celery",
        ],
    },
    "discord-bot": {
        port: 3016,
        needs: [...S3, ...TRANSPORT, "bot.token", "bot.prefix", IMAGES_BUCKET, KEY, LEVELS],
        uses: [...RABBITMQ, "rpc:core", "events", "s3:image_generation"],
    },
    "image-generation-service": {
        port: 3014,
        needs: [...S3, ...TRANSPORT, IMAGES_BUCKET, LEVELS],
        uses: [...RABBITMQ, "s3:image_generation"],
    },
    "notification-service": {
        port: 3011,
        needs: [...REDIS, ...TRANSPORT, KEY, LEVELS, "web.url", IMAGES_BUCKET],
        uses: ["redis", ...RABBITMQ, "rpc:core", "rpc:discord-bot", "rpc:matchmaking-service", "events"],
    },
    "matchmaking-service": {
        port: 3010,
        needs: [...REDIS, ...TRANSPORT, KEY, LEVELS],
        uses: ["redis", ...RABBITMQ, "rpc:submission-service", "events"],
    },
    "submission-service": {
        port: 3012,
        needs: [...REDIS, ...S3, ...TRANSPORT, REPLAYS, KEY, LEVELS, "celery.broker", "celery.queue"],
        uses: ["redis", ...RABBITMQ, "rpc:core", "rpc:matchmaking-service", "events", "s3:replays", "celery"],
    },
    "server-analytics-service": {
        port: 3013,
        needs: [...TRANSPORT, LEVELS, "influx.address", "influx.org", "influx.bucket", "influx.token"],
        uses: [...RABBITMQ, "influxdb"],
    },
};

const DESCRIPTORS = {};
standIn.run = (descriptor) => (DESCRIPTORS[descriptor.name] = descriptor);

/** The descriptor that a service's main file runs; the file is loaded once. */
function descriptorOf(service) {
    require(path.join(IMAGES, service, "main.js"));
    return DESCRIPTORS[service];
}

const nothing = { env: {}, readFile: () => undefined, config: { has: () => false }, configFile: "x" };
const anything = {
    ...nothing,
    readFile: () => "x",
    config: { has: () => true, get: (key) => `value-of-${key}` },
};

for (const [service, { port, needs, uses }] of Object.entries(EXPECTED)) {
    test(`${service} refuses to start without what the real one needs, and names all of it`, () => {
        const { missing } = lookUp(descriptorOf(service).requires, nothing);
        assert.deepEqual(missing.map((line) => line.split(":")[0]).sort(), [...needs].sort());
    });

    test(`${service} uses everything that its settings name`, () => {
        const descriptor = descriptorOf(service);
        const { settings } = lookUp(descriptor.requires, anything);
        const dependencies = descriptor.dependencies({
            settings,
            broker: { url: "amqp://rabbitmq" },
            log: {},
        });
        assert.equal(descriptor.port, port);
        assert.deepEqual(dependencies.map(({ name }) => name).sort(), [...uses].sort());
        for (const { target } of dependencies) assert.doesNotMatch(target, /undefined/);
    });
}

test("TLS to Postgres is off for exactly two names", () => {
    for (const host of ["postgres", "localhost"]) assert.equal(standIn.tlsFor(host), false);
    for (const host of ["127.0.0.1", "postgres.", "Postgres", "db.example.org"]) {
        assert.deepEqual(standIn.tlsFor(host), { rejectUnauthorized: false }, host);
    }
});
