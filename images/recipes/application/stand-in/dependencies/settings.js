"use strict";

/** Values that are there and cannot do what they are for; they stay as they are until the next start. */
function settingsCheck(problems, where) {
    return {
        name: "settings",
        target: where,
        intervalMs: 3_600_000,
        check: () => {
            if (problems.length > 0) throw new Error(problems.join("; "));
        },
    };
}

module.exports = { settingsCheck };
