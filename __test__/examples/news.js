"use strict";

// What every server of the examples does: whatever a client says, the clients of all servers hear.

const assert = require("node:assert/strict");

const { collect, until } = require("../support/wait.js");

/** @typedef {import("socket.io-client").Socket} ClientSocket */

let marks = 0;

/**
 * Servers that have just started may not have heard of each other: until then what one says does not reach the other.
 *
 * @param {ClientSocket[]} clients each of another server
 */
async function untilJoined(clients) {
  for (const from of clients) {
    const mark = `mark ${(marks += 1)}`;
    const heard = clients.map((client) => collect(client, "message").values);
    await until(
      () => {
        from.emit("message", mark);
        return heard.every((texts) => texts.includes(mark));
      },
      { message: "every server to hear every other one" },
    );
  }
}

/**
 * What no client of ours says, and anybody may.
 *
 * @param {ClientSocket} client
 */
function sayAnything(client) {
  const ignore = () => {};
  const anything = [[], [null], [ignore], ["text", ignore], [{ text: [] }]];
  for (const values of [...anything, [Buffer.from("text")], [1, 2, 3]]) {
    client.emit("message", ...values);
    client.emit("message of another kind", ...values);
  }
}

/**
 * What each of the clients says, all of them hear.
 *
 * @param {ClientSocket[]} clients
 */
async function assertAllHearAll(clients) {
  for (const from of clients) {
    await assertNewsReaches(clients, (text) => from.emit("message", text));
  }
}

/**
 * What is said, all of them hear, once and in order.
 *
 * @param {ClientSocket[]} clients
 * @param {(text: string) => unknown} say
 */
async function assertNewsReaches(clients, say) {
  const texts = ["first", "second", "third"].map(
    (text) => `${text} ${(marks += 1)}`,
  );
  const heard = clients.map((client) => collect(client, "message").values);
  for (const text of texts) {
    await say(text);
  }
  const last = String(texts.at(-1));
  await until(() => heard.every((values) => values.includes(last)), {
    message: "the last of the news at every client",
  });
  for (const values of heard) {
    assert.deepEqual(
      values.filter((text) => /^(first|second|third) \d+$/.test(text)),
      texts,
    );
  }
}

module.exports = {
  assertAllHearAll,
  assertNewsReaches,
  sayAnything,
  untilJoined,
};
