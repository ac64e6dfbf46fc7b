"use strict";

const { redisOf, run, tcp } = require("stand-in");

const { eloSettings } = require("./settings");

const service = "elo-service";

run({
    name: service,
    port: 3000,
    settings: eloSettings,
    dependencies: ({ settings }) => [
        redisOf({ service, settings }),
        tcp({ name: "dgraph", address: settings.dgraph.database_url }),
    ],
});
