"use strict";

const { postgres, rabbitmq, rpcTo, run, s3, send } = require("stand-in");

const { frontendSettings } = require("./settings");

const service = "image-generation-frontend";
const PAGE = "<!doctype html><title>Image generation (stand-in)</title><h1>Image generation</h1>\n";

function databaseOf({ host, port, user, password, database }) {
    // Whatever `ssl` in the file says: the real program overwrites it, so a database that demands TLS is out of reach.
    const check = (client) => client.query("SELECT 1").then(() => undefined);
    return postgres({ host, port, user, password, database, ssl: false, check });
}

function bucketOf({ endpoint, port, ssl, access, secret, bucket }) {
    const account = { endPoint: endpoint, port, useSSL: ssl, accessKey: access, secretKey: secret };
    return s3({ service, label: "image_generation", bucket, account });
}

run({
    name: service,
    port: 3000,
    settings: frontendSettings,
    dependencies: ({ settings, broker }) => [
        databaseOf(settings.knex),
        bucketOf(settings.minio),
        rabbitmq(broker),
        rpcTo({
            broker,
            service: "image-generation-service",
            queue: settings.transport.image_generation_queue,
        }),
    ],
    route: () => (request, response, url) => {
        if (url.pathname !== "/") return false;
        send(response, 200, PAGE);
        return true;
    },
});
