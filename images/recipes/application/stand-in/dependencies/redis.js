"use strict";

const { randomUUID } = require("node:crypto");

const PROCESS = randomUUID().slice(0, 8); // two tasks of one service do not read each other's value

/**
 * Redis with password, a key below the prefix written and read. With `json`, through the JSON commands that the real
 * service keeps its documents with; a Redis that has none is a note, not a failure, so that the rest can be tested.
 */
function redis({ name = "redis", service, host, port, password, secure, prefix, db = 0, json = false }) {
    const key = `${prefix}:stand-in:${service}:${PROCESS}`;
    return {
        name,
        target: `${host}:${port}, ${db ? `database ${db}, ` : ""}keys ${prefix}:stand-in:*`,
        open: async () => {
            const IORedis = require("ioredis");
            const tls = secure ? { host, servername: host } : undefined;
            const client = new IORedis({
                host,
                port,
                password,
                db,
                tls,
                lazyConnect: true,
                retryStrategy: null,
                connectTimeout: 8_000, // the prober tries again
                enableOfflineQueue: false,
                maxRetriesPerRequest: 0,
            });
            client.on("error", (error) => (client.cause ??= error));
            try {
                await client.connect();
            } catch (error) {
                client.disconnect();
                throw client.cause ?? error;
            }
            return client;
        },
        check: async (client) => {
            const value = randomUUID();
            await client.set(key, value, "EX", 300);
            if ((await client.get(key)) !== value)
                throw new Error(`${key} holds another value than was just written`);
            return json ? noteOnJson(client, `${key}:json`) : undefined;
        },
        close: (client) => client.disconnect(),
    };
}

async function noteOnJson(client, key) {
    try {
        await client.send_command("json.set", key, ".", '{"standIn":true}');
        await client.expire(key, 300);
        return undefined;
    } catch (error) {
        if (!/unknown command/i.test(error.message)) throw error;
        return "this Redis has no JSON commands; the real service fails on it";
    }
}

module.exports = { redis };
