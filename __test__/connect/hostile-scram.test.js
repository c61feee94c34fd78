"use strict";

// The database says how often the password is to be hashed, and each round costs the client: there is a limit, and it
// is the one of `pg`.

const assert = require("node:assert/strict");
const { createHash, createHmac, pbkdf2Sync } = require("node:crypto");
const { after, before, describe, it } = require("node:test");

const { Emitter } = require("../../index.js");
const { useCleanEnvironment } = require("../support/environment.js");
const { Reports } = require("../support/faults.js");
const { startHostileServer } = require("../support/hostile-server.js");
const { startOwnServer } = require("../support/own-server.js");
const { useDatabase } = require("../support/postgres.js");
const {
  AUTHENTICATION,
  authentication,
  clientFirstMessage,
  saslMechanisms,
} = require("../support/protocol-messages.js");
const { verdictOfEngine, verdictOfPg } = require("../support/verdicts.js");
const { within } = require("../support/wait.js");

const PASSWORD = "s3cr3t";
const SALT = Buffer.from("a salt of sixteen");
/** Hours of work. */
const ENDLESS = 4_000_000_000;
/** The default of PostgreSQL. */
const USUAL = 4096;
/** The default limit of `pg`. */
const LIMIT = 100_000;
const MANY = LIMIT / 2;
const FLUSHES = 20;
const ATTEMPTS = 3;

/**
 * @param {string} key
 * @param {Buffer} secret
 */
const hmac = (key, secret) => createHmac("sha256", secret).update(key).digest();

/**
 * @param {number} iterations
 * @returns {string} what PostgreSQL stores of the password
 */
function verifier(iterations) {
  const salted = pbkdf2Sync(PASSWORD, SALT, iterations, 32, "sha256");
  const stored = createHash("sha256").update(hmac("Client Key", salted));
  const server = hmac("Server Key", salted);
  return `SCRAM-SHA-256$${iterations}:${SALT.toString("base64")}$${stored.digest("base64")}:${server.toString("base64")}`;
}

/** @type {Record<string, number>} */
const ROLES = { usual: USUAL, limited: LIMIT, beyond: LIMIT + 1, many: MANY };

describe("a login by SCRAM", () => {
  useCleanEnvironment();
  /** @type {import("../../scripts/embedded-postgres.js").EmbeddedPostgres} */
  let server;

  before(async () => {
    server = await startOwnServer({
      rules: "host all all all scram-sha-256",
      statements: [
        ...Object.entries(ROLES).map(
          ([role, iterations]) =>
            `CREATE ROLE ${role} LOGIN PASSWORD '${verifier(iterations)}'`,
        ),
        "GRANT CREATE ON SCHEMA public TO PUBLIC",
      ],
    });
  });
  after(() => server?.dispose());

  /** @param {object} settings */
  const targetOf = (settings) => ({
    ...settings,
    host: "127.0.0.1",
    port: server.port,
    database: "postgres",
    password: PASSWORD,
  });

  const cells = [
    { user: "usual", accepted: true },
    { user: "limited", accepted: true },
    { user: "beyond", accepted: false },
    { user: "many", accepted: true },
    { user: "many", scramMaxIterations: MANY, accepted: true },
    { user: "many", scramMaxIterations: MANY - 1, accepted: false },
    { user: "many", scramMaxIterations: 0, accepted: true },
    { user: "many", scramMaxIterations: String(MANY), accepted: true },
    { user: "usual", scramMaxIterations: USUAL, accepted: true },
    { user: "usual", scramMaxIterations: USUAL - 1, accepted: false },
  ];
  for (const { accepted, ...settings } of cells) {
    it(`${accepted ? "does" : "refuses"} the iterations that the database demands, as pg does: ${JSON.stringify(settings)}`, async () => {
      const target = targetOf(settings);
      const pg = await verdictOfPg(target);
      const engine = await verdictOfEngine(target);
      assert.equal(pg.accepted, accepted, pg.reason);
      assert.equal(engine.accepted, accepted, engine.reason);
      if (!accepted) {
        assert.match(pg.reason.message, /scramMaxIterations/);
        assert.match(engine.reason.code, /^ERR_/);
        assert.match(engine.reason.message, /scramMaxIterations/);
      }
    });
  }

  it("does no more iterations than its driver can, whatever the settings allow", async () => {
    for (const scramMaxIterations of [0, 10 * LIMIT]) {
      const target = targetOf({ user: "beyond", scramMaxIterations });
      assert.ok((await verdictOfPg(target)).accepted);
      const { accepted, reason } = await verdictOfEngine(target);
      assert.ok(!accepted);
      assert.match(reason.message, /no more than 100000 are done/);
    }
  });
});

describe("a login by SCRAM to a hostile database", () => {
  useCleanEnvironment();
  const database = useDatabase();

  /**
   * @param {import("node:test").TestContext} t
   * @param {number} iterations
   */
  async function startDemanding(t, iterations) {
    const demanding = { answers: 0 };
    const hostile = await startHostileServer(t, async (client) => {
      await client.readStartup();
      await client.write(saslMechanisms("SCRAM-SHA-256"));
      const first = clientFirstMessage(await client.readMessage());
      const nonce = /r=(.*)$/.exec(first)?.[1];
      await client.write(
        authentication(
          AUTHENTICATION.SASL_CONTINUE,
          `r=${nonce}more,s=${SALT.toString("base64")},i=${iterations}`,
        ),
      );
      // a client may say goodbye
      if ((await client.readMessage()).type === "p") demanding.answers += 1;
      client.end();
    });
    const settings = {
      host: "127.0.0.1",
      port: hostile.port,
      user: "visitor",
      database: "postgres",
      password: PASSWORD,
    };
    return { hostile, settings, demanding };
  }

  it("proves nothing without a single iteration, as pg does", async (t) => {
    const { settings, demanding } = await startDemanding(t, 0);
    for (const verdictOf of [verdictOfPg, verdictOfEngine]) {
      assert.equal((await verdictOf(settings)).accepted, false);
      assert.equal(demanding.answers, 0);
    }
  });

  it("refuses billions of iterations while another emitter of the process goes on publishing", async (t) => {
    const { hostile, settings, demanding } = await startDemanding(t, ENDLESS);
    assert.match(
      (await verdictOfPg(settings)).reason.message,
      /scramMaxIterations/,
    );

    const healthyReports = new Reports();
    const healthy = new Emitter(database.connectionString, {
      errorHandler: healthyReports.errorHandler,
    });
    database.closeFirst(() => healthy.close());
    healthy.emit("news", "first");
    await within(healthy.flush(), "the first flush");

    const attempts = hostile.connectionCount + ATTEMPTS;
    const start = process.cpuUsage();
    const reports = new Reports();
    const attacked = new Emitter(settings, {
      errorHandler: reports.errorHandler,
    });
    let flushes = 0;
    while (flushes < FLUSHES || hostile.connectionCount < attempts) {
      healthy.emit("news", (flushes += 1));
      await within(healthy.flush(), `flush ${flushes} beside the demand`);
    }
    const { user } = process.cpuUsage(start);
    t.diagnostic(
      `${hostile.connectionCount} connections beside ${flushes} flushes: ${Math.round(user / 1000)} ms of processor time`,
    );
    const { message } = await reports.first("ERR_CONNECTION");
    assert.match(message, /scramMaxIterations/);
    assert.equal(demanding.answers, 0);
    assert.deepEqual(healthyReports.errors, []);
    void attacked.close();
  });
});
