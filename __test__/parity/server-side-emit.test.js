"use strict";

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");

const { forgivingOptions } = require("../support/adapter.js");
const { clusterFor, useCluster } = require("../support/cluster.js");
const { useDatabase } = require("../support/postgres.js");
const { collect, once, until } = require("../support/wait.js");

/** A server that listens to what the others say, whose type does not know the events of a test. */
/** @typedef {{ serverSideEmit(...args: any[]): boolean, serverSideEmitWithAck(...args: any[]): Promise<any[]>, on(event: string, listener: (...args: any[]) => void): unknown, off(event: string, listener: (...args: any[]) => void): unknown }} Peer */

/**
 * @param {Peer} peer
 * @param {...any} args
 * @returns {Promise<{ err: any, responses: any[] }>}
 */
function ask(peer, ...args) {
  return new Promise((resolve) => {
    peer.serverSideEmit(
      ...args,
      (/** @type {any} */ err, /** @type {any[]} */ responses) =>
        resolve({ err, responses }),
    );
  });
}

/**
 * @param {import("../support/cluster.js").Cluster} cluster
 * @returns {Peer[]}
 */
const peersOf = (cluster) =>
  cluster.servers.map(({ io }) => /** @type {any} */ (io));

describe("serverSideEmit()", () => {
  const cluster = useCluster(useDatabase(), { namespaces: ["/other"] });
  /** @param {number} index */
  const peer = (index) => /** @type {Peer} */ (peersOf(cluster)[index]);

  it("reaches the other servers, not itself", async () => {
    const heard = peersOf(cluster).map((io) => collect(io, "hello").values);
    const arrivals = [once(peer(0), "hello"), once(peer(2), "hello")];

    peer(1).serverSideEmit("hello", "world", { n: 1 });

    await Promise.all(arrivals);
    await cluster.fence(1);
    assert.deepEqual(heard, [[["world", { n: 1 }]], [], [["world", { n: 1 }]]]);
  });

  it("stays in its namespace", async () => {
    const main = collect(peer(1), "in other").values;
    const other = /** @type {Peer} */ (cluster.io(1).of("/other"));
    const arrival = once(other, "in other");

    /** @type {Peer} */ (cluster.io(0).of("/other")).serverSideEmit(
      "in other",
      1,
    );

    assert.deepEqual(await arrival, [1]);
    await cluster.fence();
    assert.deepEqual(main, []);
    other.off("in other", () => {});
  });

  it("carries binary content", async () => {
    const arrival = once(peer(1), "binary");

    peer(0).serverSideEmit("binary", { bytes: Buffer.from([1, 2, 255]) });

    const [{ bytes }] = await arrival;
    assert.ok(bytes instanceof Uint8Array);
    assert.deepEqual([...bytes], [1, 2, 255]);
  });

  it("carries large content", async () => {
    const arrival = once(peer(2), "large");

    peer(0).serverSideEmit("large", "ž".repeat(500_000));

    const [text] = await arrival;
    assert.ok(text === "ž".repeat(500_000));
  });

  it("gathers the answers of the others", async () => {
    peersOf(cluster).forEach((io, index) => {
      io.on("sum", (a, b, reply) => reply({ sum: a + b, index }));
    });

    const { err, responses } = await ask(peer(0), "sum", 1, 2);

    assert.equal(err, null);
    responses.sort((a, b) => a.index - b.index);
    assert.deepEqual(responses, [
      { sum: 3, index: 1 },
      { sum: 3, index: 2 },
    ]);
  });

  it("gathers the answers by a promise", async () => {
    peersOf(cluster).forEach((io, index) => {
      io.on("index", (reply) => reply(index));
    });

    const responses = await peer(2).serverSideEmitWithAck("index");

    assert.deepEqual(responses.sort(), [0, 1]);
  });

  it("gathers binary and large answers", async () => {
    peer(1).on("bytes", (reply) => reply(Buffer.from([9, 8, 7])));
    peer(2).on("bytes", (reply) => reply("x".repeat(100_000)));

    const responses = await peer(0).serverSideEmitWithAck("bytes");

    const text = responses.find((response) => typeof response === "string");
    const bytes = responses.find((response) => typeof response !== "string");
    assert.equal(text?.length, 100_000);
    assert.ok(bytes instanceof Uint8Array);
    assert.deepEqual([...bytes], [9, 8, 7]);
  });

  it("takes one answer of each", async () => {
    peersOf(cluster).forEach((io, index) => {
      io.on("twice", (reply) => {
        reply(index);
        reply(index);
      });
    });

    const { err, responses } = await ask(peer(0), "twice");

    assert.equal(err, null);
    assert.deepEqual(responses.sort(), [1, 2]);
  });
});

describe("serverSideEmit() in a cluster that changes", () => {
  const database = useDatabase();

  it("has no answers when there is no other server", async (t) => {
    const cluster = await clusterFor(t, database, { servers: 1 });
    const [peer] = peersOf(cluster);
    assert.ok(peer);

    const { err, responses } = await ask(peer, "anybody?");

    assert.equal(err, null);
    assert.deepEqual(responses, []);
  });

  it("is an error beside the answers when one does not answer", async (t) => {
    const cluster = await clusterFor(t, database, {
      options: { requestsTimeout: 3_000 },
    });
    const [asker, answering, silent] = peersOf(cluster);
    assert.ok(asker && answering && silent);
    answering.on("question", (reply) => reply("here"));
    silent.on("question", () => {});

    const { err, responses } = await ask(asker, "question");

    assert.match(err.message, /timeout reached: missing 1 responses/);
    assert.deepEqual(responses, ["here"]);
  });

  it("ends early when the one who does not answer leaves", async (t) => {
    const cluster = await clusterFor(t, database, {
      options: forgivingOptions,
    });
    const [asker, answering, silent] = peersOf(cluster);
    assert.ok(asker && answering && silent);
    answering.on("question", (reply) => reply("here"));
    silent.on("question", () => cluster.server(2).close());

    const { err, responses } = await ask(asker, "question");

    assert.equal(err, null);
    assert.deepEqual(responses, ["here"]);
  });

  it("asks those who are there", async (t) => {
    const cluster = await clusterFor(t, database, {
      servers: 2,
      options: forgivingOptions,
    });
    const [asker] = peersOf(cluster);
    assert.ok(asker);
    const answer = (/** @type {(value: string) => void} */ reply) =>
      reply("here");
    peersOf(cluster)[1]?.on("question", answer);
    assert.deepEqual((await ask(asker, "question")).responses, ["here"]);

    const added = await cluster.addServer();
    /** @type {any} */ (added.io).on("question", answer);
    assert.deepEqual((await ask(asker, "question")).responses, [
      "here",
      "here",
    ]);

    await cluster.server(1).close();
    const { adapter } = cluster.io(0).of("/");
    await until(async () => (await adapter.serverCount()) === 2);
    assert.deepEqual((await ask(asker, "question")).responses, ["here"]);
  });
});
