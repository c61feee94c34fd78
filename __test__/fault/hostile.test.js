"use strict";

// Whoever reaches the database can notify any channel and write to the table. Nothing that arrives may end the process,
// cost a client its connection, stop what comes after it, or show its content in an error.

const assert = require("node:assert/strict");
const { before, beforeEach, describe, it } = require("node:test");

const { encode } = require("@msgpack/msgpack");

const { useCluster } = require("../support/cluster.js");
const {
  broadcastMessage,
  CHANNEL,
  EMITTER,
  notify,
  notifyAttachment,
  Reports,
  untilListening,
} = require("../support/faults.js");
const {
  HARMLESS,
  NO_MESSAGES,
  SECRET,
  soundRow,
  WRONG_DATA,
  WRONG_ENVELOPES,
  WRONG_ROWS,
} = require("../support/hostile-messages.js");
const { useDatabase } = require("../support/postgres.js");
const { collect, once } = require("../support/wait.js");

describe("hostile messages", () => {
  const database = useDatabase();
  const reports = new Reports();
  const cluster = useCluster(database, {
    servers: 1,
    clientsPerServer: 2,
    options: { errorHandler: reports.errorHandler },
  });
  before(() => untilListening(database, cluster.client(0)));
  beforeEach(() => reports.clear());

  /**
   * Sends something, then something good: it must arrive, and nothing else.
   *
   * @param {() => Promise<void>} send
   * @param {string[]} codes of what is reported meanwhile
   */
  async function survives(send, codes) {
    const evil = cluster.clients.map((client) => collect(client, "evil"));
    const good = cluster.clients.map((client) => once(client, "good"));

    await send();
    await notify(database, broadcastMessage(["good", 1]));

    assert.deepEqual(await Promise.all(good), [[1], [1]]);
    assert.deepEqual(
      evil.map(({ values }) => values),
      [[], []],
    );
    assert.deepEqual(reports.codes, codes, reports.text);
    assert.ok(!reports.text.includes(SECRET), reports.text);
    assert.equal(/** @type {any} */ ({}).polluted, undefined);
  }

  const groups = {
    "what is no message": NO_MESSAGES,
    "members of the wrong type": WRONG_ENVELOPES,
    "data that no server sends": WRONG_DATA,
  };
  for (const [group, payloads] of Object.entries(groups)) {
    describe(group, () => {
      for (const [name, payload] of Object.entries(payloads)) {
        it(name, () =>
          survives(() => notify(database, payload), ["ERR_MALFORMED_MESSAGE"]),
        );
      }
    });
  }

  describe("what is none of our business", () => {
    for (const [name, payload] of Object.entries(HARMLESS)) {
      it(name, () => survives(() => notify(database, payload), []));
    }

    it("a message in our own name", () => {
      const { uid } = cluster.server(0).adapter();
      return survives(
        () => notify(database, broadcastMessage(["evil"], { uid })),
        [],
      );
    });

    it("our own farewell", () => {
      const { uid } = cluster.server(0).adapter();
      return survives(() => notify(database, { type: 13, uid, nsp: "/" }), []);
    });

    it("an attachment in our own name", () => {
      const { uid } = cluster.server(0).adapter();
      return survives(
        () => notifyAttachment(database, soundRow(), { uid }),
        [],
      );
    });

    it("an attachment for another namespace", () => {
      const row = encode(broadcastMessage(["evil"], { nsp: "/other" }));
      return survives(() => notifyAttachment(database, row), []);
    });
  });

  describe("attachments", () => {
    for (const [name, row] of Object.entries(WRONG_ROWS)) {
      it(name, () =>
        survives(
          () => notifyAttachment(database, row),
          ["ERR_MALFORMED_MESSAGE"],
        ),
      );
    }

    it("a row without content", () =>
      survives(() => notifyAttachment(database, null), ["ERR_ATTACHMENT"]));

    it("a row that does not exist", () =>
      survives(
        () =>
          notify(database, {
            uid: EMITTER,
            type: 3,
            attachmentId: "9223372036854775807",
          }),
        ["ERR_ATTACHMENT"],
      ));

    it("a row in our own name, announced in another", () => {
      const { uid } = cluster.server(0).adapter();
      const row = encode(broadcastMessage(["evil"], { uid }));
      return survives(
        () => notifyAttachment(database, row, { uid: EMITTER }),
        ["ERR_ATTACHMENT"],
      );
    });

    it("a row of another type than was announced", () =>
      survives(
        () =>
          notifyAttachment(database, encode(broadcastMessage(["evil"])), {
            type: 9,
          }),
        ["ERR_ATTACHMENT"],
      ));

    const bytes = Buffer.from(SECRET);
    const nameless = {
      "bytes for the uid": broadcastMessage(["evil"], { uid: bytes }),
      "bytes for the namespace": broadcastMessage(["evil"], { nsp: bytes }),
      "bytes for the id of a request": {
        type: 7,
        data: { requestId: bytes, opts: { rooms: ["nobody"] } },
        uid: EMITTER,
      },
    };
    for (const [name, message] of Object.entries(nameless)) {
      it(name, () =>
        survives(
          () => notifyAttachment(database, encode(message)),
          ["ERR_MALFORMED_MESSAGE"],
        ),
      );
    }

    it("a bad one among good ones costs the others nothing", async () => {
      const seen = collect(cluster.client(0), "numbered");
      for (let number = 0; number < 20; number += 1) {
        const good = encode(
          broadcastMessage(["numbered", number, Buffer.alloc(3)]),
        );
        await notifyAttachment(
          database,
          number % 2 ? good : soundRow().subarray(1),
        );
        await notify(database, broadcastMessage(["numbered", `${number}`]));
      }
      const values = await seen.count(30);

      assert.deepEqual(
        values.map((value) => (Array.isArray(value) ? value[0] : value)),
        Array.from({ length: 20 }, (_, number) =>
          number % 2 ? [number, `${number}`] : [`${number}`],
        ).flat(),
      );
      assert.deepEqual(
        reports.codes,
        Array.from({ length: 10 }, () => "ERR_MALFORMED_MESSAGE"),
      );
    });
  });

  describe("what is unusual and good", () => {
    /** @param {string} args JSON of the arguments after the event */
    const withArguments = (args) =>
      JSON.stringify(broadcastMessage(["unusual", 0])).replace(
        "0]",
        `${args}]`,
      );

    /** @param {string} args */
    async function received(args) {
      const arrival = once(cluster.client(0), "unusual");
      await notify(database, withArguments(args));
      const values = await arrival;
      assert.deepEqual(reports.codes, []);
      return values;
    }

    it("numbers that JavaScript cannot hold", async () => {
      const [huge, tiny, long] = await received(
        `1e999,1e-999,${"9".repeat(400)}`,
      );

      assert.deepEqual([huge, tiny, long], [null, 0, null]);
    });

    it("integers beyond 2^53 are rounded", async () => {
      assert.deepEqual(await received("9007199254740993"), [9007199254740992]);
    });

    it("a lone surrogate", async () => {
      assert.deepEqual(await received('"a\\ud800b"'), ["a\ud800b"]);
    });

    it("the NUL character", async () => {
      assert.deepEqual(await received('"a\\u0000b"'), ["a\0b"]);
    });

    it("keys that mean something to JavaScript are keys", async () => {
      const [value] = await received(
        '{"__proto__":{"polluted":1},"constructor":2,"toString":3,"length":-1}',
      );

      assert.deepEqual(Object.keys(value), [
        "__proto__",
        "constructor",
        "toString",
        "length",
      ]);
      assert.equal(/** @type {any} */ ({}).polluted, undefined);
    });

    it("400 levels of nesting", async () => {
      let [value] = await received("[".repeat(400) + "]".repeat(400));
      let levels = 0;
      for (; value; value = value[0]) {
        levels += 1;
      }

      assert.equal(levels, 400);
    });

    it("a key named twice: the last one counts", async () => {
      const arrival = once(cluster.client(0), "unusual");
      const text = withArguments("1").replace('"type":3', '"type":99,"type":3');
      await notify(database, text);

      assert.deepEqual(await arrival, [1]);
    });

    it("spaces around everything", async () => {
      const arrival = once(cluster.client(0), "unusual");
      await notify(database, ` \t\r\n${withArguments(" [ 1 ] ")}\n  `);

      assert.deepEqual(await arrival, [[1]]);
    });

    it("no nsp and no uid", async () => {
      const arrival = once(cluster.client(0), "unusual");
      await notify(
        database,
        broadcastMessage(["unusual", 1], { nsp: undefined, uid: undefined }),
      );

      assert.deepEqual(await arrival, [1]);
    });
  });

  describe("the listeners of the application", () => {
    it("what one throws is reported as it is, and the next message arrives", async () => {
      const thrown = new Error("from a listener");
      cluster.io(0).on("boom", () => {
        throw thrown;
      });

      await survives(
        () =>
          notify(database, {
            type: 9,
            data: { packet: ["boom"] },
            uid: EMITTER,
          }),
        [/** @type {any} */ (undefined)],
      );

      assert.equal(reports.errors[0], thrown);
    });

    it("an event named error reaches its listener", async () => {
      const arrival = once(cluster.io(0), "error");
      await notify(database, {
        type: 9,
        data: { packet: ["error", 1] },
        uid: EMITTER,
      });

      assert.deepEqual(await arrival, [1]);
    });

    it("the connection listener never sees a forged socket", async () => {
      let calls = 0;
      cluster.io(0).on("connection", () => (calls += 1));

      await survives(
        () =>
          notify(database, {
            type: 9,
            data: { packet: ["connection", {}] },
            uid: EMITTER,
          }),
        ["ERR_MALFORMED_MESSAGE"],
      );

      assert.equal(calls, 0);
    });
  });

  it("a flood of them delays what comes after, and no more", async () => {
    const good = once(cluster.client(0), "good");
    await database.query(
      "SELECT count(pg_notify($1, $2 || number)) FROM generate_series(1, 20000) AS number",
      [CHANNEL, SECRET],
    );
    await notify(database, broadcastMessage(["good"]));

    await good;
    assert.deepEqual([...new Set(reports.codes)], ["ERR_MALFORMED_MESSAGE"]);
    assert.ok(!reports.text.includes(SECRET));
  });
});
