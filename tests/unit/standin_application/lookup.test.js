"use strict";

const assert = require("node:assert/strict");
const { test } = require("node:test");

const { lookUp } = require("stand-in/lookup");

/** Sources with what a test gives, nothing else. */
function sources({ env = {}, files = {}, data = {} }) {
    const at = (key) => key.split(".").reduce((level, part) => level?.[part], data);
    return {
        env,
        readFile: (path) => files[path],
        config: { has: (key) => at(key) !== undefined, get: at },
        configFile: "/app/config/production.json",
    };
}

const one = (name, given) => {
    const { settings, missing } = lookUp([name], sources(given));
    assert.deepEqual(missing, []);
    return name.split(".").reduce((level, part) => level[part], settings);
};

test("a variable comes before the file", () => {
    assert.equal(one("redis.host", { env: { REDIS_HOST: "a" }, data: { redis: { host: "b" } } }), "a");
    assert.equal(
        one("redis.password", {
            env: { REDIS_PASSWORD: " a " },
            files: { "./secret/redis-password.txt": "b" },
        }),
        "a",
    );
});

test("an empty variable counts for a plain value and not for a secret", () => {
    assert.equal(one("redis.host", { env: { REDIS_HOST: "" }, data: { redis: { host: "b" } } }), "");
    assert.equal(
        one("redis.password", { env: { REDIS_PASSWORD: "" }, files: { "./secret/redis-password.txt": "b" } }),
        "b",
    );
});

test("secret files are trimmed, the token of InfluxDB is not", () => {
    assert.equal(one("db.password", { files: { "./secret/db-password.txt": "pw\n" } }), "pw");
    assert.equal(one("influx.token", { files: { "./secret/influx-token": "token\n" } }), "token\n");
});

test("a number in the JSON file stays a number, a variable stays text", () => {
    assert.equal(one("defaultOrganizationId", { data: { defaultOrganizationId: 2 } }), 2);
    assert.equal(one("defaultOrganizationId", { env: { DEFAULT_ORGANIZATION_ID: "2" } }), "2");
    assert.equal(one("db.port", { env: { POSTGRES_PORT: "5432" } }), "5432");
});

test("a fallback's type decides what becomes of a variable", () => {
    assert.equal(one("minio.port", { env: { MINIO_PORT: "443" } }), 443);
    assert.equal(one("minio.port", {}), 9000);
    assert.equal(one("minio.port", { data: { minio: { port: "443" } } }), "443");
    assert.equal(one("redis.secure", { env: { REDIS_SECURE: "TRUE" } }), true);
    assert.equal(one("redis.secure", { env: { REDIS_SECURE: "1" } }), false);
    assert.equal(one("redis.secure", {}), false);
});

test("queues have the fallbacks of the real services, two have none", () => {
    assert.equal(one("transport.notification_queue", {}), "notifications");
    const { missing } = lookUp(
        ["transport.image_generation_queue", "transport.submission_queue"],
        sources({}),
    );
    assert.equal(missing.length, 2);
});

test("the cache's password falls back to that of Redis, its host does not", () => {
    assert.equal(one("cache.password", { files: { "./secret/redis-password.txt": "b" } }), "b");
    assert.equal(one("cache.password", { env: { CACHE_PASSWORD: "c", REDIS_PASSWORD: "r" } }), "c");
    const { missing } = lookUp(["cache.host"], sources({ data: { redis: { host: "redis" } } }));
    assert.equal(missing.length, 1);
});

test("the bot's token comes from its file alone, the addresses of InfluxDB from the JSON file alone", () => {
    const env = {
        DISCORD_BOT_TOKEN: "t",
        INFLUX_TOKEN: "t",
        INFLUX_ADDRESS: "a",
        INFLUX_ORG: "o",
        INFLUX_BUCKET: "b",
    };
    const names = ["bot.token", "influx.token", "influx.address", "influx.org", "influx.bucket"];
    assert.equal(lookUp(names, sources({ env })).missing.length, names.length);
});

test("celery takes the broker from transport.url and the queue from its key with a dash", () => {
    const data = { transport: { url: "amqp://x", "celery-queue": "c" } };
    assert.equal(one("celery.broker", { data }), "amqp://x");
    assert.equal(one("celery.queue", { data }), "c");
});

test("every missing value is named at once, with all the places that were looked at", () => {
    const { missing } = lookUp(["db.host", "db.password", "cache.password"], sources({}));
    assert.deepEqual(missing, [
        "db.host: looked for variable POSTGRES_HOST, then key db.host of /app/config/production.json",
        "db.password: looked for variable POSTGRES_PASSWORD, then file /app/secret/db-password.txt",
        "cache.password: looked for variable CACHE_PASSWORD, then file /app/secret/cache-password.txt, " +
            "then variable REDIS_PASSWORD, then file /app/secret/redis-password.txt",
    ]);
});
