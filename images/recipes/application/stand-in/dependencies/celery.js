"use strict";

const { createHash, randomUUID } = require("node:crypto");

const { s3Client } = require("./s3");

const TASK = "parseReplay";
const RESULT_MS = 20_000;
const POLL_MS = 500;

function backendUrl({ host, port, password, secure }) {
    return `redis${secure ? "s" : ""}://:${password}@${host}:${port}`;
}

/** celery-node leaves failed promises and error events without a listener, which would end the process. */
async function openClient(celery, redis) {
    const { createClient } = require("celery-node");
    const client = createClient(celery.broker, backendUrl(redis), celery.queue);
    if (redis.secure) client.conf.CELERY_BACKEND_OPTIONS = { tls: { servername: redis.host } };
    client.backend.redis.on("error", (error) => (client.lastError = error));
    const { connect, channel } = client.broker;
    connect.then((connection) => connection.on("error", () => {})).catch(() => {});
    channel.then((opened) => opened.on("error", () => {})).catch(() => {});
    try {
        await channel;
        await client.isReady();
    } catch (error) {
        closeClient(client);
        throw error;
    }
    return client;
}

function closeClient(client) {
    client.backend.redis.disconnect();
    return client.broker.disconnect().catch(() => {});
}

async function resultOf(client, id) {
    for (const end = Date.now() + RESULT_MS; Date.now() < end;) {
        const meta = await client.backend.getTaskMeta(id);
        if (meta?.status === "SUCCESS") return meta.result;
        if (meta?.status === "FAILURE")
            throw new Error(`replay-parse-service: ${JSON.stringify(meta.result)}`);
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    throw new Error(
        `no result of task ${TASK} within ${RESULT_MS / 1000} s; replay-parse-service takes another queue, writes its ` +
            "results to another Redis (celery.backend), or is away",
    );
}

/** Publishes one task; it expires where no worker takes it, so that probes do not pile up. */
async function send(client, id, kwargs) {
    const message = client.createTaskMessage(id, TASK, [], kwargs);
    message.headers.expires = new Date(Date.now() + RESULT_MS).toISOString();
    await client.broker.publish(
        message.body,
        "",
        client.conf.CELERY_QUEUE,
        message.headers,
        message.properties,
    );
}

/** Puts a replay, has it parsed, and says whether the parser saw the bytes that were put. */
async function sameBucket(client, s3, bucket, service) {
    const replay = Buffer.from(`stand-in replay ${randomUUID()}`);
    const path = `stand-in/${service}.replay`;
    await s3.putObject(bucket, path, replay).catch((error) => {
        throw new Error(`the replay could not be put into ${bucket}: ${error.message}`);
    });
    const id = randomUUID();
    await send(client, id, { replayObjectPath: path });
    const result = await resultOf(client, id);
    await client.backend.redis.del(`celery-task-meta-${id}`);
    return result.data?.sha256 === createHash("sha256").update(replay).digest("hex");
}

/**
 * A whole task: a replay is put into the bucket, its parsing asked for by Celery, the answer read from Redis. It must
 * tell the replay's checksum, so that it shows too whether the parser reads the same bucket.
 */
function celery({ service, celery: settings, redis, account, bucket }) {
    return {
        name: "celery",
        peer: true,
        target: `queue ${settings.queue}, results in ${redis.host}:${redis.port}, replays in ${bucket}`,
        needs: "rabbitmq",
        intervalMs: 60_000,
        timeoutMs: 2 * RESULT_MS + 10_000,
        open: () => openClient(settings, redis),
        check: async (client) => {
            const s3 = s3Client(account);
            // A second try, because in an update another task of this service may have put its replay in between.
            if (
                (await sameBucket(client, s3, bucket, service)) ||
                (await sameBucket(client, s3, bucket, service))
            )
                return;
            throw new Error(
                "replay-parse-service parsed another object than was just put; it reads another bucket",
            );
        },
        close: closeClient,
    };
}

module.exports = { celery };
