"use strict";

const { once } = require("node:events");
const net = require("node:net");

/** @returns {Promise<number>} a port of the loopback interface that nobody listens on; somebody may take it meanwhile */
async function findFreePort() {
  const probe = net.createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = /** @type {net.AddressInfo} */ (probe.address());
  probe.close();
  await once(probe, "close");
  return port;
}

module.exports = { findFreePort };
