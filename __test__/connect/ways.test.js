"use strict";

// Every way to say where the server is and who one is: `pg` and the engine must get in, or not, alike.

const assert = require("node:assert/strict");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { after, before, describe, it } = require("node:test");

const { useCleanEnvironment } = require("../support/environment.js");
const { startOwnServer } = require("../support/own-server.js");
const { verdictOfEngine, verdictOfPg } = require("../support/verdicts.js");

const PASSWORD = "s3cr3t";
const ODD_NAME = "o'dd @:/?#user";
const ODD_PASSWORD = "p%40 :/?#[]é";

const IS_WINDOWS = process.platform === "win32";
/** Short, as the names of sockets have to be, and open to the user that the server runs as. */
const PARENT = IS_WINDOWS ? os.tmpdir() : "/tmp";

const RULES = `
local all all      scram-sha-256
host  all scrammer all scram-sha-256
host  all digester all md5
host  all truster  all trust
host  all "${ODD_NAME}" all scram-sha-256
`;

const STATEMENTS = [
  `CREATE ROLE scrammer LOGIN PASSWORD '${PASSWORD}'`,
  "CREATE ROLE truster LOGIN",
  `CREATE ROLE "${ODD_NAME}" LOGIN PASSWORD '${ODD_PASSWORD}'`,
  "SET password_encryption = 'md5'",
  `CREATE ROLE digester LOGIN PASSWORD '${PASSWORD}'`,
  "GRANT CREATE ON SCHEMA public TO PUBLIC",
];

const hasIpv6 = Object.values(os.networkInterfaces())
  .flat()
  .some((each) => each?.address === "::1");

describe("a way to connect", () => {
  useCleanEnvironment();
  /** @type {import("../../scripts/embedded-postgres.js").EmbeddedPostgres} */
  let server;
  const sockets = fs.mkdtempSync(path.join(PARENT, "sockets-"));

  before(async () => {
    fs.chmodSync(sockets, 0o777);
    server = await startOwnServer({
      settings: {
        listen_addresses: hasIpv6 ? "127.0.0.1,::1" : "127.0.0.1",
        unix_socket_directories: IS_WINDOWS ? "" : sockets,
      },
      rules: RULES,
      statements: STATEMENTS,
    });
  });
  after(async () => {
    await server?.dispose();
    fs.rmSync(sockets, { recursive: true });
  });

  /** @param {string} user @param {Record<string, unknown>} [more] */
  function settings(user, more) {
    const { host, port } = server;
    return { host, port, user, database: "postgres", ...more };
  }

  /** @param {string} login @param {string} [query] */
  function url(login, query = "") {
    return `postgres://${login}@127.0.0.1:${server.port}/postgres${query}`;
  }

  /** @param {Record<string, string | number>} variables */
  function environment(variables) {
    for (const [name, value] of Object.entries(variables)) {
      process.env[name] = String(value);
    }
  }

  /** @param {string} line */
  function passwordFile(line) {
    const file = path.join(sockets, "pgpass");
    fs.writeFileSync(file, `${line}\n`, { mode: 0o600 });
    environment({ PGPASSFILE: file });
  }

  const odd = [ODD_NAME, ODD_PASSWORD].map(encodeURIComponent).join(":");

  /** @type {Record<string, { target: () => any, accepted?: boolean, skip?: string | false }>} */
  const WAYS = {
    SCRAM: { target: () => settings("scrammer", { password: PASSWORD }) },
    MD5: { target: () => settings("digester", { password: PASSWORD }) },
    "trust, without a password": { target: () => settings("truster") },
    "a password function": {
      target: () => settings("scrammer", { password: () => PASSWORD }),
    },
    "an async password function": {
      target: () => settings("scrammer", { password: async () => PASSWORD }),
    },
    "a wrong password": {
      target: () => settings("scrammer", { password: "hunter2" }),
      accepted: false,
    },
    "no password where one is needed": {
      target: () => settings("scrammer"),
      accepted: false,
    },
    "the password file": {
      target: () => {
        passwordFile(`127.0.0.1:${server.port}:*:scrammer:${PASSWORD}`);
        return settings("scrammer");
      },
    },
    "the password file, with nothing for this server": {
      target: () => {
        passwordFile(`127.0.0.1:1:*:scrammer:${PASSWORD}`);
        return settings("scrammer");
      },
      accepted: false,
    },
    "the environment alone": {
      target: () => {
        environment({
          PGHOST: "127.0.0.1",
          PGPORT: server.port,
          PGUSER: "scrammer",
          PGPASSWORD: PASSWORD,
          PGDATABASE: "postgres",
        });
        return {};
      },
    },
    "a connection string": { target: () => url(`scrammer:${PASSWORD}`) },
    "a connection string, postgresql:": {
      target: () =>
        url(`scrammer:${PASSWORD}`).replace("postgres:", "postgresql:"),
    },
    "a connection string with encoded credentials": { target: () => url(odd) },
    "a connection string with settings": {
      target: () =>
        url("truster", "?application_name=chat&options=-c%20geqo%3Doff"),
    },
    "a connection string with a setting that the server refuses": {
      target: () => url("truster", "?options=-c%20no_such_setting%3D1"),
      accepted: false,
    },
    "a connection string in which the query wins": {
      target: () =>
        `postgres://truster@nowhere.invalid/postgres?host=127.0.0.1&port=${server.port}`,
    },
    "a connection string among settings": {
      target: () => ({
        connectionString: url("truster"),
        host: "nowhere.invalid",
      }),
    },
    "the form of libpq, which pg does not know": {
      target: () =>
        `host=127.0.0.1 port=${server.port} user=scrammer password=hunter2`,
      accepted: false,
    },
    "a socket folder": {
      target: () => settings("scrammer", { host: sockets, password: PASSWORD }),
    },
    "a socket folder in the query": {
      target: () =>
        `postgres://scrammer:${PASSWORD}@/postgres?host=${sockets}&port=${server.port}`,
    },
    "a socket folder as the host": {
      target: () =>
        `postgres://scrammer:${PASSWORD}@${encodeURIComponent(sockets)}:${server.port}/postgres`,
    },
    "a socket folder, socket:": {
      target: () => {
        environment({ PGPORT: server.port });
        return `socket://scrammer:${PASSWORD}@${sockets}?db=postgres`;
      },
    },
    "a socket folder and a database": {
      target: () => {
        environment({
          PGPORT: server.port,
          PGUSER: "scrammer",
          PGPASSWORD: PASSWORD,
        });
        return `${sockets} postgres`;
      },
    },
    "an address of IPv6": {
      target: () => settings("truster", { host: "::1" }),
      skip: !hasIpv6 && "left out: this machine has no ::1",
    },
  };
  for (const [name, { target, accepted = true, skip }] of Object.entries(
    WAYS,
  )) {
    it(
      `${name}: ${accepted ? "gets in" : "is refused"}`,
      { skip },
      async () => {
        const pg = await verdictOfPg(target());
        const engine = await verdictOfEngine(target());
        assert.equal(pg.accepted, accepted, `pg: ${pg.reason}`);
        assert.equal(engine.accepted, accepted, `engine: ${engine.reason}`);
        if (!accepted) {
          assert.ok(!`${engine.reason?.stack}`.includes("hunter2"));
        }
      },
    );
  }

  it(
    "an address of IPv6 in a connection string: gets in, which is more than pg does",
    {
      skip: !hasIpv6 && "left out: this machine has no ::1",
    },
    async () => {
      const target = url("truster").replace("127.0.0.1", "[::1]");
      const { accepted, reason } = await verdictOfEngine(target);
      assert.ok(accepted, reason);
    },
  );

  const refusals = {
    "a wrong password": {
      target: () => settings("scrammer", { password: "hunter2" }),
      sqlstate: "28P01",
      message:
        /cannot connect to scrammer@127\.0\.0\.1:\d+\/postgres: .*password authentication failed for user "scrammer"/,
    },
    "an unknown database": {
      target: () => settings("truster", { database: "nowhere" }),
      sqlstate: "3D000",
      message:
        /cannot connect to truster@127\.0\.0\.1:\d+\/nowhere: .*database "nowhere" does not exist/,
    },
    "a role that no rule lets in": {
      target: () => settings("stranger"),
      sqlstate: "28000",
      message:
        /cannot connect to stranger@127\.0\.0\.1:\d+\/postgres: .*no pg_hba\.conf entry/,
    },
  };
  for (const [name, { target, sqlstate, message }] of Object.entries(
    refusals,
  )) {
    it(`${name}: the server's own words, and what was tried`, async () => {
      const { reason } = await verdictOfEngine(target());
      assert.equal(reason?.code, "ERR_CONNECTION");
      assert.equal(reason.cause.code, sqlstate);
      assert.match(reason.message, message);
    });
  }
});
