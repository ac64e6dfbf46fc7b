"use strict";

const { EVENTS, LOGGER, REDIS, TRANSPORT, eventsOf, printUrl, redisOf, run, transport } = require("stand-in");

const service = "matchmaking-service";

run({
    name: service,
    port: 3010,
    requires: [...REDIS, ...TRANSPORT, ...EVENTS, ...LOGGER],
    dependencies: ({ settings, broker }) => [
        redisOf({ service, settings, json: true }),
        ...transport({ service, settings, broker, calls: ["submission-service"] }),
        eventsOf({ service, settings, broker, topics: ["submission.*", "scrim.saved"] }),
    ],
    greet: printUrl,
});
