"use strict";

const { validateHeaderValue } = require("node:http");

// As the service that sends a point writes it: lists of [name, value].
const FIELDS = {
    booleans: "booleanField",
    floats: "floatField",
    ints: "intField",
    strings: "stringField",
    tags: "tag",
};

/** Writes points with the service's token into its bucket. */
class InfluxWriter {
    #client;

    constructor({ address, org, bucket, token }) {
        // The library finds a line break in the token where nobody can catch it, and the process would end.
        validateHeaderValue("authorization", `Token ${token}`);
        this.org = org;
        this.bucket = bucket;
        const { InfluxDB } = require("@influxdata/influxdb-client");
        this.#client = new InfluxDB({ url: address, token, timeout: 8_000 });
    }

    /** One point; fails at once where the real service would go on trying in the background. */
    async write({ name, ...lists }) {
        const { Point } = require("@influxdata/influxdb-client");
        const api = this.#client.getWriteApi(this.org, this.bucket, "ms", { maxRetries: 0 });
        const point = new Point(name).timestamp(new Date());
        for (const [list, method] of Object.entries(FIELDS)) {
            for (const [key, value] of lists[list] ?? []) point[method](key, value);
        }
        api.writePoint(point);
        await api.close();
    }
}

/** The dependency, and `track`, which answers the analytics pattern by writing the point it is given. */
function influxdb({ service, settings }) {
    const heartbeat = { name: "stand_in", tags: [["service", service]], ints: [["alive", 1]] };
    return {
        dependency: {
            name: "influxdb",
            target: `${settings.address}, organization ${settings.org}, bucket ${settings.bucket}`,
            open: () => new InfluxWriter(settings),
            check: (writer) => writer.write(heartbeat),
        },
        track: async (data) => {
            await new InfluxWriter(settings).write(data);
            return true;
        },
    };
}

module.exports = { influxdb };
