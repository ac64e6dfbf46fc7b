"use strict";

const { randomUUID } = require("node:crypto");

const { within } = require("./prober");

const REPLY_TO = "amq.rabbitmq.reply-to";
const ANSWER_MS = 5_000;

/** Calls as NestJS's RabbitMQ client makes them: one channel, direct reply-to, an id for each call. */
class RpcCaller {
    #waiting = new Map();

    constructor(channel) {
        this.channel = channel;
    }

    static async on(broker) {
        const caller = new RpcCaller(await broker.channel());
        await caller.channel.consume(REPLY_TO, (message) => caller.#answered(message), { noAck: true });
        caller.channel.on("return", (message) => caller.#returned(message));
        return caller;
    }

    /** The other side's response. The message expires where nobody takes it, so that probes do not pile up. */
    async call(queue, pattern, data = {}) {
        const id = randomUUID();
        const answer = new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
        this.channel.sendToQueue(queue, Buffer.from(JSON.stringify({ pattern, data, id })), {
            replyTo: REPLY_TO,
            correlationId: id,
            expiration: String(ANSWER_MS),
            mandatory: true,
        });
        try {
            return await within(ANSWER_MS, answer);
        } catch (error) {
            throw new Error(`queue ${queue}: ${error.message}`);
        } finally {
            this.#waiting.delete(id);
        }
    }

    close() {
        return this.channel.close();
    }

    #answered(message) {
        if (message === null) return;
        const call = this.#waiting.get(message.properties.correlationId);
        const { err, response } = JSON.parse(message.content.toString());
        if (err) call?.reject(new Error(String(err.message ?? err)));
        else call?.resolve(response);
    }

    #returned(message) {
        this.#waiting.get(message.properties.correlationId)?.reject(new Error("there is no such queue"));
    }
}

module.exports = { RpcCaller };
