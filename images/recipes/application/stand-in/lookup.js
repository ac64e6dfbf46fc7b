"use strict";

const { CATALOG } = require("./catalog");

/**
 * Where values come from. `config` answers has(key) and get(key) as node-config does; `readFile` gives a file's text
 * or undefined; `configFile` is the path that messages name.
 * @typedef {{env: Record<string, string | undefined>, readFile: (path: string) => string | undefined,
 *   config: {has: (key: string) => boolean, get: (key: string) => unknown}, configFile: string}} Sources
 */

/** A variable counts as soon as it exists, even empty; only a fallback's type turns its text into something else. */
function plain(entry, sources) {
    const text = entry.env === undefined ? undefined : sources.env[entry.env];
    if (text !== undefined) {
        if (typeof entry.fallback === "boolean") return text.toLowerCase() === "true";
        if (typeof entry.fallback === "number") return Number(text);
        return text;
    }
    return sources.config.has(entry.key) ? sources.config.get(entry.key) : entry.fallback;
}

/** A secret's variable counts only when it is not empty; its file counts as soon as it exists. */
function secret(entry, sources) {
    const variable = entry.env === undefined ? "" : sources.env[entry.env];
    if (variable) return variable.trim();
    const text = sources.readFile(entry.file);
    if (text !== undefined) return entry.trim === false ? text : text.trim();
    return entry.orElse === undefined ? undefined : secret(entry.orElse, sources);
}

function placesOf(entry, sources) {
    const places = [];
    if (entry.env !== undefined) places.push(`variable ${entry.env}`);
    if (entry.file !== undefined) places.push(`file ${entry.file.replace(".", "/app")}`);
    if (entry.key !== undefined) places.push(`key ${entry.key} of ${sources.configFile}`);
    return entry.orElse === undefined ? places : places.concat(placesOf(entry.orElse, sources));
}

/** Puts a value at a dotted path, so that "db.host" is read as settings.db.host. */
function put(settings, name, value) {
    const path = name.split(".");
    const last = path.pop();
    let level = settings;
    for (const part of path) level = level[part] ??= {};
    level[last] = value;
}

/**
 * Looks every name of the catalog up.
 * @param {string[]} names
 * @param {Sources} sources
 * @returns {{settings: any, missing: string[]}} `missing` has one line for each value that is in none of its places.
 */
function lookUp(names, sources) {
    const settings = {};
    const missing = [];
    for (const name of names) {
        const entry = CATALOG[name];
        const value = entry.file === undefined ? plain(entry, sources) : secret(entry, sources);
        if (value === undefined)
            missing.push(`${name}: looked for ${placesOf(entry, sources).join(", then ")}`);
        else put(settings, name, value);
    }
    return { settings, missing };
}

module.exports = { lookUp, put };
