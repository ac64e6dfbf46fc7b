"use strict";

const { coreApi, run } = require("stand-in");

const { pages } = require("./pages");
const { webProblems, webSettings } = require("./settings");

run({
    name: "web",
    port: 3000,
    settings: webSettings,
    problems: webProblems,
    dependencies: ({ settings }) => [coreApi(settings.client.gqlUrl)],
    route: pages,
});
