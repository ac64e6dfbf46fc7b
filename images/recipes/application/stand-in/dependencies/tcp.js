"use strict";

const net = require("node:net");

/** A port that accepts connections; for a protocol that this stand-in does not speak. */
function tcp({ name, address }) {
    const [host, port] = address.split(":");
    return {
        name,
        target: address,
        check: () =>
            new Promise((resolve, reject) => {
                const socket = net.connect({ host, port: Number(port), timeout: 5_000 });
                socket.once("connect", () => socket.end(resolve));
                socket.once("timeout", () => socket.destroy(new Error("no connection within 5 s")));
                socket.once("error", reject);
            }),
    };
}

module.exports = { tcp };
