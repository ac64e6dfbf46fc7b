"use strict";

const PROTOCOLS = ["graphql-transport-ws", "graphql-ws"];

/** Takes WebSockets on /graphql, as subscriptions do, and sends every message back. */
function acceptWebSockets(server) {
    const { Server } = require("ws");
    const sockets = new Server({
        noServer: true,
        handleProtocols: (offered) => [...offered].find((name) => PROTOCOLS.includes(name)) ?? "",
    });
    sockets.on("connection", (socket) => {
        socket.on("error", () => {}); // "close" follows
        socket.on("message", (data, binary) => socket.send(data, { binary }));
    });
    server.on("upgrade", (request, socket, head) => {
        if (new URL(request.url, "http://localhost").pathname !== "/graphql") {
            socket.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
            return;
        }
        sockets.handleUpgrade(request, socket, head, (open) => sockets.emit("connection", open, request));
    });
}

module.exports = { acceptWebSockets };
