"use strict";

const { redirect, send } = require("stand-in");

const { sign, verify } = require("./tokens");

const TYPENAME = /^\s*(query\s+\w*\s*)?\{\s*__typename\s*\}\s*$/;
const DISCORD = "https://discord.com/oauth2/authorize";
const GOOGLE = "https://accounts.google.com/o/oauth2/v2/auth";
const MOST_QUERY_BYTES = 1024 * 1024;

/** CORS for the page's origin alone; the real P image answers any origin, its successors these only. */
function allowOrigin(request, response, page) {
    response.setHeader("Vary", "Origin");
    if (request.headers.origin !== page) return;
    response.setHeader("Access-Control-Allow-Origin", page);
    response.setHeader("Access-Control-Allow-Credentials", "true");
    if (request.method !== "OPTIONS") return;
    response.setHeader("Access-Control-Allow-Methods", "GET,HEAD,PUT,PATCH,POST,DELETE");
    const asked = request.headers["access-control-request-headers"];
    if (asked) response.setHeader("Access-Control-Allow-Headers", asked);
}

function answerQuery(response, query) {
    if (typeof query === "string" && TYPENAME.test(query))
        return send(response, 200, { data: { __typename: "Query" } });
    const message = query ? "this stand-in answers { __typename } only" : "GET query missing.";
    return send(response, 400, { errors: [{ message }] });
}

async function graphql(request, response, url) {
    if (request.method === "GET") return answerQuery(response, url.searchParams.get("query"));
    let body = "";
    for await (const chunk of request) {
        body += chunk;
        if (body.length > MOST_QUERY_BYTES)
            return send(response, 413, { errors: [{ message: "request too large" }] });
    }
    try {
        return answerQuery(response, JSON.parse(body).query ?? "");
    } catch {
        return send(response, 400, { errors: [{ message: "the body is not JSON" }] });
    }
}

/** Counts the bytes of an upload of any size, without keeping them. */
async function upload(request, response) {
    let bytes = 0;
    for await (const chunk of request) bytes += chunk.length;
    send(response, 200, { bytes });
}

function refresh(request, response, auth) {
    const [, token = ""] = /^Bearer (.+)$/.exec(request.headers.authorization ?? "") ?? [];
    const claims = verify(token, auth.jwt_secret);
    if (claims === null) return send(response, 401, { statusCode: 401, message: "Unauthorized" });
    const { iat, exp, ...kept } = claims;
    return send(response, 200, {
        access_token: sign(kept, auth.jwt_secret, auth.access_expiry),
        refresh_token: sign(kept, auth.jwt_secret, auth.refresh_expiry),
    });
}

function authorize(page, { clientId, callbackUrl }, scope) {
    const query = { response_type: "code", client_id: clientId, redirect_uri: callbackUrl, scope };
    return `${page}?${new URLSearchParams(query)}`;
}

/** Routes of the API: what probes, pages and sign-in ask for. */
function api({ web, auth }) {
    const { discord, google } = auth;
    const routes = {
        "/graphql": graphql,
        "/upload": upload,
        "/refresh": (request, response) => refresh(request, response, auth),
        "/login": (request, response) => redirect(response, authorize(DISCORD, discord, "identify email")),
        "/authentication/google/login": (request, response) =>
            redirect(response, authorize(GOOGLE, google, "email profile")),
    };
    return (request, response, url) => {
        allowOrigin(request, response, web.url);
        if (request.method === "OPTIONS") {
            response.writeHead(204, { "Content-Length": 0 }).end();
            return true;
        }
        if (!Object.hasOwn(routes, url.pathname)) return false;
        Promise.resolve(routes[url.pathname](request, response, url)).catch(() => response.destroy()); // the client left
        return true;
    };
}

module.exports = { api };
