"use strict";

// What the JavaScript packages were recorded to send, replayed to our server; and what ours sends, compared with it.

const assert = require("node:assert/strict");
const { before, describe, it } = require("node:test");

const { useDatabase } = require("../support/postgres.js");
const { CREATE_TABLE, createAdapterOf } = require("./adapters.js");
const { EFFECTS, MEMBERSHIP } = require("./golden-effects.js");
const { useStage } = require("./golden-stage.js");
const { FIXTURES, FORMS, read } = require("./wire-fixtures.js");
const { captureServer } = require("./wire-scenario.js");

/** @typedef {import("./wire-fixtures.js").Message} Message */

/**
 * @param {Message[]} messages
 * @returns {Map<string, Message[]>} by name; who comes and goes first, so that each changes the number of servers
 */
function byName(messages) {
  /** @type {Map<string, Message[]>} */
  const groups = new Map();
  const names = new Set([
    ...Object.keys(MEMBERSHIP),
    ...messages.map(({ name }) => name),
  ]);
  for (const name of names) {
    const group = messages.filter((message) => message.name === name);
    if (group.length > 0) groups.set(name, group);
  }
  return groups;
}

for (const [sender, { package: version, messages }] of Object.entries(
  FIXTURES,
)) {
  for (const form of FORMS) {
    describe(`recorded: ${sender}, ${form} (${version})`, () => {
      const stage = useStage(useDatabase());
      const recorded = messages.filter((message) => message.form === form);

      for (const [name, [first, ...others]] of byName(recorded)) {
        it(name, async () => {
          assert.ok(first && Object.hasOwn(EFFECTS, name));
          await EFFECTS[name]?.(stage(), first, ...others);
        });
      }

      it("was nowhere an error", async () => {
        assert.deepEqual(stage().errors, []);
        const servers = sender.startsWith("emitter") ? 1 : 2;
        assert.equal(await stage().serverCount(), servers);
      });
    });
  }
}

/** Ids that are different each time. */
/** @typedef {{ uid: string, socketId: string }} Ids */

/**
 * @param {any} value
 * @param {Map<string, string>} names of strings that are different each time
 * @returns {any} the same for two values that mean the same
 */
function comparable(value, names) {
  if (typeof value === "string") return names.get(value) ?? value;
  if (value instanceof Uint8Array) {
    return { binary: Buffer.from(value).toString("hex") };
  }
  if (Array.isArray(value)) return value.map((one) => comparable(one, names));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, comparable(one, names)]),
  );
}

/**
 * @param {any} message
 * @param {Ids} ids
 */
function comparableMessage(message, { uid, socketId }) {
  const names = new Map([
    [uid, "<uid>"],
    [socketId, "<socket>"],
  ]);
  const requestId = message.data?.requestId;
  if (requestId && !requestId.startsWith("0123456789abcde")) {
    names.set(requestId, "<request>");
  }
  return comparable(message, names);
}

/**
 * @param {any} header of an attachment
 * @param {Ids} ids
 */
function comparableHeader(header, ids) {
  assert.match(header.attachmentId, /^\d+$/);
  return comparableMessage({ ...header, attachmentId: "<row>" }, ids);
}

for (const form of FORMS) {
  describe(`sent by our server, ${form}`, () => {
    const database = useDatabase();
    /** @type {Awaited<ReturnType<typeof captureServer>>} */
    let captured;
    const recorded = /** @type {import("./wire-fixtures.js").Fixture} */ (
      FIXTURES["adapter 0.5"]
    ).messages.filter((message) => message.form === form);

    before(async () => {
      await database.query(CREATE_TABLE);
      captured = await captureServer(
        createAdapterOf("native"),
        database.connectionString,
        { payloadThreshold: form === "inline" ? 8000 : 1 },
      );
    });

    /** What the JavaScript adapter was recorded to send: its server, its socket. */
    const theirIds = {
      uid: "5e1f5e1f5e1f5e1f",
      socketId: "a-socket-of-this-one",
    };

    recorded.forEach((theirs, index) => {
      it(`${theirs.name} (${theirs.type})`, () => {
        const ours = captured.messages[index];
        assert.equal(ours?.name, theirs.name);
        const { sent, header, message } = ours.decoded;

        assert.equal(sent.channel, "socket.io#/");
        assert.equal(sent.row === null, theirs.row === undefined, "its form");
        if (sent.row) {
          const { nsp, ...rest } = header;
          assert.equal(nsp, "/", "what ours adds to the header");
          assert.deepEqual(
            comparableHeader(rest, captured),
            comparableHeader(JSON.parse(theirs.payload), theirIds),
          );
        }
        const expected = comparableMessage(read(theirs), theirIds);
        const isGoodbye = theirs.type === 13;
        if (theirs.type === 1 || theirs.type === 2 || isGoodbye) {
          // what ours adds to say who it is
          if (!isGoodbye) {
            expected.readsFrames = true;
          }
          expected.life = message.life;
          assert.equal(typeof message.life, "string");
        }
        if (theirs.row && /nothing/.test(theirs.name) && theirs.type !== 11) {
          // the row of the JavaScript adapter has null where its notification has nothing; ours has nothing in both
          assert.equal(expected.data.packet, null);
          delete expected.data.packet;
        }
        assert.deepEqual(comparableMessage(message, captured), expected);
      });
    });

    it("sends nothing else", () => {
      assert.equal(captured.messages.length, recorded.length);
      assert.deepEqual(captured.rest, []);
    });
  });
}
