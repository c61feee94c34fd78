"use strict";

const { randomInt } = require("node:crypto");
const { once } = require("node:events");
const net = require("node:net");

/** Below the ports that systems hand out by themselves: nobody takes one of these by chance before it is used. */
const PORTS = { from: 20_000, to: 32_000 };

/** @param {number} port @returns {Promise<boolean>} whether nobody listens on it */
async function isFree(port) {
  const probe = net.createServer().listen(port, "127.0.0.1");
  try {
    await once(probe, "listening");
  } catch {
    return false;
  }
  probe.close();
  await once(probe, "close");
  return true;
}

/** @returns {Promise<number>} a port of the loopback interface that nobody listens on */
async function findFreePort() {
  for (;;) {
    const port = randomInt(PORTS.from, PORTS.to);
    if (await isFree(port)) return port;
  }
}

module.exports = { findFreePort };
