"use strict";

const { IMAGE_BUCKET, LOGGER, MINIO, TRANSPORT, bucketOf, run, transport } = require("stand-in");

const service = "image-generation-service";

run({
    name: service,
    port: 3014,
    requires: [...MINIO, ...IMAGE_BUCKET, ...TRANSPORT, ...LOGGER],
    dependencies: ({ settings, broker }) => [
        ...transport({ service, settings, broker }),
        bucketOf({ service, settings, label: "image_generation" }),
    ],
});
