"use strict";

// npm run migration:run --workspace=core, run in /app/core: reads its settings the way core/ormconfig.mjs does, which
// is not the way the service does, and runs what has not run yet, all in one transaction.

const fs = require("node:fs");

const { describe } = require("stand-in/text");

const { MIGRATIONS, timestampOf } = require("./tables");

// Two of these at once would both find the same migrations not run.
const LOCK = 1651453834448;

function passwordOf(config) {
    if (process.env.DB_PASSWORD) return process.env.DB_PASSWORD.trim();
    if (fs.existsSync("./secret/db-password.txt"))
        return fs.readFileSync("./secret/db-password.txt").toString().trim();
    if (config.has("db.password")) return config.get("db.password");
    throw new Error(
        "no password: DB_PASSWORD, /app/core/secret/db-password.txt, or db.password in /app/core/config",
    );
}

function connectionSettings() {
    require("dotenv").config();
    const config = require("config");
    const read = (variable, key) => process.env[variable] || config.get(key);
    return {
        host: read("DB_HOST", "db.host"),
        port: Number.parseInt(process.env.DB_PORT, 10) || config.get("db.port"),
        user: read("DB_USERNAME", "db.username"),
        password: passwordOf(config),
        database: read("DB_DATABASE", "db.database"),
        ssl: process.env.DB_SSL === "true" ? { rejectUnauthorized: false } : false,
        connectionTimeoutMillis: 10_000,
    };
}

/** Runs what has not run yet, inside the transaction at hand; gives the names. */
async function runPending(client) {
    await client.query("SELECT pg_advisory_xact_lock($1)", [LOCK]);
    await client.query(
        `CREATE TABLE IF NOT EXISTS public.migrations
         ("id" serial PRIMARY KEY, "timestamp" bigint NOT NULL, "name" varchar NOT NULL)`,
    );
    const done = (await client.query("SELECT name FROM public.migrations")).rows.map(({ name }) => name);
    const pending = MIGRATIONS.filter(({ name }) => !done.includes(name));
    for (const { name, statements } of pending) {
        for (const statement of statements) {
            await client.query(statement).catch((error) => {
                throw new Error(`migration ${name}: ${error.message}; in: ${statement}`);
            });
        }
        await client.query('INSERT INTO public.migrations ("timestamp", "name") VALUES ($1, $2)', [
            timestampOf(name),
            name,
        ]);
    }
    return pending.map(({ name }) => name);
}

async function main() {
    console.log("stand-in for the migrations of ghcr.io/sprocketbot/core");
    const { Client } = require("pg");
    const settings = connectionSettings();
    const client = new Client(settings);
    client.on("error", () => {}); // the next query says it
    console.log(`connecting to ${settings.host}:${settings.port}/${settings.database} as ${settings.user}`);
    await client.connect();
    try {
        await client.query("BEGIN");
        const ran = await runPending(client);
        await client.query("COMMIT");
        for (const name of ran) console.log(`Migration ${name} has been executed successfully.`);
        if (ran.length === 0) console.log("No migrations are pending");
    } finally {
        await client.end(); // without COMMIT nothing stays
    }
}

main().catch((error) => {
    console.error(`migrations failed: ${describe(error)}`);
    process.exit(1);
});
