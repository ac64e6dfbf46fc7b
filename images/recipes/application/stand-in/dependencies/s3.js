"use strict";

const { randomUUID } = require("node:crypto");

/** A client as the real services make theirs; wrong values are refused by the library at once. */
function s3Client({ endPoint, port, useSSL, accessKey, secretKey }) {
    const minio = require("minio");
    return new minio.Client({ endPoint, port, useSSL, accessKey, secretKey });
}

async function readText(client, bucket, name) {
    const chunks = [];
    for await (const chunk of await client.getObject(bucket, name)) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
}

/** One bucket: an object is put and read back. `label` is the setting that names the bucket. */
function s3({ service, label, bucket, account }) {
    const name = `stand-in/${service}`;
    return {
        name: `s3:${label}`,
        target: `${account.useSSL ? "https" : "http"}://${account.endPoint}:${account.port}/${bucket}`,
        open: () => s3Client(account),
        check: async (client) => {
            const value = `${service} ${randomUUID()}`;
            await client.putObject(bucket, name, value, { "Content-Type": "text/plain" });
            const read = await readText(client, bucket, name);
            // In an update another task of this service may have put its own value in between.
            if (!read.startsWith(`${service} `)) throw new Error(`${name} is not what was just put`);
        },
    };
}

module.exports = { s3, s3Client };
