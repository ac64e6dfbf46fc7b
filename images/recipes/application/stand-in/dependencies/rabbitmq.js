"use strict";

const { hostOf } = require("../text");

/** The connection itself: address, login, virtual host, frame size. */
function rabbitmq(broker) {
    return {
        name: "rabbitmq",
        target: hostOf(broker.url, 5672),
        open: () => broker.open(),
        check: async () => {
            const channel = await broker.channel();
            await channel.close();
        },
        close: (connection) => broker.close(connection),
    };
}

module.exports = { rabbitmq };
