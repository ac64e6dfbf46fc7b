"use strict";

// Core's HTTP side, over HTTP on loopback.

const assert = require("node:assert/strict");
const http = require("node:http");
const path = require("node:path");
const { after, before, test } = require("node:test");

const { serve } = require("stand-in/http-server");

const CORE = path.resolve(__dirname, "../../../images/recipes/core");
const { api } = require(path.join(CORE, "api"));
const { seconds, sign, verify } = require(path.join(CORE, "tokens"));

const PAGE = "https://sprocket.localhost";
const SETTINGS = {
    web: { url: PAGE },
    auth: {
        jwt_secret: "k".repeat(64),
        access_expiry: "6h",
        refresh_expiry: "7d",
        discord: { clientId: "1", callbackUrl: "https://api.sprocket.localhost/login" },
        google: { clientId: "2", callbackUrl: "https://api.sprocket.localhost/authentication/google/login" },
    },
};
const health = { ok: false, report: () => ({ status: "error" }) };
let server;

before(async () => {
    server = await serve({ port: 0, host: "127.0.0.1", health, route: api(SETTINGS) });
});
after(() => server.close());

function ask(method, target, { headers = {}, body } = {}) {
    return new Promise((resolve, reject) => {
        const request = http.request(
            { port: server.address().port, method, path: target, headers, agent: false },
            (response) => {
                let text = "";
                response.on("data", (chunk) => (text += chunk));
                response.on("end", () =>
                    resolve({ status: response.statusCode, headers: response.headers, text }),
                );
            },
        );
        request.on("error", reject);
        request.end(body);
    });
}

test("GraphQL: 400 without a query, 200 for __typename", async () => {
    assert.equal((await ask("GET", "/graphql")).status, 400);
    assert.equal((await ask("GET", "/graphql?query=%7B__typename%7D")).status, 200);
    const answer = await ask("POST", "/graphql", { body: '{"query":"query Probe { __typename }"}' });
    assert.deepEqual([answer.status, JSON.parse(answer.text)], [200, { data: { __typename: "Query" } }]);
    for (const body of ["", "{", "null", "{}", '{"query":"{ me }"}']) {
        assert.equal((await ask("POST", "/graphql", { body })).status, 400, body);
    }
});

test("CORS: the page and nobody else", async () => {
    const headers = { "access-control-request-headers": "content-type,authorization" };
    const page = await ask("OPTIONS", "/graphql", { headers: { origin: PAGE, ...headers } });
    assert.equal(page.status, 204);
    assert.equal(page.headers["access-control-allow-origin"], PAGE);
    assert.match(page.headers["access-control-allow-headers"], /authorization/);
    const stranger = await ask("OPTIONS", "/graphql", {
        headers: { origin: "https://evil.example", ...headers },
    });
    assert.equal(stranger.status, 204);
    assert.equal(stranger.headers["access-control-allow-origin"], undefined);
    assert.equal(
        (await ask("GET", "/graphql", { headers: { origin: PAGE } })).headers["access-control-allow-origin"],
        PAGE,
    );
});

test("health answers before anything else, with its own code", async () => {
    assert.equal((await ask("GET", "/healthz")).status, 503);
});

test("refresh takes a token of this secret and no other", async () => {
    const token = sign({ sub: "7" }, SETTINGS.auth.jwt_secret, "1m");
    const bearer = (text) => ask("GET", "/refresh", { headers: { authorization: `Bearer ${text}` } });
    const answer = await bearer(token);
    assert.equal(answer.status, 200);
    assert.equal(verify(JSON.parse(answer.text).access_token, SETTINGS.auth.jwt_secret).sub, "7");
    assert.equal((await ask("GET", "/refresh")).status, 401);
    for (const bad of [
        sign({}, "other", "1m"),
        sign({}, SETTINGS.auth.jwt_secret, -1),
        `${token}x`,
        "a.b",
        "a.b.c",
        "",
    ]) {
        assert.equal((await bearer(bad)).status, 401, bad);
    }
});

test("uploads are counted", async () => {
    const answer = await ask("POST", "/upload", { body: Buffer.alloc(3_000_000) });
    assert.deepEqual([answer.status, JSON.parse(answer.text)], [200, { bytes: 3_000_000 }]);
});

test("sign-in leads to Discord and Google with the address to come back to", async () => {
    const discord = new URL((await ask("GET", "/login")).headers.location);
    assert.equal(discord.searchParams.get("redirect_uri"), SETTINGS.auth.discord.callbackUrl);
    const google = new URL((await ask("GET", "/authentication/google/login")).headers.location);
    assert.equal(google.searchParams.get("client_id"), "2");
});

test("what is not there is 404 in the framework's words", async () => {
    const answer = await ask("GET", "/nope");
    assert.deepEqual([answer.status, JSON.parse(answer.text).message], [404, "Cannot GET /nope"]);
});

test("lifetimes: numbers are seconds, a bare text is milliseconds", () => {
    assert.deepEqual(
        [seconds(12000), seconds("15m"), seconds("7d"), seconds("900")],
        [12000, 900, 604800, 0.9],
    );
});
