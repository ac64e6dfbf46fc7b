"use strict";

// Values that the real services accept at start and that then make them misbehave without a word.

const UNIT =
    "milliseconds?|msecs?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d|weeks?|w|years?|yrs?|y";
const DURATION = new RegExp(`^-?(\\d+)?\\.?\\d+ *(${UNIT})$`, "i");

const SECRET = /(secret|secretKey|accessKey|password|^token|clientId)$/i;

function lifetimes(auth) {
    const problems = [];
    for (const name of ["jwt_expiry", "access_expiry", "refresh_expiry"]) {
        const value = auth[name];
        if (typeof value === "number" || (typeof value === "string" && DURATION.test(value))) continue;
        const effect = /^\d+$/.test(value) ? "which is milliseconds" : "which is no time span";
        problems.push(
            `auth.${name} is the text ${JSON.stringify(value)}, ${effect}; give it a unit, such as "15m"`,
        );
    }
    return problems;
}

function emptySecrets(settings, path = "") {
    const problems = [];
    for (const [key, value] of Object.entries(settings)) {
        const name = path + key;
        if (typeof value === "object" && value !== null) problems.push(...emptySecrets(value, `${name}.`));
        else if (value === "" && SECRET.test(key)) problems.push(`${name} is empty`);
    }
    return problems;
}

/** One line for each value that is there but cannot do what it is for; empty when all are good. */
function problemsOf(settings) {
    const problems = emptySecrets(settings);
    const organization = settings.defaultOrganizationId;
    if (organization !== undefined && typeof organization !== "number") {
        problems.push(
            `defaultOrganizationId is the text ${JSON.stringify(organization)} and is compared with numbers, so it ` +
                "never matches; give it in the JSON file as a number and leave the variable unset",
        );
    }
    if (settings.auth !== undefined) problems.push(...lifetimes(settings.auth));
    const page = settings.web?.url;
    if (page !== undefined && !/^https?:\/\/[^/]+$/.test(page)) {
        problems.push(
            `web.url is ${JSON.stringify(page)}; browsers send an origin, such as https://sprocket.example`,
        );
    }
    const token = settings.influx?.token;
    if (token !== undefined && token !== token.trim()) {
        problems.push(
            "./secret/influx-token begins or ends in white space, which is sent; write no line break",
        );
    }
    return problems;
}

module.exports = { problemsOf };
