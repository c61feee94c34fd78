"use strict";

// Whom `pg` and the engine trust, in whatever runtime runs this file. It writes a line for each case, and "all is well".

const assert = require("node:assert/strict");

const { verdictOfEngine, verdictOfPg } = require("../support/verdicts.js");

const { port, ca, otherCa } = JSON.parse(process.env["TLS_SERVER"] ?? "{}");
const refuse = () => new Error("not this one");

/** @type {Record<string, { ssl: any, accepted: boolean }>} */
const CASES = {
  "its authority": { ssl: { ca }, accepted: true },
  "another authority": { ssl: { ca: otherCa }, accepted: false },
  "the authorities of the runtime": { ssl: true, accepted: false },
  "no verification": { ssl: { rejectUnauthorized: false }, accepted: true },
  "a check of the application that refuses": {
    ssl: { ca, checkServerIdentity: refuse },
    accepted: false,
  },
  "a check of the application that accepts": {
    ssl: { ca, checkServerIdentity: () => undefined },
    accepted: true,
  },
  "TLS 1.2": { ssl: { ca, maxVersion: "TLSv1.2" }, accepted: true },
};

async function main() {
  for (const [name, { ssl, accepted }] of Object.entries(CASES)) {
    const settings = {
      host: "localhost",
      port,
      user: "visitor",
      database: "postgres",
      ssl,
    };
    const pg = await verdictOfPg(settings);
    const engine = await verdictOfEngine(settings);
    const reasons = `${name}: ${pg.reason?.message}; ${engine.reason?.message}`;
    assert.equal(engine.accepted, pg.accepted, reasons);
    // other runtimes have faults of their own
    if (!process.versions["bun"] && !process.versions["deno"]) {
      assert.equal(pg.accepted, accepted, reasons);
    }
    console.log(`ok - ${name}: ${pg.accepted ? "accepted" : "refused"}`);
  }
  console.log("all is well");
  process.exit();
}

void main();
