"use strict";

const assert = require("node:assert/strict");
const { spawnSync } = require("node:child_process");
const { EventEmitter } = require("node:events");
const path = require("node:path");
const { describe, it } = require("node:test");
const { inspect } = require("node:util");
const pg = require("pg");
const { readConnection } = require("../../lib/pool-config.js");
const { useCleanEnvironment } = require("../support/environment.js");

const SECRET = "s3cr3t";

useCleanEnvironment();

/** @param {any} target */
function refusal(target) {
  try {
    readConnection(target);
  } catch (error) {
    return /** @type {Error & { code?: string }} */ (error);
  }
  return assert.fail("the connection was accepted");
}

/**
 * What `pg` would send to the server, and where.
 *
 * @param {any} settings
 */
function asPgWould(settings) {
  const client = /** @type {any} */ (new pg.Client(settings));
  const startup = client.getStartupConf();
  return {
    hosts: [{ host: client.host, port: client.port }],
    user: startup.user,
    database: startup.database,
    applicationName: startup.application_name ?? null,
    options: startup.options ?? null,
    statementTimeoutMs: asNumber(startup.statement_timeout),
    lockTimeoutMs: asNumber(startup.lock_timeout),
    idleInTransactionTimeoutMs: asNumber(
      startup.idle_in_transaction_session_timeout,
    ),
    sslNegotiation: client.sslNegotiation,
    channelBinding: client.enableChannelBinding,
  };
}

/** @param {string | undefined} value */
function asNumber(value) {
  return value === undefined ? null : Number(value);
}

/** @type {Record<string, [settings: any, variables?: Record<string, string>]>} */
const CASES = {
  "nothing at all": [{}, { PGUSER: "u" }],
  "plain settings": [
    { host: "db", port: 5433, user: "u", database: "d", password: SECRET },
  ],
  "settings that are texts": [{ host: "db", port: "5433", user: "u" }],
  "an IPv6 address": [{ host: "::1", user: "u" }],
  "a folder of sockets": [{ host: "/run/postgresql", user: "u" }],
  "the environment": [
    {},
    {
      PGHOST: "env.example.com",
      PGPORT: "6543",
      PGUSER: "alice",
      PGDATABASE: "app",
      PGAPPNAME: "chat",
      PGOPTIONS: "-c search_path=chat",
    },
  ],
  "settings over the environment": [
    { host: "db", user: "u", application_name: "own" },
    { PGHOST: "env", PGPORT: "6543", PGUSER: "alice", PGAPPNAME: "chat" },
  ],
  "a connection string": [
    { connectionString: `postgres://u%40x:${SECRET}@db:5433/my%20app` },
  ],
  "a connection string with parameters": [
    {
      connectionString:
        "postgres://db/app?user=u&application_name=chat&options=-c%20a%3Db&port=6000",
    },
    { PGHOST: "env" },
  ],
  "a connection string without a host": [
    { connectionString: "postgres:///app?user=u" },
    { PGHOST: "env", PGPORT: "7000" },
  ],
  "a connection string with an IPv6 address": [
    { connectionString: "postgres://u@[::1]:6000/app" },
  ],
  "a connection string with a folder": [
    { connectionString: "postgres://u@%2Frun%2Fpostgresql/app" },
  ],
  "a connection string for a socket": [
    { connectionString: "socket:/run/postgresql?db=app&user=u" },
  ],
  "a connection string over the other settings": [
    { connectionString: "postgres://u@db/app", host: "other", port: 1 },
  ],
  "time limits": [
    {
      user: "u",
      statement_timeout: 1000,
      lock_timeout: "2000",
      idle_in_transaction_session_timeout: 3000.7,
    },
  ],
  "no time limits": [{ user: "u", statement_timeout: 0, lock_timeout: false }],
  "a fallback for the name of the application": [
    { user: "u", fallback_application_name: "chat" },
  ],
  "direct TLS and channel binding": [
    {
      user: "u",
      ssl: { rejectUnauthorized: false },
      sslnegotiation: "direct",
      enableChannelBinding: true,
    },
  ],
};

describe("reading a pool", () => {
  for (const [name, [settings, variables]] of Object.entries(CASES)) {
    it(`gives what pg would use: ${name}`, () => {
      Object.assign(process.env, variables);
      const pool = new pg.Pool(settings);
      const expected = asPgWould(settings);
      const { config } = readConnection(pool);
      assert.deepEqual({ ...config, ...expected }, config);
      assert.equal(pool.totalCount, 0);
      assert.deepEqual(readConnection(settings).config, config);
      if (settings.connectionString && Object.keys(settings).length === 1) {
        const { config: same } = readConnection(settings.connectionString);
        assert.deepEqual(same, config);
      }
    });
  }

  it("gives what can travel as JSON, without the password", () => {
    const { config } = readConnection({ user: "u", password: SECRET });
    assert.deepEqual(JSON.parse(JSON.stringify(config)), config);
    assert.doesNotMatch(JSON.stringify(config), new RegExp(SECRET));
  });

  it("makes no connection and leaves the pool usable", async () => {
    const pool = new pg.Pool({ user: "u", host: "127.0.0.1", port: 1 });
    readConnection(pool);
    assert.deepEqual(
      [pool.totalCount, pool.idleCount, pool.waitingCount],
      [0, 0, 0],
    );
    await pool.end();
  });

  it("takes the pool of any copy of pg", () => {
    const other = freshCopyOfPg();
    assert.notEqual(other.Pool, pg.Pool);
    const pool = new other.Pool({ user: "u", host: "db" });
    assert.deepEqual(readConnection(pool).config.hosts, [
      { host: "db", port: 5432 },
    ]);
  });

  it("takes a pool with a class of pg given to it", () => {
    const pool = new pg.Pool({ user: "u", Client: pg.Client });
    assert.equal(readConnection(pool).config.user, "u");
  });

  it("takes a pool of pg-native", () => {
    const pool = new pg.Pool({
      user: "u",
      Client: /** @type {any} */ (NativeLikeClient),
      connectionTimeoutMillis: 3500,
    });
    const { config } = readConnection(pool);
    assert.equal(config.user, "u");
    // as libpq, which counts in seconds
    assert.equal(config.connectTimeoutMs, 3000);
    const withTls = new pg.Pool({
      user: "u",
      Client: /** @type {any} */ (NativeLikeClient),
      ssl: true,
    });
    assert.equal(refusal(withTls).code, "ERR_UNSUPPORTED_CONFIG");
  });

  it("tells how long connecting may take", () => {
    const timeout = (/** @type {any} */ target) =>
      readConnection(target).config.connectTimeoutMs;
    assert.equal(timeout({ user: "u", connectionTimeoutMillis: 1500 }), 1500);
    assert.equal(timeout({ user: "u", connectionTimeoutMillis: 0 }), null);
    assert.equal(timeout({ user: "u" }), null);
    assert.equal(timeout("postgres://u@db"), null);
  });

  it("probes the peer unless told not to", () => {
    const keepAlive = (/** @type {any} */ target) =>
      readConnection(target).config.keepAlive;
    assert.equal(keepAlive({ user: "u" }), true);
    assert.equal(keepAlive({ user: "u", keepAlive: true }), true);
    assert.equal(keepAlive({ user: "u", keepAlive: false }), false);
  });

  it("takes a list of hosts as libpq does", () => {
    const { config } = readConnection("postgres://u@/app?host=a,b&port=6000");
    assert.deepEqual(config.hosts, [
      { host: "a", port: 6000 },
      { host: "b", port: 6000 },
    ]);
  });

  it("takes hosts with ports of their own", () => {
    const host = "a:6001, b ,[::1]:6003,[::1],::1";
    const { config } = readConnection({ user: "u", port: 6000, host });
    assert.deepEqual(config.hosts, [
      { host: "a", port: 6001 },
      { host: "b", port: 6000 },
      { host: "::1", port: 6003 },
      { host: "::1", port: 6000 },
      { host: "::1", port: 6000 },
    ]);
    const error = refusal({ user: "u", host: "a:0,b" });
    assert.match(error.message, /the port .* from 1 to 65535, got 0/);
  });
});

describe("what is no connection", () => {
  it("is refused with what was expected", () => {
    const cases = [
      [undefined, "undefined"],
      [null, "null"],
      ["", "an empty string"],
      [5432, "a number"],
      [[], "an array"],
      [() => {}, "a function"],
      [new pg.Client({ user: "u" }), "an instance of Client"],
      [new Date(), "an instance of Date"],
    ];
    for (const [target, given] of cases) {
      const error = refusal(target);
      assert.ok(error instanceof TypeError);
      assert.equal(
        error.message,
        "expected a pg.Pool, a connection string or the settings of a pg client, got " +
          given,
      );
    }
  });

  it("is refused where a setting is unusable", () => {
    const messages = [
      [{ user: "u", port: 70_000 }, /port .* 1 to 65535, got 70000/],
      [{ user: "u", port: "x" }, /port .* got NaN/],
      [{ user: "u", sslnegotiation: "x" }, /pg cannot read .*sslnegotiation/],
      ["postgres://u@db/?sslrootcert=/none", /pg cannot read .*ENOENT/],
    ];
    for (const [target, expected] of messages) {
      const error = refusal(target);
      assert.equal(error.code, "ERR_OPTIONS");
      assert.match(error.message, /** @type {RegExp} */ (expected));
    }
  });

  it("is refused without a user", () => {
    const defaultUser = pg.defaults.user;
    pg.defaults.user = undefined;
    try {
      assert.match(refusal({ host: "db" }).message, /name no user/);
    } finally {
      pg.defaults.user = defaultUser;
    }
  });

  it("is refused without a word of the password", () => {
    const targets = [
      `postgres://u:${SECRET}@db:port/app`,
      { user: "u", password: SECRET, port: "x" },
      { user: "u", password: SECRET, stream: new EventEmitter() },
      `postgres://u:${SECRET}@db/app?sslrootcert=/none`,
      `postgres://u:${SECRET}@db/app?sslnegotiation=x`,
    ];
    for (const target of targets) {
      const error = refusal(target);
      assert.doesNotMatch(inspect(error, { depth: 9 }), new RegExp(SECRET));
      assert.ok(error.code);
    }
  });
});

describe("a connection string that is none", () => {
  const url = `postgres://user:${SECRET}@localhost/db`;
  const garbled = {
    "the form of libpq": `host=localhost dbname=db password=${SECRET} user=user`,
    "no scheme": `user:${SECRET}@localhost/db`,
    "slashes alone": `//user:${SECRET}@localhost/db`,
    "one slash": `postgres:/user:${SECRET}@localhost/db`,
    "no slash": `postgres:user:${SECRET}@localhost/db`,
    "that of JDBC": `jdbc:postgresql://localhost/db?user=user&password=${SECRET}`,
    "a space in front": ` ${url}`,
    quotes: `"${url}"`,
    apostrophes: `'${url}'`,
    "a slash in the password": `postgres://user:12/${SECRET}@localhost/db`,
    "a hash in the password": `postgres://user:12#${SECRET}@localhost/db`,
    "a question mark in the password": `postgres://user:12?${SECRET}@localhost/db`,
  };
  for (const [name, text] of Object.entries(garbled)) {
    it(`is refused, and not shown: ${name}`, () => {
      for (const target of [text, { user: "user", connectionString: text }]) {
        const error = refusal(target);
        assert.equal(error.code, "ERR_OPTIONS");
        assert.match(error.message, /postgres:\/\/user:password@host/);
        assert.ok(!inspect(error).includes(SECRET), inspect(error));
      }
    });
  }

  it("is refused in the place of a name", () => {
    for (const setting of ["host", "user", "database"]) {
      const error = refusal({ user: "user", [setting]: url });
      assert.equal(error.code, "ERR_OPTIONS");
      assert.match(error.message, new RegExp(`"${setting}" must be a name`));
      assert.ok(!inspect(error).includes(SECRET), inspect(error));
    }
  });

  it("is not one that looks odd", () => {
    const user = `user:${SECRET}`;
    for (const [text, host, database] of [
      [`postgres://${user}@second@localhost/db`, "localhost", "db"],
      [`postgres://${user}@localhost/a@b`, "localhost", "a@b"],
      [
        `postgres://${user}@localhost/db?application_name=a@b:c`,
        "localhost",
        "db",
      ],
      ["postgres://localhost/db?user=a@b&password=c@d", "localhost", "db"],
      [`postgres://${user}@%2Ftmp/db`, "/tmp", "db"],
      [`postgres://${user}@/db?host=/tmp`, "/tmp", "db"],
      [`postgres://${user}%40%2F@[::1]/d%20b`, "::1", "d b"],
      [`${url}\n`, "localhost", "db"],
      ["/run/postgresql db", "/run/postgresql", "db"],
    ]) {
      const { config } = readConnection({ connectionString: text, user: "me" });
      assert.deepEqual(
        [config.hosts[0]?.host, config.database],
        [host, database],
        text,
      );
    }
  });
});

describe("what the native engine cannot honour", () => {
  it("is refused by name", () => {
    class OwnClient extends pg.Client {}
    class ForeignClient {
      connect() {}
    }
    const cases = [
      [new pg.Pool({ Client: OwnClient }), '"Client" class'],
      [
        new pg.Pool({ Client: /** @type {any} */ (ForeignClient) }),
        '"Client" class',
      ],
      [{ stream: () => new EventEmitter() }, '"stream"'],
      [{ connection: new EventEmitter() }, '"connection"'],
      [{ nativeConnectionString: "host=db" }, '"nativeConnectionString"'],
    ];
    for (const [target, name] of cases) {
      const error = refusal(target);
      assert.equal(error.code, "ERR_UNSUPPORTED_CONFIG");
      assert.ok(error.message.includes(String(name)), error.message);
      assert.match(error.message, /pass a connection string or the settings/);
    }
  });
});

describe("without pg", () => {
  it("a connection string is refused with what to do", () => {
    const script = `
      const Module = require("node:module");
      const resolve = Module._resolveFilename;
      Module._resolveFilename = function (request, ...rest) {
        if (request !== "pg") return resolve.call(this, request, ...rest);
        throw Object.assign(new Error("Cannot find module 'pg'"), { code: "MODULE_NOT_FOUND" });
      };
      const { readConnection } = require("./lib/pool-config.js");
      try {
        readConnection("postgres://u@db/app");
      } catch ({ code, message }) {
        console.log(JSON.stringify({ code, message }));
      }`;
    const cwd = path.join(__dirname, "..", "..");
    const run = spawnSync(process.execPath, ["-e", script], { cwd });
    const { code, message } = JSON.parse(run.stdout.toString());
    assert.equal(code, "ERR_MISSING_PG");
    assert.match(message, /npm install pg.* or pass a pg\.Pool/);
  });
});

/** What `pg.native` makes, as far as it is read: pg-native itself needs libpq. */
class NativeLikeClient extends EventEmitter {
  /** @param {any} settings */
  constructor(settings) {
    super();
    const client = /** @type {any} */ (new pg.Client(settings));
    this.connectionParameters = client.connectionParameters;
    this.password = client.password;
    this.native = {};
  }
}

/** @returns {typeof pg} */
function freshCopyOfPg() {
  const cached = { ...require.cache };
  const files = Object.keys(cached).filter((file) =>
    /[/\\]node_modules[/\\]pg(-pool)?[/\\]/.test(file),
  );
  for (const file of files) delete require.cache[file];
  try {
    return require("pg");
  } finally {
    for (const file of files) require.cache[file] = cached[file];
  }
}
