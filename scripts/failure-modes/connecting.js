"use strict";

// Faults of the way to the database: what refuses, swallows or stands in between.

const fs = require("node:fs/promises");
const net = require("node:net");
const path = require("node:path");
const { setTimeout: delay } = require("node:timers/promises");

const { Client } = require("pg");

const { CREATE_TABLE } = require("./stage.js");
const { makeCertificate } = require("../../__test__/support/certificates.js");
const { writeData } = require("../../__test__/support/own-server.js");
const { startPgBouncer } = require("../../__test__/support/pgbouncer.js");

/** @typedef {import("./faults.js").Fault} Fault */
/** @typedef {import("./stage.js").Stage} Stage */

/**
 * The servers get their password from a file.
 * @param {Stage} stage
 * @returns {string} the file, which is not there yet
 */
function usePasswordFile(stage) {
  const passwordFile = path.join(stage.postgres.folder, "app-password");
  stage.setting = { pool: /** @type {any} */ ({ passwordFile }) };
  return passwordFile;
}

/** @param {Stage} stage */
function passwordFileOf(stage) {
  return /** @type {any} */ (stage.setting.pool).passwordFile;
}

/**
 * @param {Stage} stage whose servers come through a pooler
 * @param {Record<string, string>} settings of it
 */
async function usePooler(stage, settings) {
  const { connectionString } = stage.postgres;
  const pooler = await startPgBouncer(connectionString, settings);
  stage.leftovers.push(() => pooler.dispose());
  stage.gate = pooler.connectionString;
}

/** @type {Fault[]} */
const CONNECTING = [
  {
    name: "wrong password for 5 s",
    apart: true,
    async prepare(stage) {
      await stage.useRole("ALL");
      stage.access.password = "wrong";
    },
    async happen(stage) {
      await delay(5_000);
      await stage.query("ALTER ROLE app PASSWORD 'wrong'");
    },
  },
  {
    name: "unknown database for 5 s",
    apart: true,
    async prepare(stage) {
      stage.access.pathname = "/late";
    },
    async happen(stage) {
      await delay(5_000);
      await stage.query("CREATE DATABASE late");
      const late = Object.assign(new URL(stage.postgres.connectionString), {
        pathname: "/late",
      });
      const client = new Client(late.href);
      await client.connect();
      await client.query(CREATE_TABLE);
      await client.end();
    },
  },
  {
    name: "password function throws for 5 s",
    apart: true,
    async prepare(stage) {
      await stage.useRole("ALL");
      usePasswordFile(stage);
    },
    async happen(stage) {
      await delay(5_000);
      await fs.writeFile(passwordFileOf(stage), "secret");
    },
  },
  {
    name: "password rotated, sessions ended",
    async prepare(stage) {
      await stage.useRole("ALL");
      await fs.writeFile(usePasswordFile(stage), "secret");
    },
    async happen(stage) {
      await stage.query("ALTER ROLE app PASSWORD 'rotated'");
      await fs.writeFile(passwordFileOf(stage), "rotated");
      await stage.endSessions();
      await delay(1_000);
    },
  },
  {
    name: "first of two hosts swallows everything",
    apart: true,
    async prepare(stage) {
      const silent = net.createServer();
      await new Promise((resolve) => {
        silent.listen(0, "127.0.0.1", () => resolve(undefined));
      });
      stage.leftovers.push(() => silent.close());
      const { port } = /** @type {net.AddressInfo} */ (silent.address());
      const places = [port, stage.postgres.port].map(
        (each) => `127.0.0.1:${each}`,
      );
      stage.setting = {
        pool: { host: places.join(), connectionTimeoutMillis: 1_000 },
      };
    },
    happen: () => delay(5_000),
  },
  {
    name: "pooler in transaction mode",
    apart: true,
    prepare: (stage) => usePooler(stage, { pool_mode: "transaction" }),
    happen: () => delay(5_000),
  },
  {
    name: "pooler refuses options",
    apart: true,
    async prepare(stage) {
      await usePooler(stage, { pool_mode: "session" });
      stage.setting = { pool: { options: "-c search_path=public" } };
    },
    happen: () => delay(5_000),
  },
  {
    name: "certificate of a stranger",
    apart: true,
    async prepare(stage) {
      const { postgres } = stage;
      const identity = makeCertificate({ names: ["127.0.0.1"] });
      await writeData(postgres, "server.crt", identity.pem);
      await writeData(postgres, "server.key", identity.keyPem);
      await stage.query("ALTER SYSTEM SET ssl = on");
      await postgres.restart();
      stage.setting = { pool: { ssl: { rejectUnauthorized: true } } };
    },
    happen: () => delay(5_000),
  },
];

module.exports = { CONNECTING };
