"use strict";

// Lines and levels of NestJS's logger, which the real services write with.

const DEFAULT_LEVELS = ["error", "warn", "log"];

/**
 * Which levels a value of logger.levels switches on: a list as it is, a text in JSON's notation parsed (broken JSON
 * throws), "debug" all but verbose, anything else the default three without a word.
 */
function levelsOf(value) {
    if (Array.isArray(value)) return value;
    if (typeof value === "string" && value.startsWith("[")) return JSON.parse(value);
    return value === "debug" ? [...DEFAULT_LEVELS, "debug"] : DEFAULT_LEVELS;
}

/** A logger with one method for each level; what is switched off writes nothing. */
function makeLog(levels, write = (line) => process.stdout.write(`${line}\n`)) {
    const log = {};
    for (const level of ["error", "warn", "log", "debug", "verbose"]) {
        log[level] = levels.includes(level)
            ? (context, message) => {
                  const when = new Date().toLocaleString("en-US");
                  write(
                      `[Nest] ${process.pid}  - ${when} ${level.toUpperCase().padStart(7)} [${context}] ${message}`,
                  );
              }
            : () => {};
    }
    return log;
}

module.exports = { DEFAULT_LEVELS, levelsOf, makeLog };
