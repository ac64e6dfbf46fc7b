"use strict";

const { INFLUX, LOGGER, TRANSPORT, influxOf, run, transport } = require("stand-in");

const service = "server-analytics-service";

run({
    name: service,
    port: 3013,
    requires: [...INFLUX, ...TRANSPORT, ...LOGGER],
    dependencies: ({ settings, broker }) => {
        const { dependency, track } = influxOf({ service, settings });
        return [...transport({ service, settings, broker, handlers: { analytics: track } }), dependency];
    },
    greet: ({ settings: { transport: rabbitmq } }) => {
        console.log(
            `Microservice started! Connected to RMQ at '${rabbitmq.url}', on queue '${rabbitmq.analytics_queue}'`,
        );
    },
});
