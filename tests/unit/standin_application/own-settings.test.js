"use strict";

// Services that look their settings up in a way of their own.

const assert = require("node:assert/strict");
const path = require("node:path");
const { test } = require("node:test");

const IMAGES = path.resolve(__dirname, "../../../images/recipes");
const { webProblems, webSettings } = require(path.join(IMAGES, "web/settings"));
const { frontendSettings } = require(path.join(IMAGES, "image-generation-frontend/settings"));
const { eloSettings } = require(path.join(IMAGES, "elo-service/settings"));

function sources({ env = {}, files = {}, data = {} }) {
    const at = (key) => key.split(".").reduce((level, part) => level?.[part], data);
    return {
        env,
        readFile: (file) => files[file],
        config: { has: (key) => at(key) !== undefined, get: at },
        configFile: "config/production.json",
    };
}

const CLIENT = {
    gqlUrl: "api.example.org",
    secure: true,
    chatwoot: { enabled: false, url: "u", websiteToken: "" },
};

test("web: without NODE_CONFIG_DIR nothing is found, and the message says why", () => {
    const { missing } = webSettings(sources({}));
    assert.equal(missing.length, 5);
    assert.match(missing[0], /NODE_CONFIG_DIR is not set/);
});

test("web: an empty variable does not count, a full one does", () => {
    const data = { client: CLIENT };
    assert.equal(
        webSettings(sources({ data, env: { CLIENT_GQL_URL: "" } })).settings.client.gqlUrl,
        "api.example.org",
    );
    assert.equal(
        webSettings(sources({ data, env: { CLIENT_GQL_URL: "other" } })).settings.client.gqlUrl,
        "other",
    );
});

test("web: a variable can switch TLS on and not off", () => {
    const plain = { client: { ...CLIENT, secure: false } };
    assert.equal(
        webSettings(sources({ data: plain, env: { CLIENT_SECURE: "true" } })).settings.client.secure,
        true,
    );
    const secure = { client: CLIENT };
    assert.equal(
        webSettings(sources({ data: secure, env: { CLIENT_SECURE: "false" } })).settings.client.secure,
        true,
    );
});

test("web: the chat's key is needed only with chat", () => {
    const chat = { client: { ...CLIENT, chatwoot: { ...CLIENT.chatwoot, enabled: true } } };
    assert.deepEqual(webSettings(sources({ data: { client: CLIENT } })).missing, []);
    assert.equal(webSettings(sources({ data: chat })).missing.length, 1);
    assert.deepEqual(webSettings(sources({ data: chat, env: { CHATWOOT_HMAC_KEY: "k" } })).missing, []);
    assert.deepEqual(
        webSettings(sources({ data: chat, files: { "secret/chatwoot-hmac-key.txt": "k" } })).missing,
        [],
    );
});

test("web: the API is a host without scheme and path", () => {
    assert.deepEqual(webProblems({ client: CLIENT }), []);
    assert.deepEqual(webProblems({ client: { ...CLIENT, gqlUrl: "core:3001" } }), []);
    for (const gqlUrl of ["https://api.example.org", "api.example.org/graphql"]) {
        assert.equal(webProblems({ client: { ...CLIENT, gqlUrl } }).length, 1, gqlUrl);
    }
});

const FRONTEND = {
    minio: { endpoint: "minio", port: 9000, bucket: "b", ssl: false },
    knex: { host: "postgres", port: 5432, user: "u", database: "d" },
    transport: { url: "amqp://x", image_generation_queue: "ig" },
};
const FRONTEND_SECRETS = {
    "./secret/minio-access.txt": "a\n",
    "./secret/minio-secret.txt": "s\n",
    "./secret/db-secret.txt": "p\n",
};

test("image-generation-frontend: its own file and secrets, the database's under another name", () => {
    const files = { ...FRONTEND_SECRETS, "./src/config.json": JSON.stringify(FRONTEND) };
    const { settings, missing } = frontendSettings(sources({ files }));
    assert.deepEqual(missing, []);
    assert.deepEqual([settings.minio.access, settings.minio.secret, settings.knex.password], ["a", "s", "p"]);
    const { missing: absent } = frontendSettings(
        sources({ files: { "./src/config.json": JSON.stringify(FRONTEND) } }),
    );
    assert.deepEqual(
        absent.map((line) => line.split(":")[0]),
        ["minio.access", "minio.secret", "knex.password"],
    );
});

test("image-generation-frontend: file absent, broken, incomplete", () => {
    assert.match(
        frontendSettings(sources({ files: FRONTEND_SECRETS })).missing[0],
        /config\.json is not there/,
    );
    const broken = { ...FRONTEND_SECRETS, "./src/config.json": "{" };
    assert.match(frontendSettings(sources({ files: broken })).missing[0], /^\/app\/src\/config\.json: /);
    const { transport, ...rest } = FRONTEND;
    const partial = { ...FRONTEND_SECRETS, "./src/config.json": JSON.stringify(rest) };
    assert.equal(frontendSettings(sources({ files: partial })).missing.length, Object.keys(transport).length);
});

test("elo-service: variables or keys, secrets from files", () => {
    assert.equal(eloSettings(sources({})).missing.length, 6);
    const data = {
        redis: { host: "redis", port: 6379, prefix: "main" },
        dgraph: { database_url: "alpha:9080" },
    };
    const files = { "./secret/redis-password.txt": "r\n", "./secret/dgraph-api-key.txt": "k\n" };
    const { settings, missing } = eloSettings(sources({ data, files }));
    assert.deepEqual(missing, []);
    assert.deepEqual(settings.redis, { ...data.redis, password: "r" });
});
