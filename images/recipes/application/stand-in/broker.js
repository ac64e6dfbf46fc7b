"use strict";

const CONNECT_TIMEOUT_MS = 8_000;

/** The one connection to RabbitMQ that all of a service's channels share; `changed` hears when it comes and goes. */
class Broker {
    #connection = null;

    constructor(url, changed) {
        this.url = url;
        this.changed = changed;
    }

    async open() {
        const connection = await require("amqplib")
            .connect(this.url, { heartbeat: 120, timeout: CONNECT_TIMEOUT_MS })
            .catch((error) => {
                throw /ConnectionOpenOk/.test(error.message)
                    ? new Error(`virtual host refused: ${error.message}`)
                    : error;
            });
        connection.on("error", () => {}); // "close" follows
        connection.once("close", () => {
            if (this.#connection !== connection) return;
            this.#connection = null;
            this.changed();
        });
        this.#connection = connection;
        this.changed();
        return connection;
    }

    async close(connection) {
        if (this.#connection === connection) this.#connection = null;
        await connection.close();
    }

    /** A new channel; an error on it closes it, and whoever works with it notices at the next use. */
    async channel() {
        if (this.#connection === null) throw new Error("rabbitmq is away");
        const channel = await this.#connection.createChannel();
        channel.on("error", () => {});
        return channel;
    }
}

module.exports = { Broker };
