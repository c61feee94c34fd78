"use strict";

// Servers of this package alone speak in frames; as soon as one of the JavaScript adapter is there, as it understands it.

const assert = require("node:assert/strict");
const { randomBytes } = require("node:crypto");
const { createServer } = require("node:http");
const { before, beforeEach, describe, it } = require("node:test");
const { isDeepStrictEqual } = require("node:util");

const { Pool } = require("pg");
const { Server: SocketIoServer } = require("socket.io");
const { Manager } = require("socket.io-client");

const {
  clusterFor,
  untilAcquainted,
  useCluster,
} = require("../support/cluster.js");
const { broadcastMessage, notify, Reports } = require("../support/faults.js");
const {
  entryBytes,
  forgedFrame,
  forgedPiece,
  frameChannel,
  openTap,
  packedZeros,
  untilFramed,
} = require("../support/frames.js");
const { useDatabase } = require("../support/postgres.js");
const { collect, once, until, within } = require("../support/wait.js");
const { CREATE_TABLE, createAdapterOf } = require("./adapters.js");
const { startMember } = require("./member.js");

/** @typedef {import("../support/cluster.js").Cluster} Cluster */
/** @typedef {import("../support/frames.js").FrameTap} FrameTap */
/** @typedef {import("../support/frames.js").Heard} Heard */
/** @typedef {import("../support/postgres.js").TestDatabase} TestDatabase */
/** @typedef {import("../support/server.js").ClientSocket} ClientSocket */
/** @typedef {import("../support/server.js").TestServer} TestServer */
/** @typedef {import("./adapters.js").Kind} Kind */

/** Frames begin once the time-out has passed. */
const QUICK = { heartbeatInterval: 100, heartbeatTimeout: 2_000 };

/** Nothing is removed from the table while a test looks at it. */
const KEEPING = { ...QUICK, cleanupInterval: 600_000 };

/** Must be seen in no error. */
const SECRET = "s3cret";

const INITIAL_HEARTBEAT = 1;
const HEARTBEAT = 2;
const BROADCAST = 3;
const SERVER_SIDE_EMIT = 9;
const ADAPTER_CLOSE = 13;

/** What everybody must understand: who is there. */
const MEMBERSHIP = new Set([INITIAL_HEARTBEAT, HEARTBEAT, ADAPTER_CLOSE]);

/** @param {Heard[]} messages */
function plainOf(messages) {
  return messages.filter(
    ({ framed, type }) => !framed && !MEMBERSHIP.has(type),
  );
}

/**
 * @param {Heard[]} messages
 * @param {string} event
 * @returns {any[]} the first argument of each broadcast of it
 */
function firstArguments(messages, event) {
  return messages
    .filter(({ type }) => type === BROADCAST)
    .map(({ data }) => data.packet.data)
    .filter(([name]) => name === event)
    .map(([, first]) => first);
}

/**
 * @param {number} first
 * @param {number} last
 */
function range(first, last) {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/**
 * Does something; all that is said meanwhile must be said in frames, and nothing in the table.
 * @param {FrameTap} tap
 * @param {TestServer[]} servers who must all speak in frames before
 * @param {() => Promise<void>} body
 * @returns {Promise<Heard[]>} what was said
 */
async function inFrames(tap, servers, body) {
  await untilFramed(tap, servers);
  const stored = await tap.attachmentCount();
  const messages = await tap.during(body);
  assert.deepEqual(plainOf(messages), []);
  assert.ok(
    messages.some(({ framed }) => framed),
    "frames were used",
  );
  assert.equal((await tap.attachmentCount()) - stored, 0);
  return messages;
}

/** @type {Record<string, any>} */
const VALUES = {
  "text beyond ASCII": "žluťoučký 日本語 עברית 👩‍👩‍👧 \u2028\u2029\ufeff",
  "lone surrogates": [
    "\ud800",
    "a\udfffb",
    { "\udc00": "\ud83d" },
    "\udc00\ud800",
  ],
  "control characters": 'a\u0000b\u0001c\u001d\u001e\u001f\u007f\n\r\t\\"',
  numbers: [
    0.1234567890123456,
    1e21,
    123456789012345680000,
    5e-324,
    -1.7976931348623157e308,
    Number.MAX_SAFE_INTEGER,
    1e-7,
    -0.1,
  ],
  "300 kB of text": "naïve – 😀 xyz ".repeat(20_000).slice(0, 300_000),
  "300 kB of random text": randomBytes(150_000).toString("hex"),
  "200 kB of random bytes": randomBytes(200_000),
  "200 kB of zeros": Buffer.alloc(200_000),
  "a megabyte of text": "x".repeat(1_048_576),
  "no bytes at all": [Buffer.alloc(0), "between", Buffer.alloc(0)],
  "every byte": Buffer.from(range(0, 255)),
  "nested binary content": {
    list: [Buffer.from("a"), "text", { deep: [Buffer.from([0, 127, 255])] }],
    "\u0001": "\u0001",
    "lone \ud800": [Buffer.from("b"), 0.1234567890123456, 1e21, null, true],
  },
  "what looks like a placeholder": { _placeholder: true, num: 0 },
  "400 levels": JSON.parse("[".repeat(400) + "]".repeat(400)),
  "names that mean something to JavaScript": JSON.parse(
    '{"__proto__":{"polluted":1},"constructor":2,"toString":3,"length":-1}',
  ),
};

describe("servers of this kind alone speak in frames", () => {
  const database = useDatabase();
  const reports = new Reports();
  const cluster = useCluster(database, {
    servers: 2,
    clientsPerServer: 2,
    options: { ...QUICK, errorHandler: reports.errorHandler },
  });
  /** @type {FrameTap} */
  let tap;
  before(async () => {
    tap = await openTap(database);
  });
  beforeEach(() => reports.clear());

  /**
   * @param {(t: import("node:test").TestContext) => Promise<void>} body
   * @returns {(t: import("node:test").TestContext) => Promise<void>}
   */
  function framed(body) {
    return async (t) => {
      await inFrames(tap, cluster.servers, () => body(t));
      assert.deepEqual(reports.errors, []);
    };
  }

  /** @param {number[]} indexes of clients */
  function idsOf(indexes) {
    return indexes.map((index) => String(cluster.client(index).id)).sort();
  }

  /** @param {string} event */
  function collectAll(event) {
    const arrivals = cluster.clients.map((client) => collect(client, event));
    return () => arrivals.map(({ values }) => values);
  }

  it("after they have said that they understand them", async () => {
    const messages = await tap.during(async () => {
      const start = tap.heard.length;
      const beats = () =>
        tap.heard.slice(start).filter(({ type }) => type === HEARTBEAT);
      await until(() => new Set(beats().map(({ uid }) => uid)).size === 2);
    });
    for (const message of messages) {
      assert.equal(message.framed, false);
      assert.deepEqual(Object.keys(message), [
        "framed",
        "type",
        "uid",
        "nsp",
        "readsFrames",
        "life",
      ]);
    }
  });

  for (const [name, value] of Object.entries(VALUES)) {
    it(
      `arrives: ${name}`,
      framed(async () => {
        for (const sender of [0, 1]) {
          const arrivals = cluster.clients.map((client) =>
            once(client, "value"),
          );

          cluster.io(sender).emit("value", value, "after");

          for (const received of await Promise.all(arrivals)) {
            assert.ok(isDeepStrictEqual(received, [value, "after"]), name);
          }
        }
      }),
    );
  }

  it(
    "what JSON changes is changed alike",
    framed(async () => {
      const value = {
        date: new Date(0),
        nothing: undefined,
        list: [undefined, NaN, -Infinity, -0],
      };
      for (const filler of ["", "x".repeat(20_000), Buffer.from("x")]) {
        const arrival = once(cluster.client(2), "changed");
        cluster.io(0).emit("changed", value, filler);
        assert.deepEqual(await arrival, [
          { date: "1970-01-01T00:00:00.000Z", list: [null, null, null, 0] },
          filler,
        ]);
      }
    }),
  );

  it(
    "rooms and exceptions",
    framed(async () => {
      const arrivals = collectAll("roomy");
      for (const index of [1, 2]) cluster.socket(index).join("a");
      for (const index of [2, 3]) cluster.socket(index).join("ü\u0001 😀");

      cluster.io(0).to("a").emit("roomy", 1);
      cluster.io(0).to("a").to("ü\u0001 😀").emit("roomy", 2);
      cluster.io(0).except("a").emit("roomy", 3);
      cluster.io(0).to("ü\u0001 😀").except("a").emit("roomy", 4);
      cluster
        .io(1)
        .to(idsOf([0]))
        .emit("roomy", 5);
      cluster.io(1).to("nobody is there").emit("roomy", 6);
      cluster.socket(2).to("a").emit("roomy", 7, Buffer.from("bytes"));
      cluster.io(0).local.emit("roomy", 8);
      cluster.io(0).compress(true).to("a").emit("roomy", 9);
      await cluster.fence(0);
      await cluster.fence(1);

      const bytes = Buffer.from("bytes");
      const numbers = arrivals().map((values) => new Set(values));
      assert.ok(
        arrivals()[1]?.some((value) => isDeepStrictEqual(value, [7, bytes])),
      );
      assert.deepEqual(
        numbers.map((set) => [...set].filter(Number.isInteger).sort()),
        [
          [3, 5, 8],
          [1, 2, 8, 9],
          [1, 2, 9],
          [2, 3, 4],
        ],
      );
      arrivals().forEach((values, index) =>
        assert.equal(values.length, numbers[index]?.size),
      );
    }),
  );

  it(
    "a join, directly followed by a broadcast to the room, and a leave",
    framed(async () => {
      const arrivals = collectAll("joined");

      cluster
        .io(0)
        .in(idsOf([1, 3]))
        .socketsJoin(["red", "blue"]);
      cluster.io(0).to("red").emit("joined", 1);
      cluster
        .io(0)
        .in(idsOf([3]))
        .socketsLeave("red");
      cluster.io(0).to(["red", "blue"]).emit("joined", 2, Buffer.of(2));
      cluster.io(0).to("red").emit("joined", 3);
      await cluster.fence(0);

      assert.deepEqual(arrivals(), [
        [],
        [1, [2, Buffer.of(2)], 3],
        [],
        [1, [2, Buffer.of(2)]],
      ]);
      assert.deepEqual([...cluster.socket(3).rooms].sort(), [
        ...[cluster.socket(3).id, "blue"].sort(),
      ]);
    }),
  );

  it(
    "a join and what is for the room, all in one block",
    framed(async () => {
      cluster.client(3).on("ask", (reply) => reply("here"));
      for (const round of range(1, 20)) {
        const room = `room ${round}`;
        const arrivals = collectAll(room);

        // while the first block is on its way the next one gathers
        cluster.io(0).emit("filler", "x".repeat(1_000));
        await new Promise(setImmediate);
        cluster
          .io(0)
          .in(idsOf([3]))
          .socketsJoin(room);
        cluster.io(0).to(room).emit(room, 1);
        cluster.io(0).to(room).emit(room, 2, Buffer.of(2));
        const answers = cluster
          .io(0)
          .to(room)
          .timeout(20_000)
          .emitWithAck("ask");
        const sockets = cluster.io(0).in(room).fetchSockets();
        await cluster.fence(0);

        assert.deepEqual(
          arrivals(),
          [[], [], [], [1, [2, Buffer.of(2)]]],
          room,
        );
        assert.deepEqual(await answers, ["here"], room);
        const ids = (await sockets).map(({ id }) => id);
        assert.deepEqual(ids, idsOf([3]), room);
      }
    }),
  );

  it(
    "fetchSockets() and what can be done with its sockets",
    framed(async () => {
      cluster.socket(3).join("fetched");
      cluster.socket(3).data = { text: "ž\ud800", number: 1e21, list: [null] };

      const all = await cluster.io(0).fetchSockets();
      const [found, ...others] = await cluster
        .io(0)
        .in("fetched")
        .fetchSockets();

      assert.deepEqual(all.map(({ id }) => id).sort(), idsOf([0, 1, 2, 3]));
      assert.deepEqual(others, []);
      assert.ok(found);
      assert.equal(found.id, cluster.client(3).id);
      assert.deepEqual(found.data, cluster.socket(3).data);
      assert.ok(found.rooms.has("fetched"));
      assert.ok(found.handshake.address);

      const arrivals = collectAll("to one");
      found.emit("to one", Buffer.of(1, 2));
      found.join("another");
      found.leave("fetched");
      cluster.io(0).to("another").emit("to one", 2);
      cluster.io(0).to("fetched").emit("to one", 3);
      await cluster.fence(0);
      assert.deepEqual(arrivals(), [[], [], [], [Buffer.of(1, 2), 2]]);
      assert.deepEqual(await cluster.io(1).in("fetched").fetchSockets(), []);
    }),
  );

  it(
    "serverSideEmit(), with and without acknowledgement",
    framed(async () => {
      const value = { bytes: [Buffer.of(0, 255)], text: "\ud800", n: 1e21 };
      const large = randomBytes(100_000);
      const arrival = once(cluster.io(1), "note");
      cluster.io(1).on("question", (...args) => {
        args.pop()({ got: args, large });
      });
      cluster.io(0).on("note", () => assert.fail("the sender hears nothing"));

      cluster.io(0).serverSideEmit("note", value, Buffer.alloc(0), null);
      assert.deepEqual(await arrival, [value, Buffer.alloc(0), null]);

      const answers = await cluster
        .io(0)
        .serverSideEmitWithAck("question", value, large);
      assert.deepEqual(answers, [{ got: [value, large], large }]);
    }),
  );

  it(
    "acknowledgements of clients",
    framed(async () => {
      const value = { bytes: [Buffer.of(0, 255)], text: "\ud800", n: 1e21 };
      cluster.clients.forEach((client, index) =>
        client.on("ask", (got, reply) => reply({ index, got })),
      );

      const answers = await cluster
        .io(1)
        .timeout(20_000)
        .emitWithAck("ask", value);

      assert.deepEqual(
        answers.sort(
          (/** @type {any} */ a, /** @type {any} */ b) => a.index - b.index,
        ),
        range(0, 3).map((index) => ({ index, got: value })),
      );
      cluster.socket(0).join("asked");
      assert.deepEqual(
        await cluster.io(1).to("asked").timeout(20_000).emitWithAck("ask", 1),
        [{ index: 0, got: 1 }],
      );
      assert.deepEqual(
        await cluster.io(1).to("nobody").timeout(20_000).emitWithAck("ask", 1),
        [],
      );
    }),
  );

  it(
    "acknowledgements that do not all come in time",
    framed(async () => {
      const [silent, ...others] = cluster.clients;
      others.forEach((client) => client.on("ask", (reply) => reply(client.id)));
      const asked = once(/** @type {ClientSocket} */ (silent), "ask");

      /** @type {{ err: Error, answers: string[] }} */
      const { err, answers } = await new Promise((resolve) => {
        cluster
          .io(1)
          .timeout(3_000)
          .emit("ask", (/** @type {any} */ error, /** @type {any} */ values) =>
            resolve({ err: error, answers: values }),
          );
      });

      await asked;
      assert.match(err.message, /timed out/);
      assert.deepEqual(answers.sort(), idsOf([1, 2, 3]));
    }),
  );

  it(
    "disconnectSockets()",
    framed(async () => {
      const staying = await cluster.server(1).connect();
      const leaving = await cluster.server(1).connect();
      const closing = await cluster.server(1).connect();
      const reasons = [leaving, closing].map((client) =>
        once(client, "disconnect"),
      );

      cluster.io(0).in(String(leaving.id)).disconnectSockets();
      cluster.io(0).in(String(closing.id)).disconnectSockets(true);

      const [[left], [closed]] = /** @type {any} */ (
        await Promise.all(reasons)
      );
      assert.equal(left, "io server disconnect");
      assert.ok(["io server disconnect", "transport close"].includes(closed));
      // the two packets race: the disconnection, and the end of the connection
      await until(
        () => !closing.io.engine || closing.io.engine.readyState !== "open",
      );
      assert.ok(staying.connected);
      staying.disconnect();
      leaving.io._close();
      await until(() => cluster.io(1).of("/").sockets.size === 2);
    }),
  );

  it(
    "keep the order of the calls, across kinds and sizes",
    framed(async () => {
      const rounds = 60;
      const bytes = randomBytes(30_000);
      const text = "text – ".repeat(15_000);
      cluster.socket(2).join("room");
      /** @type {any[]} */
      const sent = [];
      /** @type {any[]} what happens on the second server, of all kinds */
      const happened = [];
      /** @type {any[]} what a client of it gets */
      const received = [];
      /**
       * @param {any[]} list
       * @returns {(...call: any[]) => void} which keeps what is numbered
       */
      const keepIn = (list) => (event, number, content) => {
        if (Number.isInteger(number)) list.push([event, number, content]);
      };
      cluster.socket(2).onAnyOutgoing(keepIn(happened));
      cluster.io(1).on("server-side", (number, content) => {
        happened.push(["server-side", number, content]);
      });
      cluster.client(2).onAny(keepIn(received));

      const io = cluster.io(0);
      const toRoom = io.to("room");
      for (let round = 0; round < rounds; round += 1) {
        const few = Buffer.of(round);
        /** @type {[target: any, event: string, content?: any][]} */
        const calls = [
          [io, "small"],
          [io, "binary", { bytes: [few] }],
          [io, "large", text],
          [io.volatile, "volatile"],
          [toRoom, "room"],
          [io, "server-side"],
          [io, "large binary", bytes],
          [io, "server-side", few],
          [toRoom.except("nobody").volatile, "volatile", few],
          [toRoom, "room", few],
          [io, "small", "text"],
        ];
        for (const [target, event, content] of calls) {
          const number = sent.length;
          const args = content === undefined ? [number] : [number, content];
          if (event === "server-side") io.serverSideEmit(event, ...args);
          else target.emit(event, ...args);
          sent.push([event, number, content]);
        }
        // some in one turn, some not
        if (round % 7 === 0) await new Promise(setImmediate);
      }
      await until(() => happened.length >= sent.length, {
        message: () => `${sent.length} events, there are ${happened.length}`,
      });
      await cluster.fence(0);

      const numbersOf = (/** @type {any[]} */ events) =>
        events.map(([, number]) => number);
      assert.deepEqual(numbersOf(happened), numbersOf(sent));
      assert.ok(isDeepStrictEqual(happened, sent));
      // a client that is busy may miss what is volatile, and nothing else
      const numbers = numbersOf(received);
      assert.deepEqual(
        numbers,
        [...numbers].sort((a, b) => a - b),
      );
      const certain = sent.filter(
        ([event]) => event !== "server-side" && event !== "volatile",
      );
      const arrived = received.filter(([event]) => event !== "volatile");
      assert.deepEqual(numbersOf(arrived), numbersOf(certain));
      assert.ok(isDeepStrictEqual(arrived, certain));
      cluster.socket(2).offAnyOutgoing();
      cluster.client(2).offAny();
    }),
  );

  describe("garbage on the channel of the frames", () => {
    const good = { data: '["good",1]' };
    const { length } = entryBytes({ data: '["evil"]' });
    /** @type {Record<string, string>} */
    const garbage = {
      "no text at all": "",
      "an object": "{}",
      "a message": JSON.stringify({
        type: BROADCAST,
        uid: SECRET,
        nsp: "/",
        data: { packet: { type: 2, data: ["evil", SECRET] }, opts: {} },
      }),
      "a block of three letters": "1 u 1 1 0 1\nxxx",
      "a very long word": "x".repeat(7_999),
      "a very long text in a block": `1 u 2 1 0 1\n${SECRET.repeat(1_300)}`,
      "an empty block": "1 u 3 1 0 1\n",
      "a piece beyond the end of its block": "1 u 4 1 1 1\nxxx",
      "a number that is none": "1 u 5 x 0 1\nxxx",
      "a number beyond 64 bits": `1 u ${"9".repeat(30)} 1 0 1\nxxx`,
      "an id longer than the text": "4000 u 6 1 0 1\nxxx",
      "half a character of an id": "1 é 7 1 0 1\nxxx",
      "characters that no block has": "1 u 8 1 0 1\nééé\u{1f600}",
      "a block of an unknown kind": forgedPiece(Buffer.of(2, 0, 0)),
      "a block that promises four gigabytes": forgedPiece(
        Buffer.of(1, 255, 255, 255, 255, 240, 255, 255, 255, 0),
      ),
      "compressed content that refers to what is before it": forgedPiece(
        Buffer.of(1, 8, 0, 0, 0, 0x10, 65, 9, 0),
      ),
      "less compressed content than promised": forgedPiece(
        Buffer.of(1, 99, 0, 0, 0, 0x10, 65),
      ),
      "an entry without its end": forgedFrame([
        entryBytes({ data: '["evil"]' }).subarray(0, length - 1),
      ]),
      "an entry of four gigabytes": forgedFrame([
        Buffer.of(0, 1, 0, 255, 255, 255, 255, 15, 0, 47),
      ]),
      "an entry of billions of parts": forgedFrame([
        Buffer.of(0, 1, 0, 2, 255, 255, 255, 255, 15, 47, 91, 93),
      ]),
      "a number without an end": forgedFrame([Buffer.alloc(40, 255)]),
      "text that is none": forgedFrame([
        { data: Buffer.from([91, 34, 255, 254, 34, 93]) },
      ]),
      "an event that is no JSON": forgedFrame([{ data: `["${SECRET}"` }]),
      "an event that is no array": forgedFrame([{ data: `{"a":"${SECRET}"}` }]),
      "an event without a name": forgedFrame([{ data: "[]" }]),
      "no event at all": forgedFrame([{ data: "" }]),
      "two events in one": forgedFrame([{ data: '["evil"],["evil"]' }]),
      "options that are no JSON": forgedFrame([
        { options: `{"rooms":${SECRET}}`, data: '["evil"]' },
      ]),
      "options that are no object": forgedFrame([
        { options: "[]", data: '["evil"]' },
      ]),
      "options with rooms that are none": forgedFrame([
        { options: '{"rooms":1,"except":[],"flags":{}}', data: '["evil"]' },
      ]),
      "a part that nobody names": forgedFrame([
        { data: '["evil"]', parts: [Buffer.of(1)] },
      ]),
      "a name without a part": forgedFrame([{ data: '["evil",\u0001]' }]),
      "fewer parts than names": forgedFrame([
        { data: '["evil",\u0001,\u0001]', parts: [Buffer.of(1)] },
      ]),
      "a part for a key": forgedFrame([
        { data: '["evil",{\u0001:1}]', parts: [Buffer.of(1)] },
      ]),
      "a part for a name of an event": forgedFrame([
        { data: "[\u0001]", parts: [Buffer.of(1)] },
      ]),
      "a part for a room": forgedFrame([
        {
          type: 4,
          data: '{"opts":{"rooms":[],"except":[],"flags":{}},"rooms":[\u0001]}',
          parts: [Buffer.of(1)],
        },
      ]),
      "a part for the id of a request": forgedFrame([
        { type: 7, data: '{"requestId":\u0001}', parts: [Buffer.of(1)] },
      ]),
      "a message without options": forgedFrame([
        { type: BROADCAST, data: '{"packet":{"type":2,"data":["evil"]}}' },
      ]),
      "an event for clients with a reserved name": forgedFrame([
        { data: `["dis\\u0063onnect","${SECRET}"]` },
      ]),
      "an event for servers with a reserved name": forgedFrame([
        { type: SERVER_SIDE_EMIT, data: '{"packet":["connection",{}]}' },
      ]),
      "an entry of more parts than a frame may have": forgedFrame([
        {
          data: `["evil"${",\u0001".repeat(1001)}]`,
          parts: Array.from({ length: 1001 }, () => Buffer.alloc(0)),
        },
      ]),
      // told once, not for each of them
      "200,000 empty entries in four kilobytes": forgedPiece(
        packedZeros(1_000_000),
      ),
      "an unknown type": forgedFrame([{ type: 99, data: "{}" }]),
      "a bad entry between good ones": forgedFrame([
        good,
        { data: `["${SECRET}"` },
        good,
      ]),
    };

    /**
     * Something good must arrive behind it, and nothing else; frames go on.
     * @param {string} payload
     * @param {string[]} codes of what each server reports
     */
    async function survives(payload, codes) {
      await inFrames(tap, cluster.servers, async () => {
        const evil = collectAll("evil");
        cluster.servers.forEach(({ io }) =>
          io.on("connection", () => assert.fail("a forged connection")),
        );
        await notify(database, payload, frameChannel());
        await cluster.fence(0);
        await cluster.fence(1);
        assert.deepEqual(evil(), [[], [], [], []]);
      });
      const all = cluster.servers.flatMap(() => codes);
      assert.deepEqual(reports.codes, all, reports.text);
      assert.ok(!reports.text.includes(SECRET), reports.text);
      const counts = cluster.servers.map((server) =>
        server.adapter().serverCount(),
      );
      assert.deepEqual(await Promise.all(counts), [2, 2]);
    }

    for (const [name, payload] of Object.entries(garbage)) {
      it(name, () => survives(payload, ["ERR_MALFORMED_MESSAGE"]));
    }

    it("costs the good entries beside it nothing", async () => {
      const arrivals = collectAll("good");
      const bad = { data: `["${SECRET}"` };
      await survives(
        forgedFrame([
          { data: '["good",1]' },
          bad,
          { data: '["good",\u0001]', parts: [Buffer.of(2)] },
        ]),
        ["ERR_MALFORMED_MESSAGE"],
      );
      cluster.clients.forEach((_, index) =>
        assert.deepEqual(arrivals()[index], [1, Buffer.of(2)]),
      );
    });

    it("a message for another namespace is none of their business", () =>
      survives(forgedFrame([{ nsp: "/other", data: '["evil"]' }]), []));

    it("a number far ahead, in the name of a server, silences nobody", async () => {
      await untilFramed(tap, cluster.servers);
      for (const { uid } of cluster.servers.map((server) => server.adapter())) {
        const sender = `${uid.length} ${uid} ${tap.streams.get(uid)}`;
        await survives(`${sender} ${2n ** 64n - 1n} 0 2\nbegun`, []);
      }
    });

    it("a block that never ends, and one that is too long", async () => {
      await survives("1 u 20 1 0 99999999\nxxx", []);
      await inFrames(tap, cluster.servers, async () => {
        await database.query(
          `SELECT count(pg_notify($1, '1 u 21 1 ' || number || ' 99999' || E'\\n' || repeat('x', 7900)))
             FROM generate_series(0, 999) AS number`,
          [frameChannel()],
        );
        await cluster.fence(0);
        await cluster.fence(1);
      });
      assert.deepEqual(reports.codes, [
        "ERR_MALFORMED_MESSAGE",
        "ERR_MALFORMED_MESSAGE",
      ]);
    });

    it("a flood of it delays what comes after, and no more", async () => {
      await untilFramed(tap, cluster.servers);
      const arrival = once(cluster.client(2), "good");
      await database.query(
        "SELECT count(pg_notify($1, $2 || number)) FROM generate_series(1, 20000) AS number",
        [frameChannel(), SECRET],
      );
      cluster.io(0).emit("good", 1);
      assert.deepEqual(await arrival, [1]);
      await cluster.fence(1);
      assert.deepEqual([...new Set(reports.codes)], ["ERR_MALFORMED_MESSAGE"]);
      assert.ok(!reports.text.includes(SECRET));
    });
  });
});

/** How much is sent in a row, and how often. */
const BURST = 4;
const INTERVAL_MS = 2;

/**
 * @param {number} number
 * @returns {any} what goes with it
 */
function contentOf(number) {
  if (number % 10 === 3) return { bytes: [Buffer.alloc(20, number % 256)] };
  if (number % 10 === 7) return "x".repeat(3_000);
  return number % 100 === 49 ? "y".repeat(20_000) : `message ${number}`;
}

/**
 * What the JavaScript adapter reads from the table, and so in no order.
 * @param {number} number
 */
function isLargeOrBinary(number) {
  return number % 10 === 3 || number % 100 === 49;
}

/** Numbered broadcasts of a server, all the time. */
class Traffic {
  /** @param {TestServer} server */
  constructor(server) {
    this.server = server;
    this.event = `of ${server.adapter().uid}`;
    this.sent = 0;
    this._timer = setInterval(() => this._emit(), INTERVAL_MS);
  }

  _emit() {
    for (let i = 0; i < BURST; i += 1) {
      const number = (this.sent += 1);
      const { io } = this.server;
      const target = number % 10 === 5 ? io.to("room") : io;
      target.emit(this.event, number, contentOf(number));
    }
  }

  stop() {
    clearInterval(this._timer);
  }
}

/** The numbers that a client got from a server. */
class Numbers {
  /**
   * @param {ClientSocket} client
   * @param {Traffic} traffic
   */
  constructor(client, traffic) {
    this.traffic = traffic;
    /** @type {number[]} */
    this.values = [];
    /** @type {number[]} those with another content than they were sent with */
    this.wrong = [];
    client.on(traffic.event, (number, content) => {
      this.values.push(number);
      if (!isDeepStrictEqual(content, contentOf(number))) {
        this.wrong.push(number);
      }
    });
  }

  /** Waits until nothing more can come, and checks that all came. */
  async assertAll() {
    await until(() => this.values.length >= this.traffic.sent, {
      message: () => `${this.traffic.sent}, there are ${this.values.length}`,
    });
    assert.deepEqual(this.values, range(1, this.traffic.sent));
    assert.deepEqual(this.wrong, []);
  }

  /**
   * What a client of the JavaScript adapter must have got: all of these, nothing twice, and in order what is not read
   * from the table.
   * @param {number} first
   * @param {number} last
   */
  assertOnceFrom(first, last) {
    const sorted = [...this.values].sort((a, b) => a - b);
    assert.equal(new Set(this.values).size, this.values.length);
    assert.deepEqual(
      sorted.filter((number) => number >= first && number <= last),
      range(first, last),
    );
    const texts = this.values.filter((number) => !isLargeOrBinary(number));
    assert.deepEqual(
      texts,
      [...texts].sort((a, b) => a - b),
    );
    assert.deepEqual(this.wrong, []);
  }

  /**
   * @param {number} first
   * @param {number} last
   * @returns {Promise<void>} once all of these are there
   */
  async untilThere(first, last) {
    let missing = range(first, last);
    await until(
      () => {
        const values = new Set(this.values);
        missing = missing.filter((number) => !values.has(number));
        return missing.length === 0;
      },
      { message: () => `numbers of ${first} to ${last}: ${missing}` },
    );
  }
}

/**
 * @param {TestDatabase} database
 * @param {ClientSocket} client of a server
 * @param {string} channel that the server will listen to
 */
async function untilListening(database, client, channel) {
  let isHeard = false;
  client.once("are you listening", () => (isHeard = true));
  await until(
    async () => {
      const question = broadcastMessage(["are you listening"]);
      await notify(database, question, channel);
      return isHeard;
    },
    { message: "the server listening" },
  );
}

/** A server of the JavaScript adapter in this process. */
class JsServer {
  /**
   * @param {TestDatabase} database
   * @param {Kind} kind
   * @param {{ channelPrefix: string, isShy?: boolean }} options whether it waits with its introduction until it is told
   */
  constructor(database, kind, { channelPrefix, isShy = false }) {
    this._database = database;
    this._channel = `${channelPrefix}#/`;
    /** @type {Error[]} */
    this.errors = [];
    this.pool = new Pool({ connectionString: database.connectionString });
    this.pool.on("error", () => {});
    this.http = createServer();
    const create = createAdapterOf(kind)(this.pool, {
      ...KEEPING,
      channelPrefix,
      errorHandler: (err) => this.errors.push(err),
    });
    this.introduce = () => {};
    const keepIntroduction = (/** @type {any} */ adapter) => {
      this.introduce = adapter.init.bind(adapter);
      if (isShy) adapter.init = () => {};
    };
    /** @this {any} */
    function createAdapter(/** @type {any} */ nsp) {
      const adapter = create(nsp);
      keepIntroduction(adapter);
      return adapter;
    }
    this.io = new SocketIoServer(this.http, {
      transports: ["websocket"],
      adapter: /** @type {any} */ (createAdapter),
    });
    this.io.on("connection", (socket) => socket.join("room"));
    /** @type {Manager | undefined} */
    this._manager = undefined;
    this._closed = false;
  }

  get adapter() {
    return /** @type {any} */ (this.io.of("/").adapter);
  }

  /** @returns {Promise<ClientSocket>} a client, which hears what the server hears */
  async listen() {
    await new Promise((resolve) => {
      this.http.listen(0, "127.0.0.1", () => resolve(undefined));
    });
    const { port } = /** @type {import("node:net").AddressInfo} */ (
      this.http.address()
    );
    this._manager = new Manager(`http://127.0.0.1:${port}`, {
      transports: ["websocket"],
      reconnection: false,
      autoConnect: false,
    });
    const client = this._manager.socket("/");
    client.connect();
    await once(client, "connect");
    await untilListening(this._database, client, this._channel);
    return client;
  }

  /** @param {TestServer[]} others who have to see it leave */
  async close(others) {
    if (this._closed) return;
    this._closed = true;
    this._manager?._close();
    const { uid } = this.adapter;
    await this.io.close();
    await until(
      () => others.every((other) => !other.adapter().nodesMap.has(uid)),
      { message: "the server of the JavaScript adapter gone" },
    );
    await within(this.pool.end(), "every connection given back to the pool");
  }
}

describe("servers of this kind and those that come and go", () => {
  const database = useDatabase();
  before(() => database.query(CREATE_TABLE));

  /**
   * @param {import("node:test").TestContext} t
   */
  async function startCluster(t) {
    const reports = new Reports();
    const channelPrefix = `test ${randomBytes(4).toString("hex")}`;
    const cluster = await clusterFor(t, database, {
      servers: 2,
      options: {
        ...KEEPING,
        channelPrefix,
        errorHandler: reports.errorHandler,
      },
    });
    const tap = await openTap(database, { prefix: channelPrefix });
    await untilFramed(tap, cluster.servers);
    return { cluster, reports, tap, channelPrefix };
  }

  /**
   * @param {import("node:test").TestContext} t
   * @param {Cluster} cluster
   */
  function startTraffic(t, cluster) {
    const [one, other] = /** @type {[TestServer, TestServer]} */ (
      cluster.servers
    );
    for (const index of [0, 1]) cluster.socket(index).join("room");
    const traffics = [new Traffic(one), new Traffic(other)];
    t.after(() => traffics.forEach((traffic) => traffic.stop()));
    // each client hears both: its own server's at once, and the other one's over the database
    const numbers = cluster.clients.flatMap((client) =>
      traffics.map((traffic) => new Numbers(client, traffic)),
    );
    return { traffics, numbers };
  }

  /**
   * What a server that introduced itself must have got.
   * @param {Heard[]} messages with attachments, in the order of the commits
   * @param {string} uid of the one that did
   * @param {Traffic} traffic
   */
  function afterIntroduction(messages, uid, traffic) {
    // the first word: its heartbeats go over other connections of its pool, and one can overtake the introduction
    const introduction = messages.findIndex((message) => message.uid === uid);
    assert.ok(introduction >= 0);
    const { event } = traffic;
    const earlier = messages.slice(0, introduction);
    const later = messages.slice(introduction);
    const framed = later.filter((message) => message.framed);
    const plain = plainOf(later);
    const again = firstArguments(
      plain.filter((message) => message.wasFramed),
      event,
    );
    return {
      first: 1 + Math.max(...firstArguments(earlier, event)),
      framed: firstArguments(framed, event),
      again,
      plain: firstArguments(plain, event),
    };
  }

  for (const kind of /** @type {Kind[]} */ (["js-0.5", "js-0.4"])) {
    it(`nothing is lost, doubled or out of order while servers of ${kind} come and go`, async (t) => {
      const { cluster, reports, tap, channelPrefix } = await startCluster(t);
      const { servers } = cluster;
      const { traffics, numbers } = startTraffic(t, cluster);
      let repeated = 0;
      // at the end of these it is certain enough that something was in the air when somebody came
      for (
        let round = 0;
        round < 6 || (repeated === 0 && round < 40);
        round += 1
      ) {
        await untilFramed(tap, servers);
        const start = await tap.mark();
        const js = new JsServer(database, kind, {
          channelPrefix,
          isShy: true,
        });
        t.after(() => js.close(servers));
        const client = await js.listen();
        const received = traffics.map(
          (traffic) => new Numbers(client, traffic),
        );
        js.introduce();
        await untilAllKnow(servers, 3);
        const known = traffics.map(({ sent }) => sent);
        await until(() =>
          traffics.every(
            ({ sent }, index) => sent > Number(known[index]) + 100,
          ),
        );
        const last = traffics.map(({ sent }) => sent);
        await tap.mark();
        const { uid } = js.adapter;
        const messages = await tap.withAttachments(tap.heard.slice(start));
        for (const [index, traffic] of traffics.entries()) {
          const said = afterIntroduction(messages, uid, traffic);
          const got = /** @type {Numbers} */ (received[index]);
          const end = Number(last[index]);
          await got.untilThere(said.first, end);
          // exactly what came behind the introduction, and that once
          got.assertOnceFrom(said.first, end);
          assert.equal(Math.min(...got.values), said.first);
          assert.ok(said.first <= Number(known[index]) + 1);
          assert.deepEqual(
            said.plain,
            range(said.first, Number(said.plain.at(-1))),
          );
          assert.deepEqual(said.again, said.framed);
          repeated += said.again.length;
        }
        assert.deepEqual(js.errors, []);
        await js.close(servers);
      }
      t.diagnostic(`${repeated} messages were said again`);
      assert.ok(repeated > 0);
      await untilFramed(tap, servers);
      traffics.forEach((traffic) => traffic.stop());
      for (const each of numbers) await each.assertAll();
      await cluster.fence(0);
      for (const each of numbers) await each.assertAll();
      assert.deepEqual(reports.errors, []);
    });

    it(`all that is sent to a server of ${kind} once it is known arrives, in frames again when it has left`, async (t) => {
      const { cluster, reports, tap, channelPrefix } = await startCluster(t);
      const { servers } = cluster;
      const { traffics, numbers } = startTraffic(t, cluster);
      for (let round = 0; round < 3; round += 1) {
        const js = new JsServer(database, kind, { channelPrefix });
        t.after(() => js.close(servers));
        const client = await js.listen();
        await untilAllKnow(servers, 3);
        const received = traffics.map(
          (traffic) => new Numbers(client, traffic),
        );
        const first = traffics.map(({ sent }) => sent + 1);
        await until(() =>
          traffics.every(
            ({ sent }, index) => sent > Number(first[index]) + 100,
          ),
        );
        for (const [index, got] of received.entries()) {
          const start = Number(first[index]);
          const end = got.traffic.sent;
          await got.untilThere(start, end);
          got.assertOnceFrom(start, end);
        }
        const replies = await cluster
          .io(0)
          .timeout(20_000)
          .in(String(client.id))
          .fetchSockets();
        assert.equal(replies.length, 1);
        await js.close(servers);

        // once more as before
        await untilFramed(tap, servers);
        const messages = await tap.during(async () => {
          const sent = traffics.map((traffic) => traffic.sent);
          await until(() =>
            traffics.every((traffic, i) => traffic.sent > Number(sent[i]) + 50),
          );
        });
        assert.deepEqual(plainOf(messages), []);
        assert.ok(messages.some((message) => message.framed));
      }
      traffics.forEach((traffic) => traffic.stop());
      for (const each of numbers) await each.assertAll();
      assert.deepEqual(reports.errors, []);
    });
  }

  it("no frames are used after one of the JavaScript adapter fell silent", async (t) => {
    const { cluster, tap, channelPrefix } = await startCluster(t);
    const { servers } = cluster;
    const member = await startMember({
      name: "silent",
      kind: "js-0.5",
      connectionString: database.connectionString,
      options: { ...KEEPING, channelPrefix },
    });
    t.after(() => member.kill());
    await untilAllKnow(servers, 3);
    await member.kill();
    await untilAllKnow(servers, 2);

    const arrivals = collect(cluster.client(1), "plain");
    const messages = await tap.during(async () => {
      // longer than it took until frames were used at the beginning
      const end = Date.now() + 3 * QUICK.heartbeatTimeout;
      let count = 0;
      await until(async () => {
        cluster.io(0).emit("plain", (count += 1));
        await arrivals.count(count);
        return Date.now() > end;
      });
    });

    assert.deepEqual(
      firstArguments(plainOf(messages), "plain"),
      range(1, arrivals.values.length),
    );
    assert.ok(messages.every((message) => !message.framed));
  });

  it("one of this kind comes and goes, and frames go on", async (t) => {
    const { cluster, reports, tap } = await startCluster(t);
    const { servers } = cluster;
    const [one, other] = servers;
    assert.ok(one && other);
    const { traffics, numbers } = startTraffic(t, cluster);
    for (let round = 0; round < 3; round += 1) {
      const messages = await tap.during(async () => {
        const third = await cluster.addServer();
        const client = await third.connect();
        third.socketOf(client).join("room");
        const joined = traffics.map(({ sent }) => sent + 1);
        const received = traffics.map(
          (traffic) => new Numbers(client, traffic),
        );
        const own = collect(cluster.client(1), `of ${third.adapter().uid}`);
        const traffic = new Traffic(third);
        t.after(() => traffic.stop());
        await untilFramed(tap, [third]);
        await until(() => traffic.sent > 200);
        traffic.stop();
        const last = traffics.map(({ sent }) => sent);
        for (const [index, got] of received.entries()) {
          await got.untilThere(Number(joined[index]), Number(last[index]));
          const end = Number(got.values.at(-1));
          const since = got.values.indexOf(Number(joined[index]));
          assert.deepEqual(
            got.values.slice(since),
            range(Number(joined[index]), end),
          );
          assert.deepEqual(got.wrong, []);
        }
        await third.close();
        cluster.servers.splice(2);
        await untilAllKnow(servers, 2);
        // what it said before it left
        await own.count(traffic.sent);
        assert.deepEqual(
          own.values.map(([number]) => number),
          range(1, traffic.sent),
        );
      });
      const uids = new Set(servers.map((server) => server.adapter().uid));
      const plain = plainOf(messages).filter(({ uid }) => uids.has(uid));
      assert.deepEqual(plain, []);
    }
    traffics.forEach((traffic) => traffic.stop());
    for (const each of numbers) await each.assertAll();
    assert.deepEqual(reports.errors, []);
  });
});

/**
 * @param {TestServer[]} servers
 * @param {number} count of servers that each knows, with itself
 */
async function untilAllKnow(servers, count) {
  await until(
    async () => {
      const counts = await Promise.all(
        servers.map((server) => server.adapter().serverCount()),
      );
      return counts.every((seen) => seen === count);
    },
    { message: `${count} servers` },
  );
}

describe("frames, and what travels without them", () => {
  const database = useDatabase();

  it("payloadThreshold below the default keeps larger messages in the table", async (t) => {
    const cluster = await clusterFor(t, database, {
      servers: 2,
      options: { ...KEEPING, channelPrefix: "small" },
      // what counts is the sender's
      optionsOf: (index) => (index === 0 ? { payloadThreshold: 500 } : {}),
    });
    const tap = await openTap(database, { prefix: "small" });
    await untilFramed(tap, cluster.servers);
    const contents = [
      "first",
      "x".repeat(600),
      Buffer.alloc(600, 1),
      "second",
      Buffer.alloc(20, 2),
      { text: "ž".repeat(3_000), bytes: Buffer.of(3) },
      "y".repeat(100_000),
      "third",
    ];
    const received = collect(cluster.client(1), "content");
    const back = collect(cluster.client(0), "content back");

    const stored = await tap.attachmentCount();
    const messages = await tap.during(async () => {
      contents.forEach((content) => cluster.io(0).emit("content", content));
      await received.count(contents.length);
      contents.forEach((content) =>
        cluster.io(1).emit("content back", content),
      );
      await back.count(contents.length);
      await cluster.fence(0);
      await cluster.fence(1);
    });

    assert.deepEqual(received.values, contents);
    assert.deepEqual(back.values, contents);
    assert.equal((await tap.attachmentCount()) - stored, 4);
    const framed = messages.filter((message) => message.framed);
    assert.deepEqual(firstArguments(framed, "content"), [
      "first",
      "second",
      Buffer.alloc(20, 2),
      "third",
    ]);
    assert.deepEqual(firstArguments(framed, "content back"), contents);
    const attached = plainOf(messages);
    assert.equal(attached.length, 4);
    assert.ok(attached.every(({ attachmentId }) => attachmentId !== undefined));
    assert.deepEqual(
      firstArguments(await tap.withAttachments(attached), "content").map(
        (content) =>
          content instanceof Uint8Array
            ? Buffer.from(content)
            : (content.length ?? "object"),
      ),
      [600, Buffer.alloc(600, 1), "object", 100_000],
    );
  });

  it("messages beyond two megabytes go through the table, in order", async (t) => {
    const cluster = await clusterFor(t, database, {
      servers: 2,
      options: { ...KEEPING, channelPrefix: "huge" },
      io: { maxHttpBufferSize: 1e8 },
    });
    const tap = await openTap(database, { prefix: "huge" });
    await untilFramed(tap, cluster.servers);
    const contents = [
      1,
      "x".repeat(3_000_000),
      2,
      randomBytes(2_500_000),
      randomBytes(1_000_000),
      3,
    ];
    const received = collect(cluster.client(1), "content");

    const messages = await tap.during(async () => {
      contents.forEach((content) => cluster.io(0).emit("content", content));
      await received.count(contents.length);
    });

    assert.ok(isDeepStrictEqual(received.values, contents));
    assert.equal(plainOf(messages).length, 2);
    const framed = messages.filter((message) => message.framed);
    assert.deepEqual(firstArguments(framed, "content"), [1, 2, contents[4], 3]);
  });

  it("a namespace that is open on only some of the servers", async (t) => {
    const reports = new Reports();
    const cluster = await clusterFor(t, database, {
      servers: 3,
      options: {
        ...KEEPING,
        channelPrefix: "some",
        errorHandler: reports.errorHandler,
      },
    });
    const tap = await openTap(database, {
      prefix: "some",
      namespaces: ["/", "/some", "/all"],
    });
    const [first, second, third] = /** @type {TestServer[]} */ (
      cluster.servers
    );
    assert.ok(first && second && third);
    const pair = [first, second];
    const all = [first, second, third];

    pair.forEach(({ io }) => io.of("/some"));
    await untilAcquainted(pair, { namespace: "/some" });
    const client = await second.connect("/some");
    const received = collect(client, "number");
    let sent = 0;
    const send = () => first.io.of("/some").emit("number", (sent += 1));
    const heardOfSome = (/** @type {Heard[]} */ messages) =>
      messages.filter(({ nsp, type }) => nsp === "/some" && type === BROADCAST);

    // a younger one is spoken to in frames: the other one would be by then
    let messages = await tap.during(async () => {
      all.forEach(({ io }) => io.of("/all"));
      await untilAcquainted(all, { namespace: "/all" });
      const timer = setInterval(send, 5);
      try {
        await untilFramed(tap, all, { namespace: "/all" });
        await untilFramed(tap, all);
      } finally {
        clearInterval(timer);
      }
    });
    const plain = heardOfSome(messages);
    assert.ok(plain.length > 10);
    assert.ok(plain.every((message) => !message.framed));

    // and is one itself when it is open everywhere
    third.io.of("/some");
    await untilAcquainted(all, { namespace: "/some" });
    await until(() => {
      send();
      return heardOfSome(tap.heard).at(-1)?.framed;
    });

    // until one closes it
    await third.adapter("/some").close();
    await untilAcquainted(pair, { namespace: "/some" });
    await until(() => {
      send();
      return heardOfSome(tap.heard).at(-1)?.framed === false;
    });
    // what was sent until then may be on its way: the tap's marks are for what is committed
    await received.count(sent);
    messages = await tap.during(async () => {
      range(1, 20).forEach(send);
      await received.count(sent);
    });
    assert.ok(heardOfSome(messages).every((message) => !message.framed));
    assert.equal(heardOfSome(messages).length, 20);
    await inFrames(tap, all, async () => {
      all.forEach(({ io }) => io.emit("still framed"));
      await cluster.fence(0);
    });
    assert.deepEqual(received.values, range(1, sent));
    assert.deepEqual(reports.errors, []);
  });

  it("prefixes do not hear each other's frames", async (t) => {
    // of the same beginning, longer than what is readable of it in the name of the channel
    const prefixes = ["p", "q"].map((end) => `${"prefix".repeat(6)}-${end}`);
    const clusters = [];
    for (const channelPrefix of prefixes) {
      const cluster = await clusterFor(t, database, {
        servers: 2,
        options: { ...KEEPING, channelPrefix },
      });
      const tap = await openTap(database, { prefix: channelPrefix });
      clusters.push({ cluster, tap });
    }
    for (const { cluster, tap } of clusters) {
      await untilFramed(tap, cluster.servers);
    }
    const starts = await Promise.all(clusters.map(({ tap }) => tap.mark()));
    const arrivals = clusters.map(({ cluster }) =>
      cluster.clients.map((client) => collect(client, "cluster")),
    );
    for (const [index, { cluster }] of clusters.entries()) {
      cluster.servers.forEach(({ io }) =>
        io.on("note", () => assert.fail(`a note at ${index}`)),
      );
    }
    clusters[0]?.cluster.servers.forEach(({ io }) =>
      io.removeAllListeners("note"),
    );

    clusters[0]?.cluster.io(0).serverSideEmit("note");
    for (const number of range(1, 20)) {
      clusters.forEach(({ cluster }, index) =>
        cluster
          .io(number % 2)
          .emit("cluster", `${index}: ${number}`, Buffer.of(1)),
      );
    }
    for (const { cluster } of clusters) {
      await cluster.fence(0);
      await cluster.fence(1);
    }

    for (const [index, { tap, cluster }] of clusters.entries()) {
      await tap.mark();
      const messages = tap.heard.slice(starts[index]);
      assert.deepEqual(plainOf(messages), []);
      const uids = new Set(
        cluster.servers.map((server) => server.adapter().uid),
      );
      assert.ok(messages.every(({ uid }) => uids.has(uid)));
      for (const { values } of arrivals[index] ?? []) {
        assert.deepEqual(
          values.map(([text]) => text).sort(),
          range(1, 20)
            .map((number) => `${index}: ${number}`)
            .sort(),
        );
      }
      for (const server of cluster.servers) {
        assert.equal(await server.adapter().serverCount(), 2);
      }
    }
    assert.equal(new Set(prefixes.map(frameChannel)).size, 2);
  });
});
