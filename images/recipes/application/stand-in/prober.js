"use strict";

const { describe } = require("./text");

const INTERVAL_MS = 15_000;
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 15_000;
const TIMEOUT_MS = 10_000;

/** How long to wait after the n-th failure in a row (n from 1): 1, 2, 4, 8, 15, 15 ... seconds. */
function retryAfter(failures) {
    return Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), LAST_RETRY_MS);
}

/** Rejects after `ms`; the promise that was too late is handed to `late` when it comes through after all. */
function within(ms, promise, late = () => {}) {
    return new Promise((resolve, reject) => {
        let over = false;
        const timer = setTimeout(() => {
            over = true;
            reject(new Error(`no answer within ${ms / 1000} s`));
        }, ms);
        promise
            .then(
                (value) => (over ? late(value) : resolve(value)),
                (error) => (over ? undefined : reject(error)),
            )
            .finally(() => clearTimeout(timer));
    });
}

/**
 * Keeps one dependency in use for as long as the process lives: opens a session, uses it again and again, and when
 * that fails closes it and opens another one after a growing pause. Never gives up, never throws.
 *
 * A dependency has `name`, `target` (for messages), `check(session)` (may return a note), and where a session is kept
 * `open()` and `close(session)`; `peer: true` where it needs another service of the application; `intervalMs` and `timeoutMs` where the usual 15 s and 10 s do not fit.
 */
class Prober {
    #session;
    #failures = 0;
    #endPause = () => {};

    constructor(dependency, health) {
        this.dependency = dependency;
        this.health = health;
        health.expect(dependency.name, dependency.target, { peer: dependency.peer });
    }

    /** Works until the process ends; what needs RabbitMQ waits for the connection before its first try. */
    async run() {
        if (this.dependency.needs) await this.#pause(LAST_RETRY_MS);
        for (;;) {
            await this.#pause(await this.once());
        }
    }

    /** Ends the present pause, though not before a second of it is over: something the dependency needs has changed. */
    wake() {
        this.#endPause();
    }

    async #pause(ms) {
        const woken = new Promise((resolve) => (this.#endPause = resolve));
        let timer;
        await new Promise((resolve) => setTimeout(resolve, FIRST_RETRY_MS));
        await Promise.race([
            woken,
            new Promise((resolve) => (timer = setTimeout(resolve, ms - FIRST_RETRY_MS))),
        ]);
        clearTimeout(timer);
    }

    /** Uses the dependency once; returns the milliseconds to wait before the next time. */
    async once() {
        const { name, intervalMs = INTERVAL_MS } = this.dependency;
        try {
            this.health.passed(name, await this.#use());
            this.#failures = 0;
            return intervalMs;
        } catch (error) {
            this.health.failed(name, describe(error));
            this.#drop();
            this.#failures += 1;
            return retryAfter(this.#failures);
        }
    }

    async #use() {
        const { open, check, timeoutMs = TIMEOUT_MS } = this.dependency;
        if (open && this.#session === undefined) {
            this.#session = await within(timeoutMs, Promise.resolve().then(open), (late) =>
                this.#close(late),
            );
        }
        return within(
            timeoutMs,
            Promise.resolve().then(() => check(this.#session)),
        );
    }

    #drop() {
        const session = this.#session;
        this.#session = undefined;
        if (session !== undefined) this.#close(session);
    }

    #close(session) {
        Promise.resolve()
            .then(() => this.dependency.close?.(session))
            .catch(() => {}); // it is being thrown away because it failed
    }
}

module.exports = { Prober, retryAfter, within };
