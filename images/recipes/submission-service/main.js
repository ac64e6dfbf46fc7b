"use strict";

const {
    CELERY,
    EVENTS,
    LOGGER,
    MINIO,
    REDIS,
    REPLAYS_BUCKET,
    TRANSPORT,
    bucketOf,
    celeryOf,
    eventsOf,
    printUrl,
    redisOf,
    run,
    transport,
} = require("stand-in");

const service = "submission-service";

run({
    name: service,
    port: 3012,
    requires: [...REDIS, ...MINIO, ...REPLAYS_BUCKET, ...TRANSPORT, ...EVENTS, ...CELERY, ...LOGGER],
    dependencies: ({ settings, broker }) => [
        redisOf({ service, settings, json: true }),
        ...transport({ service, settings, broker, calls: ["core", "matchmaking-service"] }),
        eventsOf({ service, settings, broker }),
        bucketOf({ service, settings, label: "replays" }),
        celeryOf({ service, settings }),
    ],
    greet: printUrl,
});
