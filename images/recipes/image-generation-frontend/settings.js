"use strict";

const FILE = "./src/config.json";
const KEYS = [
    "minio.endpoint",
    "minio.port",
    "minio.bucket",
    "minio.ssl",
    "knex.host",
    "knex.port",
    "knex.user",
    "knex.database",
    "transport.url",
    "transport.image_generation_queue",
];
const SECRETS = [
    ["minio.access", "MINIO_ACCESS_KEY", "./secret/minio-access.txt"],
    ["minio.secret", "MINIO_SECRET_KEY", "./secret/minio-secret.txt"],
    ["knex.password", "DB_PASSWORD", "./secret/db-secret.txt"],
];

const at = (value, path) => path.split(".").reduce((level, part) => level?.[part], value);

function parsed(text, missing) {
    if (text === undefined) missing.push(`/app/src/config.json is not there; it holds ${KEYS.join(", ")}`);
    try {
        return JSON.parse(text ?? "{}");
    } catch (error) {
        missing.push(`/app/src/config.json: ${error.message}`);
        return {};
    }
}

/** One file of its own for what is no secret; secrets from variables or files. node-config plays no part. */
function frontendSettings({ env, readFile }) {
    const missing = [];
    const text = readFile(FILE);
    const settings = parsed(text, missing);
    if (missing.length === 0) {
        const absent = KEYS.filter((key) => at(settings, key) === undefined);
        missing.push(...absent.map((key) => `${key}: looked for in /app/src/config.json`));
    }
    for (const [name, variable, file] of SECRETS) {
        const value = (env[variable] || readFile(file))?.trim();
        if (value === undefined)
            missing.push(`${name}: looked for variable ${variable}, then file ${file.replace(".", "/app")}`);
        const [group, key] = name.split(".");
        settings[group] = { ...settings[group], [key]: value };
    }
    return { settings, missing, where: "/app/src/config.json" };
}

module.exports = { frontendSettings };
