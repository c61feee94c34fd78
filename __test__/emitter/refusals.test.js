"use strict";

// What an emitter refuses at the call, and that nothing of it is sent.

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");

const { useDatabase } = require("../support/postgres.js");
const { emitterFor, listenFor } = require("./emitters.js");

/** @typedef {import("../../index.js").Emitter} Emitter */

/** @returns {any} something that contains itself */
function makeCycle() {
  /** @type {any} */
  const cycle = { name: "cycle" };
  cycle.self = [cycle];
  return cycle;
}

/** Events of a socket: the client would take them for its own. */
const SOCKET_EVENTS = [
  "connect",
  "connect_error",
  "disconnect",
  "disconnecting",
  "newListener",
  "removeListener",
];

/** Events of a namespace: the server would take them for its own. */
const NAMESPACE_EVENTS = ["connect", "connection", "new_namespace"];

describe("an emitter refuses", () => {
  const database = useDatabase();

  /**
   * @param {import("node:test").TestContext} t
   * @param {(emitter: Emitter) => void} attempt
   */
  async function expectNothingSent(t, attempt) {
    const ear = await listenFor(t, database);
    const emitter = emitterFor(t, database.connectionString);

    attempt(emitter);

    emitter.emit("the only one");
    await emitter.flush();
    await ear.catchUp();
    const events = ear.messages.map(({ data }) => data?.packet.data);
    assert.deepEqual(events, [["the only one"]]);
    const [{ exists }] = await database.query(
      "SELECT EXISTS (SELECT 1 FROM socket_io_attachments) AS exists",
    );
    assert.equal(exists, false);
  }

  it("the events of Socket.IO", (t) =>
    expectNothingSent(t, (emitter) => {
      for (const event of SOCKET_EVENTS) {
        const expected = { message: `"${event}" is a reserved event name` };
        assert.throws(() => emitter.emit(event), expected);
        assert.throws(() => emitter.to("a").volatile.emit(event, 1), expected);
      }
      for (const event of NAMESPACE_EVENTS) {
        assert.throws(() => emitter.serverSideEmit(event, {}), {
          message: `"${event}" is a reserved event name`,
        });
      }
    }));

  it("events without a name", (t) =>
    expectNothingSent(t, (emitter) => {
      const expected = {
        name: "TypeError",
        message: /^the name of an event must be a string, got /,
      };
      /** @type {any[]} */
      const names = [undefined, null, Symbol("secret"), {}, ["a"], true];
      for (const name of names) {
        assert.throws(() => emitter.emit(name, 1), expected);
        assert.throws(() => emitter.serverSideEmit(name, 1), expected);
      }
    }));

  it("acknowledgements", (t) =>
    expectNothingSent(t, (emitter) => {
      const expected = { name: "Error", message: /no acknowledgements/ };
      assert.throws(() => emitter.emit("ask", 1, () => {}), expected);
      assert.throws(() => emitter.to("a").emit("ask", () => {}), expected);
      assert.throws(() => emitter.serverSideEmit("ask", () => {}), expected);
    }));

  it("what cannot be serialised, and says which event it was", (t) =>
    expectNothingSent(t, (emitter) => {
      const values = [
        10n,
        { deep: [1, { n: 1n }] },
        makeCycle(),
        {
          toJSON() {
            throw new Error("not today");
          },
        },
      ];
      for (const value of values) {
        const expected = {
          name: "TypeError",
          message: /^the event "broken" cannot be serialised: /,
        };
        assert.throws(() => emitter.emit("broken", value), expected);
        assert.throws(
          () => emitter.to("a").emit("broken", Buffer.of(1), value),
          expected,
        );
        assert.throws(
          () => emitter.serverSideEmit("broken", value, new Uint8Array(9)),
          expected,
        );
      }
    }));

  it("everything after close()", async (t) => {
    const ear = await listenFor(t, database);
    const emitter = emitterFor(t, database.connectionString);
    const other = emitter.of("/other");
    const operator = emitter.to("a");

    const closed = other.close();

    /** @type {(() => void)[]} */
    const calls = [
      () => emitter.emit("late"),
      () => emitter.emit("late", Buffer.of(1)),
      () => other.emit("late"),
      () => operator.emit("late"),
      () => emitter.of("/third").volatile.emit("late"),
      () => emitter.socketsJoin("a"),
      () => emitter.socketsLeave("a"),
      () => emitter.disconnectSockets(),
      () => emitter.serverSideEmit("late"),
    ];
    const expected = { message: "nothing can be sent after close()" };
    for (const call of calls) assert.throws(call, expected);
    await closed;
    for (const call of calls) assert.throws(call, expected);
    await ear.catchUp();
    assert.deepEqual(ear.payloads, []);
  });
});
