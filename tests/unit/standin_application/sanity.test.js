"use strict";

const assert = require("node:assert/strict");
const { test } = require("node:test");

const { levelsOf, makeLog } = require("stand-in/log");
const { problemsOf } = require("stand-in/sanity");
const { describe, redact } = require("stand-in/text");

const auth = (value) => ({ auth: { jwt_expiry: value, access_expiry: "6h", refresh_expiry: "7d" } });

test("lifetimes have a unit or are numbers", () => {
    for (const good of ["15m", "1 day", "2.5 hrs", "100ms", 12000])
        assert.deepEqual(problemsOf(auth(good)), [], good);
    assert.match(problemsOf(auth("900"))[0], /auth\.jwt_expiry is the text "900", which is milliseconds/);
    assert.match(problemsOf(auth("soon"))[0], /no time span/);
    assert.match(problemsOf(auth(""))[0], /no time span/);
});

test("the organization's id is a number", () => {
    assert.deepEqual(problemsOf({ defaultOrganizationId: 2 }), []);
    assert.match(problemsOf({ defaultOrganizationId: "2" })[0], /never matches/);
});

test("empty secrets, wherever they are", () => {
    const settings = {
        redis: { password: "", host: "" },
        minio: { accessKey: "", secretKey: "k" },
        auth: undefined,
    };
    assert.deepEqual(problemsOf(settings), ["redis.password is empty", "minio.accessKey is empty"]);
});

test("the page's address is an origin", () => {
    assert.deepEqual(problemsOf({ web: { url: "https://sprocket.localhost" } }), []);
    for (const bad of ["sprocket.localhost", "https://sprocket.localhost/", "//x"]) {
        assert.equal(problemsOf({ web: { url: bad } }).length, 1, bad);
    }
});

test("white space around InfluxDB's token", () => {
    assert.deepEqual(problemsOf({ influx: { token: "t" } }), []);
    assert.equal(problemsOf({ influx: { token: "t\n" } }).length, 1);
});

test("log levels: a list, JSON's notation, debug, and anything else the default three", () => {
    assert.deepEqual(levelsOf(["error"]), ["error"]);
    assert.deepEqual(levelsOf('["error","debug"]'), ["error", "debug"]);
    assert.deepEqual(levelsOf("debug"), ["error", "warn", "log", "debug"]);
    assert.deepEqual(levelsOf("error,warn,log"), ["error", "warn", "log"]);
    assert.deepEqual(levelsOf(true), ["error", "warn", "log"]);
    assert.throws(() => levelsOf('["error"'), SyntaxError);
});

test("a level that is off writes nothing", () => {
    const lines = [];
    const log = makeLog(["error"], (line) => lines.push(line));
    log.log("A", "quiet");
    log.error("A", "loud");
    assert.equal(lines.length, 1);
    assert.match(lines[0], /^\[Nest\] \d+ .* ERROR \[A\] loud$/);
});

test("errors carry their code and no password", () => {
    assert.equal(describe(Object.assign(new Error("no"), { code: "E1" })), "E1: no");
    assert.equal(describe(new AggregateError([new Error("first"), new Error("second")])), "first");
    assert.equal(redact("at amqp://user:p4ss@rabbitmq:5672?x"), "at amqp://***@rabbitmq:5672?x");
    assert.equal(redact("redis://:p4ss@redis and http://host/a@b"), "redis://***@redis and http://host/a@b");
});
