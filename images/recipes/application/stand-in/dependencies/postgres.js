"use strict";

/** TLS as core decides it: none for exactly these two names, otherwise always, with whatever certificate. */
function tlsFor(host) {
    return host === "postgres" || host === "localhost" ? false : { rejectUnauthorized: false };
}

/** A connection to Postgres; `check` is what the service does with it. */
function postgres({ host, port, user, password, database, ssl, check }) {
    return {
        name: "postgres",
        target: `${host}:${port}/${database} as ${user}, ${ssl ? "TLS" : "no TLS"}`,
        open: async () => {
            const { Client } = require("pg");
            const client = new Client({
                host,
                port,
                user,
                password,
                database,
                ssl,
                connectionTimeoutMillis: 8_000,
                query_timeout: 8_000,
                application_name: "sprocket-stand-in",
            });
            client.on("error", () => {}); // the next query says it
            await client.connect();
            return client;
        },
        check,
        close: (client) => client.end(),
    };
}

module.exports = { postgres, tlsFor };
