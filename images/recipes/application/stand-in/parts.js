"use strict";

// The dependencies that settings of the catalog describe, so that a service lists its own in a line each.

const { celery } = require("./dependencies/celery");
const { events } = require("./dependencies/events");
const { influxdb } = require("./dependencies/influxdb");
const { rabbitmq } = require("./dependencies/rabbitmq");
const { redis } = require("./dependencies/redis");
const { rpcQueue, rpcQueues, rpcTo } = require("./dependencies/rpc-queue");
const { s3 } = require("./dependencies/s3");

/** Service that takes from each queue, by the setting that names the queue. */
const TAKERS = {
    core_queue: "core",
    bot_queue: "discord-bot",
    analytics_queue: "server-analytics-service",
    matchmaking_queue: "matchmaking-service",
    notification_queue: "notification-service",
    image_generation_queue: "image-generation-service",
    submission_queue: "submission-service",
};

function queueOf(settings, service) {
    const name = Object.keys(TAKERS).find((key) => TAKERS[key] === service);
    return settings.transport[name];
}

/** Connection, own RPC queue, the queues of the others, and those others that the service calls. */
function transport({ service, settings, broker, calls = [], handlers }) {
    return [
        rabbitmq(broker),
        rpcQueue({ broker, service, queue: queueOf(settings, service), handlers }),
        rpcQueues({ broker, queues: Object.keys(TAKERS).map((name) => settings.transport[name]) }),
        ...calls.map((other) => rpcTo({ broker, service: other, queue: queueOf(settings, other) })),
    ];
}

function eventsOf({ service, settings, broker, topics, instanceTopics }) {
    const { events_queue: exchange, events_application_key: key } = settings.transport;
    return events({ broker, service, exchange, key, topics, instanceTopics });
}

const redisOf = ({ service, settings, json }) => redis({ service, ...settings.redis, json });

/** Apollo's cache, which lives in database 13. */
const cacheOf = ({ service, settings }) =>
    redis({ name: "cache", service, ...settings.cache, prefix: "fqc", db: 13 });

const bucketOf = ({ service, settings, label }) =>
    s3({ service, label, bucket: settings.minio.bucketNames[label], account: settings.minio });

const celeryOf = ({ service, settings }) =>
    celery({
        service,
        celery: settings.celery,
        redis: settings.redis,
        account: settings.minio,
        bucket: settings.minio.bucketNames.replays,
    });

const influxOf = ({ service, settings }) => influxdb({ service, settings: settings.influx });

/** Services that publish or hear events print the whole URL of RabbitMQ at start, password included. */
function printUrl({ settings, log }) {
    log.log("RmqService", `Connecting to RabbitMQ @ ${settings.transport.url}`);
}

module.exports = { bucketOf, cacheOf, celeryOf, eventsOf, influxOf, printUrl, redisOf, transport };
