"use strict";

const { randomUUID } = require("node:crypto");

const { within } = require("../prober");

const PROBE = "standIn.probe";
const BACK_MS = 4_000;
const REMEMBERED_MS = 60_000;

/** One service's subscriptions: its queues, the probe that must come back, and who else takes from its queue. */
class Subscription {
    #waiting = new Map();

    constructor(channel, service, exchange, key, intruder) {
        this.channel = channel;
        this.intruder = intruder;
        this.service = service;
        this.exchange = exchange;
        this.key = key;
        this.queue = this.queueFor(`${PROBE}.*`);
    }

    queueFor(topic) {
        return `${this.exchange}-${topic}-${this.key}`;
    }

    /** As the real services do it; `instance` topics get a queue of RabbitMQ's naming for this process alone. */
    async start(topics, instanceTopics) {
        await this.channel.assertExchange(this.exchange, "topic", { durable: false });
        for (const topic of [PROBE, ...topics].map((name) => `${name}.*`)) {
            const shared = { durable: false, exclusive: false };
            const { queue } = await this.channel.assertQueue(this.queueFor(topic), shared);
            await this.#take(queue, topic);
        }
        for (const topic of instanceTopics.map((name) => `${name}.*`)) {
            const { queue } = await this.channel.assertQueue("", { durable: false, exclusive: true });
            await this.#take(queue, topic);
        }
    }

    async #take(queue, topic) {
        await this.channel.bindQueue(queue, this.exchange, topic);
        await this.channel.consume(queue, (message) => this.#arrived(message), {
            noLocal: false,
            noAck: true,
        });
    }

    /** Publishes one event and waits until it is back. */
    async probe() {
        const id = randomUUID();
        const back = new Promise((resolve) => this.#waiting.set(id, resolve));
        const event = { id, service: this.service, queue: this.queue };
        this.channel.publish(this.exchange, `${PROBE}.default`, Buffer.from(JSON.stringify(event)));
        try {
            await within(BACK_MS, back);
        } catch {
            const { consumerCount } = await this.channel.checkQueue(this.queue);
            // With another task of this service on the queue, as in an update, the event went there.
            if (consumerCount < 2) throw new Error(`an event published did not come back on ${this.queue}`);
        } finally {
            this.#waiting.delete(id);
        }
        if (Date.now() < this.intruder.until) {
            throw new Error(
                `${this.intruder.service} takes events from the same queue ${this.queue}; ` +
                    "transport.events_application_key must differ from service to service",
            );
        }
    }

    #arrived(message) {
        if (message === null || !message.fields.routingKey.startsWith(`${PROBE}.`)) return;
        const { id, service, queue } = JSON.parse(message.content.toString());
        this.#waiting.get(id)?.();
        if (queue === this.queue && service !== this.service) {
            Object.assign(this.intruder, { service, until: Date.now() + REMEMBERED_MS });
        }
    }
}

/** The events exchange with the service's own application key. */
function events({ broker, service, exchange, key, topics = [], instanceTopics = [] }) {
    const intruder = { service: "", until: 0 }; // outlives a session, so that the state does not flicker
    return {
        name: "events",
        needs: "rabbitmq",
        target: `exchange ${exchange}, key ${key}`,
        open: async () => {
            const subscription = new Subscription(await broker.channel(), service, exchange, key, intruder);
            await subscription.start(topics, instanceTopics);
            return subscription;
        },
        check: (subscription) => subscription.probe(),
        close: (subscription) => subscription.channel.close(),
    };
}

module.exports = { events };
