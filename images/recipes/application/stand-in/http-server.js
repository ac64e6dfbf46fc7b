"use strict";

const http = require("node:http");

/** Writes a whole answer. */
function send(response, status, body, headers = {}) {
    const text = typeof body === "string" ? body : `${JSON.stringify(body)}\n`;
    const type = typeof body === "string" ? "text/html; charset=utf-8" : "application/json; charset=utf-8";
    response.writeHead(status, {
        "Content-Type": type,
        "Content-Length": Buffer.byteLength(text),
        ...headers,
    });
    response.end(text);
}

function redirect(response, location) {
    response.writeHead(302, { Location: location, "Content-Length": 0 }).end();
}

/**
 * Serves /healthz before anything else, then what `route(request, response, url)` takes (it returns true), then 404
 * in the words of the real services' framework.
 */
function serve({ port, host, health, route = () => false }) {
    const server = http.createServer((request, response) => {
        const url = new URL(request.url, "http://localhost");
        if (url.pathname === "/healthz") return send(response, health.ok ? 200 : 503, health.report());
        if (route(request, response, url)) return undefined;
        const message = `Cannot ${request.method} ${url.pathname}`;
        return send(response, 404, { statusCode: 404, message, error: "Not Found" });
    });
    return new Promise((resolve, reject) => {
        server.once("error", reject);
        server.listen(port, host, () => resolve(server));
    });
}

module.exports = { redirect, send, serve };
