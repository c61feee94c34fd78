"use strict";

// The provider under test: the same tests run against this package and against the one it replaces.

const assert = require("node:assert/strict");

const { setPatience } = require("./wait.js");

const provider = process.env.ADAPTER || "native";
assert.ok(
  provider === "native" || provider === "reference",
  `ADAPTER=${provider}: "native" or "reference" is meant`,
);

const isReference = provider === "reference";

/** Enough for anything that works; what cannot work is not waited for much longer. */
const EXPECTED_FAILURE_PATIENCE_MS = 1_500;

/**
 * @typedef {object} AdapterOptions
 * @property {string} [channelPrefix]
 * @property {string} [tableName]
 * @property {number} [payloadThreshold] bytes
 * @property {number} [cleanupInterval] milliseconds
 * @property {number} [heartbeatInterval] milliseconds
 * @property {number} [heartbeatTimeout] milliseconds
 * @property {number} [requestsTimeout] milliseconds
 * @property {number} [maxAttachmentSize] bytes
 * @property {number} [maxBufferSize] bytes
 * @property {number} [maxBufferAge] milliseconds
 * @property {string} [uid]
 * @property {import("pg").Pool | import("pg").ClientConfig | string} [listenPool]
 * @property {(err: Error) => void} [errorHandler]
 */

/** @typedef {(pool: import("pg").Pool, options?: AdapterOptions) => any} CreateAdapter */

/** @type {{ createAdapter: CreateAdapter }} */
const { createAdapter } = isReference
  ? require("@socket.io/postgres-adapter")
  : // a path in a variable: the checker must not follow it into the build's output
    require(require.resolve("../../index.js"));

/**
 * For clusters in which a server closes. The reference may send the last heartbeat of a server after its good-bye, and
 * the others count it again until the time-out; this package has to get it right alone.
 * @type {AdapterOptions}
 */
const forgivingOptions = isReference
  ? { heartbeatInterval: 200, heartbeatTimeout: 3_000 }
  : {};

/** @typedef {(t: import("node:test").TestContext) => void | Promise<void>} TestBody */

/**
 * For what the reference gets wrong: the test must pass here, and must fail there. When the reference learns it, the
 * test says so.
 * @param {string} reason why it fails there
 * @param {TestBody} body
 * @returns {TestBody}
 */
function expectedToFailOnReference(reason, body) {
  if (!isReference) {
    return body;
  }
  return async (t) => {
    setPatience(EXPECTED_FAILURE_PATIENCE_MS);
    try {
      await assert.rejects(
        async () => body(t),
        (err) => {
          const failure = err instanceof Error ? err.message : String(err);
          t.diagnostic(`the reference fails: ${reason}`);
          t.diagnostic(`(${failure.trim().split("\n")[0]})`);
          return true;
        },
        `the reference passes, although "${reason}"`,
      );
    } finally {
      setPatience();
    }
  };
}

/**
 * The reference expects its table; this package creates it by itself.
 * @param {{ query(sql: string): Promise<unknown> }} client
 * @param {string} [table] as SQL spells it
 */
async function prepareTable(client, table = "socket_io_attachments") {
  if (isReference) {
    await client.query(
      `CREATE TABLE IF NOT EXISTS ${table}
        (id bigserial UNIQUE, created_at timestamptz DEFAULT NOW(), payload bytea)`,
    );
  }
}

module.exports = {
  createAdapter,
  expectedToFailOnReference,
  forgivingOptions,
  isReference,
  prepareTable,
  provider,
};
