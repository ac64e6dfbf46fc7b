"use strict";

const {
    CACHE,
    CELERY,
    EVENTS,
    IMAGE_BUCKET,
    LOGGER,
    MINIO,
    POSTGRES,
    REDIS,
    REPLAYS_BUCKET,
    SIGN_IN,
    TRANSPORT,
    bucketOf,
    cacheOf,
    celeryOf,
    eventsOf,
    postgres,
    printUrl,
    redisOf,
    run,
    tlsFor,
    transport,
} = require("stand-in");

const { api } = require("./api");
const { useTables } = require("./tables");
const { acceptWebSockets } = require("./websocket");

const service = "core";
const PORT = 3001;

function databaseOf({ db }) {
    const { host, port, username: user, password, database } = db;
    return postgres({ host, port, user, password, database, ssl: tlsFor(host), check: useTables });
}

run({
    name: service,
    port: PORT,
    requires: [
        ...POSTGRES,
        ...REDIS,
        ...CACHE,
        ...MINIO,
        ...REPLAYS_BUCKET,
        ...IMAGE_BUCKET,
        ...TRANSPORT,
        ...EVENTS,
        ...CELERY,
        ...SIGN_IN,
        ...LOGGER,
        "web.url",
        "web.api_root",
        "bot.prefix",
        "gql.playground",
        "defaultOrganizationId",
    ],
    dependencies: ({ settings, broker }) => [
        databaseOf(settings),
        redisOf({ service, settings }),
        cacheOf({ service, settings }),
        ...transport({ service, settings, broker }),
        eventsOf({
            service,
            settings,
            broker,
            topics: ["submission.ratified"],
            instanceTopics: ["member.*", "scrim.*", "scrims.disabled", "submission.*"],
        }),
        bucketOf({ service, settings, label: "replays" }),
        bucketOf({ service, settings, label: "image_generation" }),
        celeryOf({ service, settings }),
    ],
    route: api,
    greet: printUrl,
    ready: ({ server }) => {
        acceptWebSockets(server);
        console.log(`GraphQL Playground available at http://localhost:${PORT}/graphql`);
    },
});
