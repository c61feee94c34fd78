"use strict";

const assert = require("node:assert/strict");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { describe, it } = require("node:test");
const pg = require("pg");
const { readConnection } = require("../../lib/pool-config.js");
const { useCleanEnvironment } = require("../support/environment.js");

const SECRET = "s3cr3t";

useCleanEnvironment();

describe("the password of a pool", () => {
  /** @param {any} target */
  const passwordOf = (target) => readConnection(target).password();

  it("is a text, from the settings or the environment", async () => {
    const pool = new pg.Pool({ user: "u", password: SECRET });
    assert.equal(await passwordOf(pool), SECRET);
    assert.equal(await passwordOf(`postgres://u:${SECRET}@db/`), SECRET);
    process.env["PGPASSWORD"] = "other";
    assert.equal(await passwordOf({ user: "u" }), "other");
  });

  it("is what a function gives, anew each time", async () => {
    let calls = 0;
    /** @type {any} */
    let received;
    const pool = new pg.Pool({
      user: "u",
      host: "db",
      // @ts-expect-error: pg passes the parameters, its types do not tell
      password: async (/** @type {any} */ parameters) => {
        received = parameters;
        return `token ${++calls}`;
      },
    });
    const { password } = readConnection(pool);
    assert.equal(calls, 0);
    assert.equal(await password(), "token 1");
    assert.equal(await password(), "token 2");
    assert.equal(received.host, "db");
    assert.equal(
      await passwordOf({ user: "u", password: () => SECRET }),
      SECRET,
    );
    assert.equal(
      await passwordOf({ user: "u", password: () => undefined }),
      null,
    );
  });

  it("follows a change of the pool's options", async () => {
    const pool = new pg.Pool({ user: "u", password: "old" });
    const { password } = readConnection(pool);
    /** @type {any} */ (pool).options.password = "new";
    assert.equal(await password(), "new");
  });

  it("that a function fails to give is an error that says so", async () => {
    const cause = new Error("token service unreachable");
    const failing = [
      () => {
        throw cause;
      },
      async () => {
        throw cause;
      },
    ];
    for (const password of failing) {
      const expected = {
        code: "ERR_CREDENTIALS",
        message:
          "the password function of the pool failed: token service unreachable",
        cause,
      };
      await assert.rejects(passwordOf({ user: "u", password }), expected);
    }
  });

  it("must be a text", async () => {
    const password = () => 12_345;
    await assert.rejects(passwordOf({ user: "u", password }), {
      code: "ERR_CREDENTIALS",
      message: "the password must be a string, got a number",
    });
  });

  it("may stand in the password file", async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "pgpass-"));
    try {
      const file = path.join(folder, "pgpass");
      const lines = `other:*:*:*:wrong\ndb:5433:app:u:${SECRET}\n`;
      fs.writeFileSync(file, lines, { mode: 0o600 });
      process.env["PGPASSFILE"] = file;
      const settings = { host: "db", port: 5433, database: "app", user: "u" };
      assert.equal(await passwordOf(settings), SECRET);
      assert.equal(await passwordOf(new pg.Pool(settings)), SECRET);
      assert.equal(await passwordOf({ ...settings, port: 1 }), null);
      const configured = { ...settings, password: "own" };
      assert.equal(await passwordOf(configured), "own");
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  });
});
