"use strict";

// Limits, and what nobody should send.

const { setTimeout: delay } = require("node:timers/promises");

const { encode } = require("@msgpack/msgpack");

const { CREATE_TABLE } = require("./stage.js");
const {
  broadcastMessage,
  notify,
  notifyAttachment,
} = require("../../__test__/support/faults.js");
const {
  NO_MESSAGES,
  WRONG_DATA,
  WRONG_ENVELOPES,
  WRONG_ROWS,
} = require("../../__test__/support/hostile-messages.js");
const { until } = require("../../__test__/support/wait.js");

/** @typedef {import("./faults.js").Fault} Fault */
/** @typedef {import("./stage.js").Stage} Stage */

const MIB = 1024 * 1024;
/** So often something good may be missing before no more is tried. */
const MANY = 40;

/** Names that a client may think of. */
const ODD_NAMES = {
  long: `/${"x".repeat(100)}`,
  "multi-byte": `/${"é".repeat(40)}`,
  "ten kilobytes": `/${"a".repeat(10_000)}`,
  "line feed": "/a\nb",
};

/**
 * @param {Stage} stage
 * @param {string} name of a namespace
 * @returns {Promise<boolean>} whether what the first server says in it reaches the second one's client
 */
async function isHeard(stage, name) {
  const sides = await Promise.all(
    stage.members.map((member) => member.visit(name)),
  );
  const heard = until(
    async () => {
      await stage.emitter.child.call("burst", name, 0, 1, 10);
      await delay(100);
      return sides[1]?.arrived.size;
    },
    { timeout: 3_000 },
  );
  return heard.then(
    () => true,
    () => false,
  );
}

/**
 * @param {Stage} stage
 * @param {Record<string, string>} names by what is odd about them
 */
async function visitAll(stage, names) {
  for (const [what, name] of Object.entries(names)) {
    const result = await isHeard(stage, name).catch(
      (err) => err.message.split("\n")[0],
    );
    if (!stage.isAlive) {
      stage.notes.push(`${what}: a server ended`);
      throw new Error(`${what} ended a server`);
    }
    stage.notes.push(`${what}: ${result === true ? "heard" : "not heard"}`);
  }
}

/**
 * Each, and then something good: the one that ends a server is known by its name.
 * @template T
 * @param {Stage} stage
 * @param {Record<string, T>} payloads
 * @param {(database: any, payload: T) => Promise<void>} send
 */
async function sendAll(stage, payloads, send) {
  const client = await stage.connect();
  stage.leftovers.push(() => client.end());
  const database = {
    query: async (/** @type {string} */ sql, /** @type {any[]} */ values) =>
      (await client.query(sql, values)).rows,
  };
  const good = () => stage.receiver.others.get("good") ?? 0;
  let count = 0;
  /** @type {string[]} */
  const silences = [];
  for (const [name, payload] of Object.entries(payloads)) {
    const before = good();
    await send(database, payload);
    await notify(/** @type {any} */ (database), broadcastMessage(["good"]));
    await until(() => good() > before || !stage.isAlive, {
      timeout: 5_000,
    }).catch(() => silences.push(name));
    count += 1;
    if (!stage.isAlive) {
      stage.notes.push(`ended by number ${count}: ${name}`);
      throw new Error(`a server ended: ${name}`);
    }
    if (silences.length === MANY) break;
  }
  if (silences.length) {
    stage.notes.push(`the next is missing after: ${silences.join(", ")}`);
  }
  stage.notes.push(`${count} sent`);
}

/** @type {Fault[]} */
const INPUT = [
  {
    name: "database stopped for 6 s, maxBufferAge 2 s",
    setting: { options: { maxBufferAge: 2_000 } },
    async happen(stage) {
      await stage.postgres.stop();
      await delay(6_000);
      await stage.postgres.start();
    },
  },
  {
    name: "database stopped for 6 s, maxBufferSize 64 KiB",
    setting: { options: { maxBufferSize: 64 * 1024 } },
    async happen(stage) {
      await stage.postgres.stop();
      await delay(6_000);
      await stage.postgres.start();
    },
  },
  {
    name: "row larger than maxAttachmentSize",
    setting: { options: { maxAttachmentSize: MIB } },
    happen: (stage) =>
      sendAll(
        stage,
        { large: encode(broadcastMessage(["large", Buffer.alloc(2 * MIB)])) },
        notifyAttachment,
      ),
  },
  {
    name: "message larger than maxAttachmentSize",
    setting: { options: { maxAttachmentSize: MIB } },
    async happen(stage) {
      const sides = await Promise.all(
        stage.members.map((member) => member.visit("/")),
      );
      await stage.emitter.child.call("burst", "/", 0, 1, 2 * MIB);
      await delay(2_000);
      stage.notes.push(
        `arrived at the own client: ${sides[0]?.arrived.size}, at the other: ${sides[1]?.arrived.size}`,
      );
    },
  },
  {
    name: "40 messages of 4 MiB at once",
    async happen(stage) {
      const { arrived } = await stage.receiver.visit("/");
      await stage.emitter.child.call("burst", "/", 0, 40, 4 * MIB);
      await until(() => arrived.size === 40, { timeout: 60_000 }).catch(
        () => {},
      );
      const inOrder = [...arrived].every((number, i) => number === i);
      stage.notes.push(
        `${arrived.size} of 40 arrived, ${inOrder ? "in order" : "out of order"}`,
      );
    },
  },
  {
    name: "garbage notified: no message",
    happen: (stage) =>
      sendAll(stage, { ...NO_MESSAGES, ...WRONG_ENVELOPES }, notify),
  },
  {
    name: "garbage notified: wrong data",
    happen: (stage) => sendAll(stage, WRONG_DATA, notify),
  },
  {
    name: "garbage in rows",
    happen: (stage) => sendAll(stage, WRONG_ROWS, notifyAttachment),
  },
  {
    name: "keys named __proto__ and constructor, a lone surrogate",
    async happen(stage) {
      const values = {
        proto: '{"__proto__":{"polluted":1}}',
        constructor: '{"constructor":{"prototype":{"polluted":1}}}',
        surrogate: '"a\\ud800b"',
      };
      for (const [event, json] of Object.entries(values)) {
        await stage.emitter.child.call("emitValue", json, event);
      }
      await delay(1_000);
    },
  },
  {
    name: "namespaces with odd names",
    setting: { anyNamespace: true },
    async happen(stage) {
      await visitAll(stage, ODD_NAMES);
    },
  },
  {
    name: "namespace with NUL",
    setting: { anyNamespace: true },
    happen: (stage) => visitAll(stage, { NUL: "/a\0b", plain: "/plain" }),
  },
  {
    name: "namespace that LATIN1 cannot express",
    setting: { anyNamespace: true },
    async prepare(stage) {
      await stage.query(
        "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0",
      );
      stage.postgres.database = "latin";
      await stage.query(CREATE_TABLE);
    },
    happen: (stage) => visitAll(stage, { emoji: "/😀", plain: "/plain" }),
  },
];

module.exports = { INPUT };
