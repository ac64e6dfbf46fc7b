"use strict";

// The variables and files are those that the predecessor gave it; the keys are an assumption (they follow the others).
const VALUES = [
    ["redis.host", "REDIS_HOST"],
    ["redis.port", "REDIS_PORT"],
    ["redis.prefix", "REDIS_PREFIX"],
    ["dgraph.database_url", "DGRAPH_DATABASE_URL"],
];
const SECRETS = [
    ["redis.password", "REDIS_PASSWORD", "./secret/redis-password.txt"],
    ["dgraph.api_key", "DGRAPH_API_KEY", "./secret/dgraph-api-key.txt"],
];

/** Variables first, then the JSON file; secrets from variables or files. */
function eloSettings({ env, readFile, config, configFile }) {
    const settings = { redis: {}, dgraph: {} };
    const missing = [];
    const put = (name, value, places) => {
        const [group, key] = name.split(".");
        if (value === undefined) missing.push(`${name}: looked for ${places}`);
        else settings[group][key] = value;
    };
    for (const [name, variable] of VALUES) {
        const value = env[variable] ?? (config.has(name) ? config.get(name) : undefined);
        put(name, value, `variable ${variable}, then key ${name} of ${configFile}`);
    }
    for (const [name, variable, file] of SECRETS) {
        put(
            name,
            (env[variable] || readFile(file))?.trim(),
            `variable ${variable}, then file ${file.replace(".", "/app")}`,
        );
    }
    return { settings, missing };
}

module.exports = { eloSettings };
