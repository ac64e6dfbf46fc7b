"use strict";

const { Broker } = require("./broker");
const { settingsCheck } = require("./dependencies/settings");
const { Health } = require("./health");
const { serve } = require("./http-server");
const { DEFAULT_LEVELS, levelsOf, makeLog } = require("./log");
const { lookUp } = require("./lookup");
const { Prober } = require("./prober");
const { problemsOf } = require("./sanity");
const { realSources } = require("./sources");
const { describe } = require("./text");

/** Says what is missing, each on its own line, and ends. */
function refuse(service, reasons) {
    console.error(`${service} does not start; missing or unreadable:`);
    for (const reason of reasons) console.error(`  ${reason}`);
    process.exit(1);
}

function read(descriptor) {
    try {
        const sources = realSources();
        const found = (descriptor.settings ?? ((all) => lookUp(descriptor.requires, all)))(sources);
        const levels =
            found.settings.logger === undefined ? DEFAULT_LEVELS : levelsOf(found.settings.logger.levels);
        return { ...found, levels, where: found.where ?? sources.configFile };
    } catch (error) {
        return { missing: [describe(error)] };
    }
}

const ofRabbitmq = ({ name, needs }) => name === "rabbitmq" || needs === "rabbitmq";

/**
 * Runs one service for ever. A descriptor has `name`; `requires` (names of the catalog) or `settings(sources)`;
 * `dependencies({settings, broker, log})`; `port` to listen on. Where a service has them: `image`, `host` to listen on,
 * `route(settings)`, `greet({settings, log})` for what the real one prints at start, `ready({server})`.
 */
async function run(descriptor) {
    console.log(`stand-in for ${descriptor.image ?? `ghcr.io/sprocketbot/${descriptor.name}`}`);
    const { settings, missing, levels, where } = read(descriptor);
    if (missing.length > 0) refuse(descriptor.name, missing);
    const log = makeLog(levels);
    const health = new Health(descriptor.name, log);
    const probers = [];
    const broker = new Broker(settings.transport?.url, () => {
        for (const prober of probers.filter(({ dependency }) => ofRabbitmq(dependency))) prober.wake();
    });
    const problems = [...problemsOf(settings), ...(descriptor.problems?.(settings) ?? [])];
    const dependencies = [
        settingsCheck(problems, where),
        ...descriptor.dependencies({ settings, broker, log }),
    ];
    for (const dependency of dependencies) probers.push(new Prober(dependency, health));
    const route = descriptor.route?.(settings);
    const server = await serve({ port: descriptor.port, host: descriptor.host, health, route });
    log.log("NestApplication", `listening on port ${descriptor.port}`);
    descriptor.greet?.({ settings, log });
    descriptor.ready?.({ server });
    for (const prober of probers) prober.run();
}

module.exports = { run };
