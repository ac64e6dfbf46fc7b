"use strict";

// Makes the schemas that core's migrations take for granted, as the owner of the database; safe to repeat.
// Reads what the migrations read: config/production.json, secret/db-password.txt, DB_SSL. SCHEMAS is a list.
const fs = require("node:fs");
const path = require("node:path");
const config = require("config");
const { Client } = require("pg");

async function main() {
    const client = new Client({
        host: config.get("db.host"),
        port: config.get("db.port"),
        user: config.get("db.username"),
        password: fs.readFileSync(path.join(__dirname, "secret/db-password.txt"), "utf8").trim(),
        database: config.get("db.database"),
        ssl: process.env.DB_SSL === "true" ? { rejectUnauthorized: false } : false,
        connectionTimeoutMillis: 10_000,
    });
    await client.connect();
    try {
        for (const schema of process.env.SCHEMAS.split(",")) {
            await client.query(`CREATE SCHEMA IF NOT EXISTS ${client.escapeIdentifier(schema)}`);
        }
    } finally {
        await client.end();
    }
}

main().catch((error) => {
    const where = `${config.get("db.username")}@${config.get("db.host")}:${config.get("db.port")}/${config.get("db.database")}`;
    console.error(`schemas: ${where}: ${error.message}`);
    process.exitCode = 1;
});
