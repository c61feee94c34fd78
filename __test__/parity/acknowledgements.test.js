"use strict";

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");

const { useCluster } = require("../support/cluster.js");
const { useDatabase } = require("../support/postgres.js");

/** Long enough that only a missing answer reaches it, in milliseconds. */
const TIMEOUT_MS = 10_000;
/** For those who wait for an answer that does not come, while the others do, in milliseconds. */
const SHORT_TIMEOUT_MS = 3_000;

/**
 * @param {import("socket.io").BroadcastOperator<any, any>} operator
 * @param {...unknown} args
 * @returns {Promise<{ err: any, responses: any[] }>}
 */
function emitWithCallback(operator, ...args) {
  return new Promise((resolve) => {
    operator.emit(
      "question",
      ...args,
      (/** @type {any} */ err, /** @type {any[]} */ responses) =>
        resolve({ err, responses }),
    );
  });
}

describe("acknowledgements", () => {
  const cluster = useCluster(useDatabase());

  /** @param {(index: number, args: any[]) => unknown} answer `undefined` for none */
  function answerWith(answer) {
    cluster.clients.forEach((client, index) => {
      client.on("question", (...args) => {
        const reply = args.pop();
        const value = answer(index, args);
        if (value !== undefined) {
          reply(value);
        }
      });
    });
  }

  it("are gathered from the clients of every server", async () => {
    answerWith((index, [base]) => base + index);

    const operator = cluster.io(0).timeout(TIMEOUT_MS);
    const { err, responses } = await emitWithCallback(operator, 10);

    assert.equal(err, null);
    assert.deepEqual(responses.sort(), [10, 11, 12]);
  });

  it("are gathered by a promise", async () => {
    answerWith((index) => ({ index }));

    const responses = await cluster
      .io(1)
      .timeout(TIMEOUT_MS)
      .emitWithAck("question");

    responses.sort(
      (/** @type {any} */ a, /** @type {any} */ b) => a.index - b.index,
    );
    assert.deepEqual(responses, [{ index: 0 }, { index: 1 }, { index: 2 }]);
  });

  it("are expected of the members of a room only", async () => {
    cluster.socket(1).join("asked");
    cluster.socket(2).join(["asked", "spared"]);
    answerWith((index) => index);

    const asked = cluster.io(0).to("asked").timeout(TIMEOUT_MS);
    const some = cluster.io(0).to("asked").except("spared").timeout(TIMEOUT_MS);

    assert.deepEqual((await asked.emitWithAck("question")).sort(), [1, 2]);
    assert.deepEqual(await some.emitWithAck("question"), [1]);
  });

  it("are none when nobody is asked", async () => {
    const operator = cluster.io(0).to("nobody").timeout(TIMEOUT_MS);

    assert.deepEqual(await operator.emitWithAck("question"), []);
  });

  it("may be binary", async () => {
    answerWith((index, [binary]) =>
      Buffer.concat([binary, Buffer.from([index])]),
    );

    const responses = await cluster
      .io(0)
      .timeout(TIMEOUT_MS)
      .emitWithAck("question", Buffer.from("b"));

    const texts = responses.map((/** @type {any} */ response) =>
      Buffer.from(response).toString(),
    );
    assert.deepEqual(texts.sort(), ["b\u0000", "b\u0001", "b\u0002"]);
  });

  it("may be large", async () => {
    answerWith((index) => String(index).repeat(100_000));

    const responses = await cluster
      .io(0)
      .timeout(TIMEOUT_MS)
      .emitWithAck("question");

    assert.deepEqual(
      responses.sort(),
      [0, 1, 2].map((index) => String(index).repeat(100_000)),
    );
  });

  it("of many questions at once find their question", async () => {
    answerWith((index, [number]) => `${number}:${index}`);

    const all = await Promise.all(
      Array.from({ length: 50 }, (_, number) =>
        cluster
          .io(number % 3)
          .timeout(TIMEOUT_MS)
          .emitWithAck("question", number),
      ),
    );

    all.forEach((responses, number) => {
      assert.deepEqual(responses.sort(), [
        `${number}:0`,
        `${number}:1`,
        `${number}:2`,
      ]);
    });
  });

  it("that do not come in time are an error beside those that came", async () => {
    answerWith((index) => (index === 2 ? undefined : index));

    const operator = cluster.io(0).timeout(SHORT_TIMEOUT_MS);
    const { err, responses } = await emitWithCallback(operator);

    assert.match(err.message, /timed out/);
    assert.deepEqual(responses.sort(), [0, 1]);
  });

  it("that do not come in time reject a promise with those that came", async () => {
    answerWith((index) => (index === 0 ? undefined : index));

    const asking = cluster
      .io(0)
      .timeout(SHORT_TIMEOUT_MS)
      .emitWithAck("question");

    await assert.rejects(asking, (/** @type {any} */ err) => {
      assert.match(err.message, /timed out/);
      assert.deepEqual(err.responses.sort(), [1, 2]);
      return true;
    });
  });

  it("of a single remote client come as a single value", async () => {
    answerWith((index, [number]) => number * 10 + index);

    const sockets = await cluster
      .io(0)
      .in(String(cluster.client(1).id))
      .fetchSockets();
    const [remote] = sockets;
    assert.ok(remote);
    const response = await remote
      .timeout(TIMEOUT_MS)
      .emitWithAck("question", 4);

    assert.equal(sockets.length, 1);
    assert.equal(response, 41);
  });

  it("of a single remote client time out", async () => {
    const [remote] = await cluster
      .io(0)
      .in(String(cluster.client(2).id))
      .fetchSockets();
    assert.ok(remote);

    await assert.rejects(
      remote.timeout(SHORT_TIMEOUT_MS).emitWithAck("question"),
      /timed out/,
    );
  });

  it("come to a socket that asks the others", async () => {
    answerWith((index) => index);

    const responses = await cluster
      .socket(1)
      .broadcast.timeout(TIMEOUT_MS)
      .emitWithAck("question");

    assert.deepEqual(responses.sort(), [0, 2]);
  });
});
