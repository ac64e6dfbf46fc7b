"use strict";

// Brings the database to the schema of this image with the image's own TypeORM, data source (ormconfig.mjs) and
// migrations; safe to repeat. Ends with 0 only when every migration and every table that the image knows is there.
// SCHEMAS is a list. SEED is the command that restores a dump, for people.
const path = require("node:path");
const { pathToFileURL } = require("node:url");

const list = (names) => (names.length > 5 ? `${names.slice(0, 5).join(", ")} and ${names.length - 5} more` : names.join(", "));

/** The database's own table of migrations. */
const recordOf = ({ options }) => `"${options.schema}"."${options.migrationsTableName}"`;

/** The tables that core's models map and the database does not have. */
async function missingTables(source) {
    const tables = source.entityMetadatas.map(({ tablePath }) => tablePath);
    const found = await source.query("SELECT name FROM unnest($1::text[]) AS name WHERE to_regclass(name) IS NULL", [tables]);
    return found.map(({ name }) => name).sort();
}

/** The migrations of the image that the database's own table of them does not have. */
async function missingMigrations(source) {
    const done = await source.query(`SELECT name FROM ${recordOf(source)}`);
    const names = source.migrations.map((migration) => migration.name ?? migration.constructor.name);
    return names.filter((name) => !done.some((row) => row.name === name));
}

async function migrate(source) {
    if (source.migrations.length === 0) throw new Error("there are no migrations in /app/core/migrations; is the image core's?");
    // No migration makes the tables of MLEDB, the league's older database; a dump has to bring them.
    const brought = (await missingTables(source)).filter((table) => table.startsWith("mledb."));
    if (brought.length > 0)
        throw new Error(
            `the database is not whole: core needs ${list(brought)}, which no migration makes. ` +
                `Restore a dump of the league's database; what waits here goes on by itself: ${process.env.SEED}`,
        );
    for (const schema of process.env.SCHEMAS.split(",")) await source.query(`CREATE SCHEMA IF NOT EXISTS "${schema}"`);
    // As TypeORM would, which puts it into the first schema of the search path and then looks for it in the configured one.
    await source.query(
        `CREATE TABLE IF NOT EXISTS ${recordOf(source)} (id serial PRIMARY KEY, "timestamp" bigint NOT NULL, name varchar NOT NULL)`,
    );
    const ran = await source.runMigrations({ transaction: "all" });
    for (const { name } of ran) console.log(`migration ${name}: done`);

    const pending = await missingMigrations(source);
    if (pending.length > 0) throw new Error(`these migrations of the image are not in the database: ${list(pending)}`);
    const missing = await missingTables(source);
    if (missing.length > 0)
        throw new Error(`all migrations are done and core still has no table ${list(missing)}; restore them from a dump`);
    console.log(`all ${source.migrations.length} migrations and ${source.entityMetadatas.length} tables are there`);
}

async function main() {
    process.chdir(__dirname); // ormconfig.mjs reads ./secret and ./config
    require("ts-node").register({ transpileOnly: true });
    const { default: source } = await import(pathToFileURL(path.join(__dirname, "ormconfig.mjs")).href);
    const { username, host, port, database } = source.options;
    const where = `${username}@${host}:${port}/${database}`;
    try {
        // The image has its migrations as TypeScript; the compiled ones that its own configuration names are not in it.
        // Some of them name the tables of the schema sprocket without it (1658967501286-Automigration.ts:11).
        source.setOptions({
            migrations: ["migrations/*.ts"],
            extra: { options: "-c search_path=sprocket,public" },
        });
        await source.initialize();
        await migrate(source);
    } catch (error) {
        // Node says "" of a name with several addresses that all refuse; the code is there.
        console.error(`${where}: ${error.message || error.code}${error.query ? `; in: ${error.query}` : ""}`);
        process.exitCode = 1;
    } finally {
        if (source.isInitialized) await source.destroy();
    }
}

main().catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
});
