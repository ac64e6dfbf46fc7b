"use strict";

// What a service's main file needs. Libraries are loaded where they are used: most services use a few of them.

module.exports = {
    ...require("./catalog"),
    ...require("./dependencies/core-api"),
    ...require("./dependencies/postgres"),
    ...require("./dependencies/rabbitmq"),
    ...require("./dependencies/rpc-queue"),
    ...require("./dependencies/s3"),
    ...require("./dependencies/tcp"),
    ...require("./http-server"),
    ...require("./parts"),
    ...require("./stand-in"),
};
