"use strict";

// The host of the database vanishes: nothing that is sent to it is acknowledged any more. The kernel gives up both
// connections, by TCP keepalive and TCP_USER_TIMEOUT, before the engine misses an answer.

const assert = require("node:assert/strict");
const { execFile, execFileSync } = require("node:child_process");
const path = require("node:path");
const { describe, it } = require("node:test");
const { promisify } = require("node:util");

const run = promisify(execFile);

const PROCESS = path.join(__dirname, "../support/vanishing-host-process.js");

/** A network of its own, as oneself. Who is not root needs a user namespace for that, in which one may set it up. */
const OWN_NETWORK = [
  ...(process.getuid?.() === 0
    ? []
    : ["--user", "--map-current-user", "--keep-caps"]),
  "--net",
];

function whyNot() {
  try {
    execFileSync("unshare", [...OWN_NETWORK, "ip", "link", "set", "lo", "up"], {
      stdio: "pipe",
    });
    return false;
  } catch {
    return "left out: needs Linux, and the right to a network of its own";
  }
}

/**
 * @param {import("pg").PoolConfig} pool
 * @returns {Promise<string[]>} what was reported of the listener and of the publisher
 */
async function lossesWith(pool) {
  const { stdout } = await run("unshare", [
    ...OWN_NETWORK,
    process.execPath,
    PROCESS,
    JSON.stringify({ pool }),
  ]);
  return JSON.parse(stdout);
}

describe("a host that vanishes", { skip: whyNot(), concurrency: true }, () => {
  it("is given up by the kernel", async () => {
    const [listener, publisher] = await lossesWith({});
    assert.match(String(listener), /^listener: .*timed out \(os error/);
    assert.match(String(publisher), /^publisher: .*connection closed/);
  });

  it("is noticed by the engine alone, where the kernel is not to watch", async () => {
    const [listener, publisher] = await lossesWith({ keepAlive: false });
    assert.match(String(listener), /^listener: .*no answer within/);
    assert.match(String(publisher), /^publisher: .*no answer within/);
  });
});
