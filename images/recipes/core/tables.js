"use strict";

// A few tables in each of the real database's schemas. As with the real migrations, the first creates two of the
// schemas (which needs CREATE on the database even where they exist), and the other three must be there.

const MIGRATIONS = [
    {
        name: "CreateSchema1651453834448",
        statements: ["CREATE SCHEMA IF NOT EXISTS mledb", "CREATE SCHEMA IF NOT EXISTS sprocket"],
    },
    {
        name: "StandInTables1658698535103",
        statements: [
            'CREATE TABLE sprocket.organization ("id" serial PRIMARY KEY, "name" varchar NOT NULL)',
            'CREATE TABLE sprocket."user" ("id" serial PRIMARY KEY, "createdAt" timestamp NOT NULL DEFAULT now())',
            'CREATE TABLE sprocket.stand_in ("service" varchar PRIMARY KEY, "seen" timestamptz NOT NULL)',
            'CREATE TABLE mledb.player ("id" serial PRIMARY KEY, "name" varchar NOT NULL)',
            'CREATE TABLE history.team_profile ("id" serial PRIMARY KEY)',
            'CREATE TABLE mledb_bridge.player_to_user ("id" serial PRIMARY KEY)',
        ],
    },
    {
        name: "StandInScience1770434634193",
        statements: ['CREATE TABLE data_science.stand_in ("id" serial PRIMARY KEY)'],
    },
];

const timestampOf = (name) => name.slice(-13);

/** What core does with its database: sees that all migrations have run, then writes a row and reads it back. */
async function useTables(client) {
    const { rows } = await client.query("SELECT to_regclass('public.migrations') AS found");
    if (rows[0].found === null)
        throw new Error("there are no tables; run npm run migration:run --workspace=core");
    const done = (await client.query("SELECT name FROM public.migrations")).rows.map(({ name }) => name);
    const pending = MIGRATIONS.map(({ name }) => name).filter((name) => !done.includes(name));
    if (pending.length > 0) throw new Error(`migrations that have not run: ${pending.join(", ")}`);
    const seen = await client.query(
        `INSERT INTO sprocket.stand_in ("service", "seen") VALUES ('core', now())
         ON CONFLICT ("service") DO UPDATE SET "seen" = EXCLUDED."seen" RETURNING "seen"`,
    );
    if (seen.rowCount !== 1) throw new Error("a row written to sprocket.stand_in did not come back");
}

module.exports = { MIGRATIONS, timestampOf, useTables };
