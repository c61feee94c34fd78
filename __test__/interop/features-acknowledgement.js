"use strict";

// Broadcasts that every client acknowledges, each from every server of a cluster.

const assert = require("node:assert/strict");
const { it } = require("node:test");

const { bytesOf, LARGE_BINARY, LARGE_TEXT } = require("./arrivals.js");

/** @typedef {import("./mixed-cluster.js").MixedCluster} MixedCluster */

/** Long enough for anything that works, in milliseconds. */
const ACK_TIMEOUT_MS = 20_000;

/** @param {() => MixedCluster} current */
function acknowledgements(current) {
  it("gathers the acknowledgements of all clients", async () => {
    const cluster = current();
    cluster.clients.forEach((client, index) => {
      client.on("question", (value, reply) => reply({ index, value }));
    });
    const target = { timeout: ACK_TIMEOUT_MS };
    for (const sender of cluster.members) {
      const answer = await sender.call("emitWithAck", target, "question", 7);

      const { error, responses } = answer;
      assert.equal(error, null, sender.name);
      responses.sort(
        (/** @type {any} */ a, /** @type {any} */ b) => a.index - b.index,
      );
      assert.deepEqual(
        responses,
        cluster.clients.map((_, index) => ({ index, value: 7 })),
      );
    }
  });

  it("gathers binary and large acknowledgements", async () => {
    const cluster = current();
    cluster.clients.forEach((client, index) => {
      client.on("echo", (_value, reply) =>
        reply(index % 2 ? LARGE_TEXT : LARGE_BINARY),
      );
    });
    const target = { timeout: ACK_TIMEOUT_MS };
    for (const sender of cluster.members) {
      const { error, responses } = await sender.call(
        "emitWithAck",
        target,
        "echo",
        Buffer.of(1),
      );

      assert.equal(error, null, sender.name);
      const { length } = cluster.clients;
      assert.equal(responses.length, length);
      const texts = responses.filter(
        (/** @type {any} */ one) => typeof one === "string",
      );
      const binaries = responses.filter(
        (/** @type {any} */ one) => typeof one !== "string",
      );
      assert.equal(texts.length, length / 2);
      assert.ok(
        texts.every((/** @type {string} */ text) => text === LARGE_TEXT),
      );
      for (const binary of binaries) {
        assert.ok(bytesOf(binary).equals(LARGE_BINARY));
      }
    }
  });

  it("has no acknowledgement of a room without clients", async () => {
    const cluster = current();
    const target = { timeout: ACK_TIMEOUT_MS, rooms: ["nobody"] };
    for (const sender of cluster.members) {
      const answer = await sender.call("emitWithAck", target, "question");
      assert.deepEqual(answer, { error: null, responses: [] }, sender.name);
    }
  });
}

module.exports = { acknowledgements };
