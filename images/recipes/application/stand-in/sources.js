"use strict";

const fs = require("node:fs");

/** The real places: variables (with those of ./.env), files, and node-config with its own rules for directories. */
function realSources() {
    require("dotenv").config();
    const config = require("config");
    const folder = process.env.NODE_CONFIG_DIR ?? `${process.cwd()}/config`;
    return {
        env: process.env,
        readFile: (path) => (fs.existsSync(path) ? fs.readFileSync(path).toString() : undefined),
        config,
        configFile: `${folder}/${process.env.NODE_ENV ?? "development"}.json`,
    };
}

module.exports = { realSources };
