"use strict";

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");

const { expectedToFailOnReference } = require("../support/adapter.js");
const { useCluster } = require("../support/cluster.js");
const { useDatabase } = require("../support/postgres.js");
const { collect } = require("../support/wait.js");

const MIXED_MESSAGES = 3_000;
const EQUAL_MESSAGES = 500;
/** Around what a notification can hold, with the wrapping of the message, in bytes. */
const SIZES = { from: 7_700, to: 8_100 };

const POOL_REASON =
  "each message takes whichever connection of the pool is free, and large ones take a detour";

/**
 * Mostly small, some binary, some too large for a notification.
 * @param {number} number
 */
function mixedContent(number) {
  switch (number % 7) {
    case 2:
      return Buffer.from([number % 256]);
    case 4:
      return "x".repeat(9_000);
    case 6:
      return Buffer.alloc(12_000, number % 256);
    default:
      return { text: `message ${number}` };
  }
}

describe("order", () => {
  const cluster = useCluster(useDatabase());

  /** @param {string} event */
  const collectAll = (event) =>
    cluster.clients.map((client) => collect(client, event));

  it(
    "of small, binary and large messages is kept, and none is lost or doubled",
    expectedToFailOnReference(POOL_REASON, async () => {
      const arrivals = collectAll("mixed");
      const sent = Array.from({ length: MIXED_MESSAGES }, (_, number) => [
        number,
        mixedContent(number),
      ]);

      sent.forEach((args) => cluster.io(0).emit("mixed", ...args));

      for (const arrival of arrivals) {
        await arrival.count(MIXED_MESSAGES, { timeout: 30_000 });
      }
      await cluster.fence();
      for (const { values } of arrivals) {
        assert.deepEqual(
          values.map(([number]) => number),
          sent.map(([number]) => number),
        );
        assert.deepEqual(values, sent);
      }
    }),
  );

  it(
    "is kept for each of several servers that send at once",
    expectedToFailOnReference(POOL_REASON, async () => {
      const arrivals = collectAll("from all");
      const each = 500;

      for (let number = 0; number < each; number += 1) {
        cluster.servers.forEach(({ io }, server) => {
          io.emit("from all", server, number, mixedContent(number));
        });
      }

      for (const arrival of arrivals) {
        const values = await arrival.count(each * cluster.servers.length);
        for (const server of cluster.servers.keys()) {
          assert.deepEqual(
            values.filter(([from]) => from === server).map(([, n]) => n),
            Array.from({ length: each }, (_, number) => number),
          );
        }
      }
    }),
  );

  it(
    "of parts, rooms and events is kept in a turn, and what is changed after the call is not changed for others",
    expectedToFailOnReference(POOL_REASON, async () => {
      const arrivals = collectAll("turn");
      const rounds = 200;
      const bytes = Buffer.alloc(600);
      /** @param {number} round */
      const contents = (round) => [
        [bytes.fill(round % 256), { more: [Buffer.alloc(0), "text"] }],
        `text ${round}`,
        Buffer.of(round % 256),
        Buffer.alloc(round % 20 === 0 ? 9_000 : 1, round % 256),
      ];
      cluster.clients.forEach((_, index) => cluster.socket(index).join("all"));

      for (let round = 0; round < rounds; round += 1) {
        const [parts, text, part, large] = contents(round);
        cluster.io(0).emit("turn", round, parts);
        cluster.io(0).to("all").emit("turn", round, text);
        cluster.io(0).emit("turn", round, part);
        cluster.io(0).emit("turn", round, large);
      }
      bytes.fill(255);

      // Socket.IO itself hands local clients what the bytes are when they are written
      for (const arrival of arrivals.slice(1)) {
        const values = await arrival.count(4 * rounds);
        for (let round = 0; round < rounds; round += 1) {
          assert.deepEqual(
            values.slice(4 * round, 4 * round + 4),
            contents(round).map((content) => [round, content]),
          );
        }
      }
    }),
  );

  it("does not make equal messages one", async () => {
    const arrivals = collectAll("equal");

    for (let i = 0; i < EQUAL_MESSAGES; i += 1) {
      cluster.io(1).emit("equal", "the same");
    }
    for (const arrival of arrivals) {
      await arrival.count(EQUAL_MESSAGES);
    }
    await cluster.fence(1);

    for (const { values } of arrivals) {
      assert.equal(values.length, EQUAL_MESSAGES);
    }
  });

  it(
    "is kept, and nothing lost, at every size around the limit of a notification",
    expectedToFailOnReference(
      "a message of exactly 8000 bytes is refused by PostgreSQL and lost",
      async () => {
        const arrivals = collectAll("sized");
        const sizes = Array.from(
          { length: SIZES.to - SIZES.from + 1 },
          (_, index) => SIZES.from + index,
        );

        for (const size of sizes) {
          cluster.io(2).emit("sized", "x".repeat(size));
        }

        for (const arrival of arrivals) {
          const values = await arrival.count(sizes.length);
          assert.deepEqual(
            values.map((text) => text.length),
            sizes,
          );
        }
      },
    ),
  );
});
