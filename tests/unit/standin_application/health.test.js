"use strict";

const assert = require("node:assert/strict");
const { test } = require("node:test");
const { setTimeout: sleep } = require("node:timers/promises");

const { Health, PEER_GRACE_MS } = require("stand-in/health");
const { Prober, retryAfter, within } = require("stand-in/prober");

function made() {
    const lines = [];
    const log = { log: (_, text) => lines.push(text), error: (_, text) => lines.push(text) };
    let second = 0;
    const health = new Health("core", log, () => new Date(Date.UTC(2026, 0, 1, 0, 0, (second += 1))));
    return { health, lines };
}

test("a dependency counts as failing until it has worked", () => {
    const { health } = made();
    health.expect("redis", "redis:6379");
    assert.equal(health.ok, false);
    health.passed("redis");
    assert.equal(health.ok, true);
});

test("a peer may be late, but not for ever, and not after it has been there", () => {
    const log = { log: () => {}, error: () => {} };
    let now = 0;
    const health = new Health("core", log, () => new Date(now));
    health.expect("queues", "main-core", { peer: true });
    health.expect("rpc:bot", "main-bot", { peer: true });
    assert.equal(health.ok, true);
    assert.equal(health.report().dependencies.queues.ok, false);
    health.passed("rpc:bot");
    health.failed("rpc:bot", "no answer");
    assert.equal(health.ok, false);
    health.passed("rpc:bot");
    assert.equal(health.ok, true);
    now = PEER_GRACE_MS;
    assert.equal(health.ok, false);
});

test("the report names each dependency with its last error and since when", () => {
    const { health } = made();
    health.expect("redis", "redis:6379");
    health.expect("postgres", "postgres:5432");
    health.passed("redis");
    health.failed("postgres", "refused");
    const report = JSON.parse(JSON.stringify(health.report()));
    assert.equal(report.status, "error");
    assert.equal(report.service, "core");
    assert.deepEqual(Object.keys(report.dependencies), ["redis", "postgres"]);
    assert.equal(report.dependencies.redis.ok, true);
    assert.equal("error" in report.dependencies.redis, false);
    assert.equal(report.dependencies.postgres.error, "refused");
});

test("only changes are logged, and `since` moves only with the state", () => {
    const { health, lines } = made();
    health.expect("redis", "redis:6379");
    health.failed("redis", "refused");
    health.failed("redis", "refused");
    const { since } = health.report().dependencies.redis;
    health.failed("redis", "no answer");
    assert.equal(health.report().dependencies.redis.since, since);
    health.passed("redis");
    health.passed("redis");
    assert.notEqual(health.report().dependencies.redis.since, since);
    assert.deepEqual(lines, [
        "redis failed (redis:6379): refused",
        "redis failed (redis:6379): no answer",
        "redis ok (redis:6379)",
    ]);
});

test("retries grow from one second to fifteen", () => {
    assert.deepEqual([1, 2, 3, 4, 5, 6, 60].map(retryAfter), [1000, 2000, 4000, 8000, 15000, 15000, 15000]);
});

test("a promise that is too late is handed over to be closed", async () => {
    const late = [];
    await assert.rejects(
        within(20, sleep(60, "session"), (value) => late.push(value)),
        /no answer within 0.02 s/,
    );
    await sleep(80);
    assert.deepEqual(late, ["session"]);
    assert.equal(await within(200, sleep(5, "soon")), "soon");
});

test("a session is kept while it works, closed when it fails, and opened anew", async () => {
    const { health } = made();
    const seen = [];
    let broken = false;
    let opened = 0;
    const prober = new Prober(
        {
            name: "redis",
            target: "redis:6379",
            intervalMs: 60_000,
            open: () => `session ${(opened += 1)}`,
            check: (session) => {
                seen.push(session);
                if (broken) throw new Error("gone");
                return "a note";
            },
            close: (session) => seen.push(`closed ${session}`),
        },
        health,
    );
    assert.equal(await prober.once(), 60_000);
    assert.equal(health.report().dependencies.redis.note, "a note");
    broken = true;
    assert.deepEqual([await prober.once(), await prober.once(), await prober.once()], [1000, 2000, 4000]);
    assert.equal(health.report().dependencies.redis.error, "gone");
    broken = false;
    assert.equal(await prober.once(), 60_000);
    assert.deepEqual(seen, [
        "session 1",
        "session 1",
        "closed session 1",
        "session 2",
        "closed session 2",
        "session 3",
        "closed session 3",
        "session 4",
    ]);
});

test("a dependency that hangs fails after its time, and what opens too late is closed", async () => {
    const { health } = made();
    const closed = [];
    const dependency = {
        name: "redis",
        target: "redis:6379",
        timeoutMs: 20,
        close: (session) => closed.push(session),
    };
    dependency.open = () => sleep(60, "late");
    dependency.check = () => assert.fail("there is no session to check");
    assert.equal(await new Prober(dependency, health).once(), 1000);
    assert.equal(health.report().dependencies.redis.error, "no answer within 0.02 s");
    await sleep(80);
    assert.deepEqual(closed, ["late"]);
});
