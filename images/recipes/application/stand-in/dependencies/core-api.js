"use strict";

const http = require("node:http");
const https = require("node:https");
const tls = require("node:tls");

const TIMEOUT_MS = 8_000;
const MOST_REDIRECTS = 5;
const UNKNOWN_AUTHORITY = new Set([
    "DEPTH_ZERO_SELF_SIGNED_CERT",
    "SELF_SIGNED_CERT_IN_CHAIN",
    "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

/** One GET without following redirects. `trusting` takes any authority, though not a wrong host name. */
function get(url, trusting) {
    return new Promise((resolve, reject) => {
        const request = (url.protocol === "https:" ? https : http).get(
            url,
            { timeout: TIMEOUT_MS, agent: false, rejectUnauthorized: !trusting },
            (response) => {
                const wrong =
                    trusting && tls.checkServerIdentity(url.hostname, response.socket.getPeerCertificate());
                if (wrong) return request.destroy(wrong);
                let body = "";
                response.setEncoding("utf8");
                response.on("data", (chunk) => (body = (body + chunk).slice(0, 4096)));
                response.on("end", () =>
                    resolve({ status: response.statusCode, headers: response.headers, body }),
                );
                response.on("error", reject);
            },
        );
        request.on("timeout", () => request.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)));
        request.on("error", reject);
    });
}

/** Follows redirects. Where no authority was given by NODE_EXTRA_CA_CERTS, an unknown one is taken with a note. */
async function fetchFollowing(start) {
    let url = new URL(start);
    let note;
    for (let hop = 0; hop <= MOST_REDIRECTS; hop += 1) {
        const secured = url.protocol === "https:";
        const answer = await get(url, false).catch((error) => {
            if (!secured || !UNKNOWN_AUTHORITY.has(error.code) || process.env.NODE_EXTRA_CA_CERTS)
                throw error;
            note = "certificate of an unknown authority accepted; NODE_EXTRA_CA_CERTS would have it verified";
            return get(url, true);
        });
        if (![301, 302, 303, 307, 308].includes(answer.status)) return { ...answer, url, note };
        url = new URL(answer.headers.location, url);
    }
    throw new Error(`more than ${MOST_REDIRECTS} redirects`);
}

function statusCodeIn(body) {
    try {
        return JSON.parse(body).statusCode;
    } catch {
        return undefined;
    }
}

/** Core's API as web's server calls it: plain http, redirects followed. Without a token core must answer 401. */
function coreApi(host) {
    const start = `http://${host}/refresh`;
    return {
        name: "core-api",
        target: start,
        timeoutMs: 20_000,
        check: async () => {
            const { status, body, url, note } = await fetchFollowing(start);
            if (status !== 401 || statusCodeIn(body) !== 401) {
                throw new Error(
                    `${url.href} answers ${status} and not core's 401; is client.gqlUrl the API's host?`,
                );
            }
            return note;
        },
    };
}

module.exports = { coreApi };
