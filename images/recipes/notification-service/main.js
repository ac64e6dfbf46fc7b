"use strict";

const {
    EVENTS,
    IMAGE_BUCKET,
    LOGGER,
    REDIS,
    TRANSPORT,
    eventsOf,
    printUrl,
    redisOf,
    run,
    transport,
} = require("stand-in");

const service = "notification-service";
const TOPICS = [
    "match.saved",
    "member.restrictionCreated",
    "player.skillGroupChanged",
    "scrim.created",
    "scrim.popped",
    "scrim.saved",
    "scrim.started",
    "submission.ratifying",
    "submission.rejected",
];

run({
    name: service,
    port: 3011,
    // It only hands the bucket's name on to the bot.
    requires: [...REDIS, ...TRANSPORT, ...EVENTS, ...LOGGER, "web.url", ...IMAGE_BUCKET],
    dependencies: ({ settings, broker }) => [
        redisOf({ service, settings }),
        ...transport({ service, settings, broker, calls: ["core", "discord-bot", "matchmaking-service"] }),
        eventsOf({ service, settings, broker, topics: TOPICS }),
    ],
    greet: printUrl,
});
