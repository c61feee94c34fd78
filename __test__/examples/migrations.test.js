"use strict";

// The SQL for the table: that servers can work with what it gives to their role, and that all of it is needed.

const assert = require("node:assert/strict");
const { randomBytes } = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");
const { after, before, describe, it } = require("node:test");

const { Client } = require("pg");

const { Emitter } = require("../../index.js");
const { startPostgres } = require("../../scripts/embedded-postgres.js");
const { exampleFolder } = require("../../scripts/examples.js");
const { Reports } = require("../support/faults.js");
const { TestServer } = require("../support/server.js");
const { collect, until } = require("../support/wait.js");

/** More than servers send without the table. */
const LARGE = randomBytes(3 * 1024 * 1024);

/** A server that removes rows soon, which can be before somebody has read them. */
const TIDY = { cleanupInterval: 200 };

const VARIANTS = [
  {
    folder: "default-schema",
    table: "socket_io_attachments",
    options: {},
    needed: [],
  },
  {
    folder: "own-schema",
    table: "socket_io.attachments",
    options: { tableName: "socket_io.attachments" },
    needed: ["USAGE ON SCHEMA socket_io"],
  },
];

/** @param {any} cause whether PostgreSQL says that the privilege is missing */
function isRefusal(cause) {
  return cause?.code === "42501";
}

for (const { folder, table, options, needed } of VARIANTS) {
  describe(`the migration in ${folder}`, () => {
    /** @type {import("../../scripts/embedded-postgres.js").EmbeddedPostgres} */
    let postgres;
    /** @type {Client} */
    let admin;

    before(async () => {
      postgres = await startPostgres();
      admin = new Client({ connectionString: postgres.connectionString });
      await admin.connect();
      // as PostgreSQL 15 and newer have it
      await admin.query("REVOKE CREATE ON SCHEMA public FROM PUBLIC");
      await admin.query("CREATE ROLE app LOGIN PASSWORD 'secret'");
    });
    after(async () => {
      await admin.end();
      await postgres.dispose();
    });

    /** @param {"up" | "down"} direction */
    async function migrate(direction) {
      const file = path.join(
        exampleFolder("migrations"),
        folder,
        `${direction}.sql`,
      );
      await admin.query(fs.readFileSync(file, "utf8"));
    }

    /** @param {string} what @returns {Promise<any>} */
    async function ask(what) {
      const { rows } = await admin.query(`SELECT ${what} AS answer`);
      return rows[0].answer;
    }

    /** The way in for the role of the servers. */
    function roleUrl() {
      const url = new URL(postgres.connectionString);
      return Object.assign(url, { username: "app", password: "secret" }).href;
    }

    /**
     * A server of the unprivileged role.
     *
     * @param {import("node:test").TestContext} t which closes it
     * @param {Reports} reports
     * @param {import("../support/adapter.js").AdapterOptions} [more]
     */
    async function startServer(t, { errorHandler }, more) {
      const server = new TestServer({
        connectionString: roleUrl(),
        options: { ...options, ...more, errorHandler },
      });
      t.after(() => server.close());
      await server.listen();
      return server;
    }

    /**
     * @param {import("node:test").TestContext} t which closes them
     * @param {Reports} reports
     * @param {import("../support/adapter.js").AdapterOptions} [more]
     */
    async function startTwo(t, reports, more) {
      const sender = await startServer(t, reports, more);
      const receiver = await startServer(t, reports, more);
      await until(async () => (await sender.adapter().serverCount()) === 2, {
        message: "servers that know each other",
      });
      return { sender, receiver };
    }

    it("gives the servers what they need for large messages", async (t) => {
      await migrate("up");
      await migrate("up"); // where servers have created the table, nothing happens
      const reports = new Reports();
      const { sender, receiver } = await startTwo(t, reports);
      const large = collect(await receiver.connect(), "large");

      sender.io.emit("large", LARGE);
      const [arrived] = await large.count(1);
      assert.ok(LARGE.equals(arrived));

      const emitter = new Emitter(roleUrl(), {
        ...options,
        errorHandler: reports.errorHandler,
      });
      t.after(() => emitter.close());
      emitter.emit("large", LARGE);
      const [, second] = await large.count(2);
      assert.ok(LARGE.equals(second));

      const { last_value: drawn } = (
        await admin.query(`SELECT last_value FROM ${table}_id_seq`)
      ).rows[0];
      assert.equal(drawn, "2", "both went through the table");
      await startServer(t, reports, TIDY);
      await until(
        async () => (await ask(`(SELECT count(*) FROM ${table})`)) === "0",
        { message: "the rows removed" },
      );
      assert.equal(reports.text, "");
    });

    it("gives nothing that is not needed", async (t) => {
      await migrate("up");
      const sequence = `${table}_id_seq`;
      const all = [
        ...["SELECT", "INSERT", "DELETE"].map(
          (privilege) => `${privilege} ON ${table}`,
        ),
        `USAGE ON SEQUENCE ${sequence}`,
        ...needed,
      ];
      for (const privilege of all) {
        await t.test(`they miss ${privilege}`, async (own) => {
          const reports = new Reports();
          const { sender } = await startTwo(own, reports, TIDY);
          await admin.query(`REVOKE ${privilege} FROM app`);
          sender.io.emit("large", LARGE);
          await until(
            () => reports.errors.some(({ cause }) => isRefusal(cause)),
            { message: () => `a refusal among: ${reports.text}` },
          );
          await admin.query(`GRANT ${privilege} TO app`);
        });
      }
      for (const privilege of ["UPDATE", "TRUNCATE", "REFERENCES", "TRIGGER"]) {
        assert.equal(
          await ask(`has_table_privilege('app', '${table}', '${privilege}')`),
          false,
        );
      }
      for (const privilege of ["SELECT", "UPDATE"]) {
        assert.equal(
          await ask(
            `has_sequence_privilege('app', '${sequence}', '${privilege}')`,
          ),
          false,
        );
      }
    });

    it("can be taken back", async () => {
      await migrate("up");
      await migrate("down");
      assert.equal(await ask(`to_regclass('${table}')`), null);
      assert.equal(await ask("to_regnamespace('socket_io')"), null);
      await migrate("down"); // there is nothing left to take back
    });

    it("leaves to others what is theirs", async () => {
      await migrate("up");
      const schema = table.includes(".") ? "socket_io" : "public";
      await admin.query(`CREATE TABLE ${schema}.other ()`);
      await migrate("down");
      assert.equal(await ask(`to_regclass('${table}')`), null);
      assert.notEqual(await ask(`to_regclass('${schema}.other')`), null);
      await admin.query(`DROP TABLE ${schema}.other`);
      await migrate("down");
      assert.equal(await ask("to_regnamespace('socket_io')"), null);
    });
  });
}
