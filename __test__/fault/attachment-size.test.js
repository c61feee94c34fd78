"use strict";

// A row of the table can be as large as somebody likes: what is too large is neither read nor sent.

const assert = require("node:assert/strict");
const { before, describe, it } = require("node:test");

const { encode } = require("@msgpack/msgpack");

const { Emitter } = require("../../index.js");
const { useCluster } = require("../support/cluster.js");
const {
  broadcastMessage,
  notify,
  notifyAttachment,
  Reports,
  untilListening,
} = require("../support/faults.js");
const { useDatabase } = require("../support/postgres.js");
const { collect, until } = require("../support/wait.js");

const maxAttachmentSize = 10_000;

describe("attachments over maxAttachmentSize", () => {
  const database = useDatabase();
  const reports = new Reports();
  const cluster = useCluster(database, {
    servers: 1,
    options: { errorHandler: reports.errorHandler, maxAttachmentSize },
  });
  before(async () => {
    await untilListening(database, cluster.client(0));
    await until(
      async () => {
        const [{ found }] = await database.query(
          "SELECT to_regclass('socket_io_attachments') IS NOT NULL AS found",
        );
        return found;
      },
      { message: "the table" },
    );
  });

  /** @param {number} bytes of the whole row */
  function rowOf(bytes) {
    const row = (/** @type {number} */ content) =>
      encode(broadcastMessage(["sized", Buffer.alloc(content)]));
    return row(bytes - (row(1000).length - 1000));
  }

  it("are skipped and reported by who hears of them; what fits arrives", async () => {
    const seen = collect(cluster.client(0), "sized");
    const largest = rowOf(maxAttachmentSize);
    assert.equal(largest.length, maxAttachmentSize);

    await notifyAttachment(database, largest);
    await notifyAttachment(database, rowOf(maxAttachmentSize + 1));
    await notify(database, broadcastMessage(["sized", "last"]));

    const [first, last] = await seen.count(2);
    assert.ok(Buffer.isBuffer(first));
    assert.equal(last, "last");
    assert.deepEqual(reports.codes, ["ERR_ATTACHMENT"]);
    assert.match(
      reports.text,
      /it has 10001 bytes, more than 10000 \(maxAttachmentSize\)/,
    );
  });

  it("are not sent, and that is reported to the sender", async (t) => {
    const seen = collect(cluster.client(0), "sized");
    const refused = new Reports();
    const emitter = new Emitter(database.connectionString, {
      maxAttachmentSize: 5000,
      errorHandler: refused.errorHandler,
    });
    t.after(() => emitter.close());

    emitter.emit("sized", 1);
    emitter.emit("sized", Buffer.alloc(5000));
    emitter.emit("sized", 2);
    await emitter.flush();

    assert.deepEqual(await seen.count(2), [1, 2]);
    assert.deepEqual(refused.codes, ["ERR_PUBLISH"]);
    assert.match(refused.text, /more than 5000 \(maxAttachmentSize\)/);
  });
});
