"use strict";

/**
 * How long a service may be well without its peers: all of them need each other's queues, and somebody is first. After
 * that, or once a peer has answered, its absence counts like any other.
 */
const PEER_GRACE_MS = 180_000;

/**
 * What is known of each dependency, by name. Says every change on the log: an error when one fails or fails in
 * another way, a line when it works again.
 */
class Health {
    constructor(service, log, now = () => new Date()) {
        this.service = service;
        this.log = log;
        this.now = now;
        this.dependencies = new Map();
        this.peers = new Set();
        this.started = this.now().getTime();
    }

    /** Announces a dependency; it counts as failing until the first success. A peer has time to come. */
    expect(name, target, { peer = false } = {}) {
        if (peer) this.peers.add(name);
        this.dependencies.set(name, {
            ok: false,
            target,
            error: "not tried yet",
            since: this.now().toISOString(),
        });
    }

    passed(name, note) {
        const entry = this.dependencies.get(name);
        const changed = !entry.ok || entry.note !== note;
        this.peers.delete(name);
        if (!entry.ok) entry.since = this.now().toISOString();
        if (changed) this.log.log("Dependency", `${name} ok (${entry.target})${note ? `, but ${note}` : ""}`);
        this.#update(name, entry, { ok: true, error: undefined, note });
    }

    failed(name, error) {
        const entry = this.dependencies.get(name);
        if (entry.ok) entry.since = this.now().toISOString();
        const changed = entry.ok || entry.error !== error;
        if (changed) this.log.error("Dependency", `${name} failed (${entry.target}): ${error}`);
        this.#update(name, entry, { ok: false, error, note: undefined });
    }

    #update(name, entry, values) {
        this.dependencies.set(name, { ...entry, ...values, checked: this.now().toISOString() });
    }

    get ok() {
        const waiting = this.now().getTime() - this.started < PEER_GRACE_MS;
        return [...this.dependencies].every(([name, entry]) => entry.ok || (waiting && this.peers.has(name)));
    }

    /** Body of /healthz. */
    report() {
        return {
            status: this.ok ? "ok" : "error",
            service: this.service,
            standIn: true,
            dependencies: Object.fromEntries(this.dependencies),
        };
    }
}

module.exports = { Health, PEER_GRACE_MS };
