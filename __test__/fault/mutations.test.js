"use strict";

// Sound messages with something broken at random: whatever comes of it, it is skipped with a report, or is a message.

const assert = require("node:assert/strict");
const { before, describe, it } = require("node:test");

const { encode } = require("@msgpack/msgpack");

const { useCluster } = require("../support/cluster.js");
const {
  broadcastMessage,
  CHANNEL,
  EMITTER,
  notify,
  Reports,
  untilListening,
} = require("../support/faults.js");
const { useDatabase } = require("../support/postgres.js");
const { once } = require("../support/wait.js");

const SEED = 20_261_123;
const BATCH = 500;

/** The same numbers in every run: a failure can be looked at again. */
class Randomness {
  constructor() {
    this._state = SEED;
  }

  /**
   * @param {number} limit
   * @returns {number} an integer from 0 up to, not including, the limit
   */
  below(limit) {
    // xorshift32
    this._state ^= this._state << 13;
    this._state ^= this._state >>> 17;
    this._state ^= this._state << 5;
    return (this._state >>> 0) % limit;
  }

  /**
   * @template T
   * @param {readonly T[]} list
   * @returns {T}
   */
  pick(list) {
    return /** @type {T} */ (list[this.below(list.length)]);
  }
}

/** Bytes at which parsers go wrong. */
const FRAGMENTS = ['"', "\\", "\\u", "\\ud800", "{", "}", "[", "]", ",", ":"]
  .concat(["null", "true", "-", "0", "1e999", "1e", ".5", " ", "\n", "\t"])
  .concat(["\u0001", "\u007f", "é", "😀", '"__proto__":', '"uid":', '"type":']);

/**
 * @param {Buffer} bytes
 * @param {Buffer} fragment
 * @param {number} from the bytes before it stay
 * @param {Randomness} random
 * @returns {Buffer} with a few places cut out, doubled or overwritten
 */
function mutate(bytes, fragment, from, random) {
  const start = from + random.below(bytes.length - from);
  const end = Math.min(bytes.length, start + random.below(6));
  const replacement = random.pick([
    fragment,
    Buffer.alloc(0),
    bytes.subarray(start, end + random.below(30)),
    Buffer.of(random.below(256)),
  ]);
  return Buffer.concat([
    bytes.subarray(0, start),
    replacement,
    bytes.subarray(end),
  ]);
}

/** What there is to break; the type stays, so that no client is disconnected as it would be told to. */
const SOUND = [
  broadcastMessage(["news", { text: 'a\u2028"\\ü', list: [1, 2.5e3, null] }]),
  broadcastMessage(["news"], {
    data: {
      packet: { type: 2, data: ["question"] },
      opts: { rooms: ["a", "b"], except: ["c"], flags: { volatile: true } },
      requestId: "theirs-1",
    },
  }),
  { type: 4, data: { opts: { rooms: ["a"] }, rooms: ["b"] }, uid: EMITTER },
  { type: 7, data: { opts: { rooms: [] }, requestId: "1" }, uid: EMITTER },
  { type: 9, data: { packet: ["greeting", [1], { a: "b" }] }, uid: EMITTER },
  { type: 8, data: { requestId: "x-1", sockets: [] }, uid: EMITTER },
];

describe("random mutations", () => {
  const database = useDatabase();
  const reports = new Reports();
  const cluster = useCluster(database, {
    servers: 1,
    options: { errorHandler: reports.errorHandler },
  });
  before(() => untilListening(database, cluster.client(0)));

  /**
   * Sends the batch, then something good that must arrive.
   *
   * @param {() => Promise<unknown>} send
   */
  async function survives(send) {
    const good = once(cluster.io(0), "good");
    await send();
    await notify(database, {
      type: 9,
      data: { packet: ["good"] },
      uid: EMITTER,
    });
    await good;
    const codes = new Set(reports.codes);
    codes.delete("ERR_MALFORMED_MESSAGE");
    codes.delete("ERR_ATTACHMENT"); // of another sender than was announced
    assert.deepEqual([...codes], [], reports.text);
    assert.ok(cluster.client(0).connected);
  }

  it("of notifications", async (t) => {
    const random = new Randomness();
    for (let batch = 0; batch < 20; batch += 1) {
      const texts = Array.from({ length: BATCH }, () => {
        /** @type {Buffer} */
        let bytes = Buffer.from(JSON.stringify(random.pick(SOUND)));
        for (let times = 1 + random.below(3); times > 0; times -= 1) {
          const fragment = Buffer.from(random.pick(FRAGMENTS));
          bytes = mutate(bytes, fragment, '{"type":3,'.length, random);
        }
        // the server takes no invalid UTF-8 and no NUL
        return bytes.toString("utf8").replaceAll("\0", "");
      });
      await survives(() =>
        database.query(
          "SELECT count(pg_notify($1, text)) FROM unnest($2::text[]) AS text",
          [CHANNEL, texts],
        ),
      );
    }
    t.diagnostic(`${reports.errors.length} of ${20 * BATCH} refused`);
    assert.ok(reports.errors.length > BATCH);
  });

  it("of attachments", async (t) => {
    reports.clear();
    const random = new Randomness();
    for (let batch = 0; batch < 10; batch += 1) {
      /** @type {number[]} */
      const types = [];
      const rows = Array.from({ length: BATCH }, () => {
        /** @type {any} */
        const message = structuredClone(random.pick(SOUND));
        types.push(message.type);
        message.data.more = Uint8Array.of(1, 2, 3);
        /** @type {Buffer} */
        let bytes = Buffer.from(encode(message));
        const from = bytes.indexOf("data");
        for (let times = 1 + random.below(3); times > 0; times -= 1) {
          const fragment = Buffer.from([0xc0 + random.below(64)]);
          bytes = mutate(bytes, fragment, from, random);
        }
        return bytes;
      });
      const stored = await database.query(
        `INSERT INTO socket_io_attachments (payload)
         SELECT row FROM unnest($1::bytea[]) AS row RETURNING id`,
        [rows],
      );
      const headers = stored.map(({ id }, index) =>
        JSON.stringify({ uid: EMITTER, type: types[index], attachmentId: id }),
      );
      await survives(() =>
        database.query(
          "SELECT count(pg_notify($1, header)) FROM unnest($2::text[]) AS header",
          [CHANNEL, headers],
        ),
      );
    }
    t.diagnostic(`${reports.errors.length} of ${10 * BATCH} refused`);
    assert.ok(reports.errors.length > BATCH);
  });
});
