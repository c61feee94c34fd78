"use strict";

// What each server of a cluster can say to the other servers.

const assert = require("node:assert/strict");
const { it } = require("node:test");

const { until } = require("../support/wait.js");
const { bytesOf, LARGE_BINARY, LARGE_TEXT } = require("./arrivals.js");

/** @typedef {import("./mixed-cluster.js").MixedCluster} MixedCluster */

/**
 * @param {() => MixedCluster} current
 */
function serverSideEvents(current) {
  it("sends server-side events to the other servers", async () => {
    const cluster = current();
    for (const sender of cluster.members) {
      const others = cluster.members.filter((member) => member !== sender);
      const values = [sender.name, LARGE_TEXT, LARGE_BINARY];
      for (const value of values) {
        await sender.call("serverSideEmit", "/", "note", value, { n: 1 });
      }
      await until(() => others.every(({ heard }) => heard.length >= 3), {
        message: () =>
          `${others.map(({ name, heard }) => `${name}: ${heard.length}`)}`,
      });
      await cluster.fence(sender);
      for (const { heard } of others) {
        assert.equal(heard.length, 3);
        const arrived = heard.map(({ args }) => args[0]);
        assert.ok(arrived.includes(sender.name));
        assert.ok(arrived.includes(LARGE_TEXT));
        const binary = arrived.find((value) => typeof value !== "string");
        assert.ok(bytesOf(binary).equals(LARGE_BINARY));
        assert.ok(heard.every(({ args }) => args[1].n === 1));
        heard.splice(0);
      }
      assert.deepEqual(sender.heard, []);
    }
  });

  it("sends server-side events in a namespace", async () => {
    const cluster = current();
    for (const sender of cluster.members) {
      const others = cluster.members.filter((member) => member !== sender);
      await sender.call("serverSideEmit", "/chat", "note", sender.name);
      await until(() => others.every(({ heard }) => heard.length > 0));
      for (const { heard } of others) {
        assert.deepEqual(heard.splice(0), [
          { namespace: "/chat", event: "note", args: [sender.name] },
        ]);
      }
    }
  });

  it("gathers the answers of the other servers", async () => {
    const cluster = current();
    for (const sender of cluster.members) {
      const others = cluster.members.filter((member) => member !== sender);
      const names = others.map(({ name }) => name).sort();
      for (const value of ["small", LARGE_TEXT, LARGE_BINARY]) {
        const answer = await sender.call("ask", "/", "question", value, 2);
        assert.equal(answer.error, null, sender.name);
        /** @type {{ by: string, args: any[] }[]} */
        const responses = answer.responses;
        assert.deepEqual(responses.map(({ by }) => by).sort(), names);
        for (const { args } of responses) {
          assert.equal(args[1], 2);
          if (typeof value === "string") assert.ok(args[0] === value);
          else assert.ok(bytesOf(args[0]).equals(value));
        }
      }
    }
  });
}

module.exports = { serverSideEvents };
