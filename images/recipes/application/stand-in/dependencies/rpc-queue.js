"use strict";

const { RpcCaller } = require("../rpc-caller");

const PING = "standIn.ping";

async function answer(channel, message, service, handlers) {
    const { pattern, data, id } = JSON.parse(message.content.toString());
    const handler = pattern === PING ? () => ({ service }) : handlers[pattern];
    const reply = { isDisposed: true, id };
    try {
        if (!handler) throw new Error("There is no matching message handler defined in the remote service.");
        reply.response = await handler(data);
    } catch (error) {
        reply.err = error.message;
    }
    const { replyTo, correlationId } = message.properties;
    if (replyTo) channel.sendToQueue(replyTo, Buffer.from(JSON.stringify(reply)), { correlationId });
}

/**
 * The service's own RPC queue, taken from as NestJS does: durable, no acknowledgement, no prefetch limit. Three calls
 * to itself show whether somebody else takes from the queue as well (RabbitMQ hands messages out in turn).
 */
function rpcQueue({ broker, service, queue, handlers = {} }) {
    return {
        name: "rpc-queue",
        needs: "rabbitmq",
        target: `queue ${queue}`,
        open: async () => {
            const channel = await broker.channel();
            await channel.assertQueue(queue, { durable: true });
            await channel.prefetch(0, false);
            const take = (message) => {
                // Lost with it: a message that is no JSON, an answer for a channel that has closed.
                if (message !== null) answer(channel, message, service, handlers).catch(() => {});
            };
            await channel.consume(queue, take, { noAck: true });
            return { channel, caller: await RpcCaller.on(broker) };
        },
        check: async ({ caller }) => {
            for (let call = 0; call < 3; call += 1) {
                const response = await caller.call(queue, PING);
                if (response.service === service) continue;
                throw new Error(`${response.service} takes messages from queue ${queue} too`);
            }
        },
        close: ({ channel, caller }) => Promise.allSettled([channel.close(), caller.close()]),
    };
}

/** Another service, asked through its queue. */
function rpcTo({ broker, service, queue }) {
    return {
        name: `rpc:${service}`,
        peer: true,
        needs: "rabbitmq",
        target: `queue ${queue}`,
        open: () => RpcCaller.on(broker),
        check: async (caller) => {
            const response = await caller.call(queue, PING);
            if (response.service !== service)
                throw new Error(`queue ${queue} is answered by ${response.service}`);
        },
        close: (caller) => caller.close(),
    };
}

/** The queues of all services exist; a name that only this service has is found here. */
function rpcQueues({ broker, queues }) {
    return {
        name: "queues",
        peer: true,
        needs: "rabbitmq",
        target: queues.join(", "),
        check: async () => {
            const absent = [];
            for (const queue of queues) {
                const channel = await broker.channel();
                try {
                    await channel.checkQueue(queue);
                    await channel.close();
                } catch (error) {
                    if (error.code !== 404) throw error;
                    absent.push(queue);
                }
            }
            if (absent.length > 0) throw new Error(`no service has made: ${absent.join(", ")}`);
        },
    };
}

module.exports = { PING, rpcQueue, rpcQueues, rpcTo };
