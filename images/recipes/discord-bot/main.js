"use strict";

const {
    EVENTS,
    IMAGE_BUCKET,
    LOGGER,
    MINIO,
    TRANSPORT,
    bucketOf,
    eventsOf,
    printUrl,
    run,
    transport,
} = require("stand-in");

const service = "discord-bot";

run({
    name: service,
    // The real bot listens on nothing; this is for looking at it from inside the container.
    host: "127.0.0.1",
    port: 3016,
    requires: ["bot.token", "bot.prefix", ...MINIO, ...IMAGE_BUCKET, ...TRANSPORT, ...EVENTS, ...LOGGER],
    dependencies: ({ settings, broker }) => [
        ...transport({ service, settings, broker, calls: ["core"] }),
        eventsOf({ service, settings, broker, topics: ["player.skillGroupChanged", "player.teamChanged"] }),
        bucketOf({ service, settings, label: "image_generation" }),
    ],
    greet: printUrl,
});
