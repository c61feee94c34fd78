"use strict";

// What is compared: each adapter, made as its README says, with its defaults.

const { subscribe } = require("node:diagnostics_channel");
const { format } = require("node:util");

/**
 * @typedef {object} Place where the brokers are, and what keeps runs apart
 * @property {string} postgres connection string
 * @property {number} redisPort 0 when there is no Redis
 * @property {string} prefix of channels and streams
 */

/** @typedef {"native" | "javascript" | "redis" | "streams" | "watched" | "none"} AdapterName */

/**
 * The packages of the Redis side belong to the benchmark alone, and are installed by it: no types for them.
 *
 * @param {string} name
 * @returns {any}
 */
function requirePeer(name) {
  return require(name);
}

/** @param {number} port */
async function connectRedis(port) {
  const client = requirePeer("redis").createClient({
    url: `redis://127.0.0.1:${port}`,
  });
  client.setMaxListeners(0); // the adapter adds one for each namespace
  client.on("error", (/** @type {Error} */ err) => console.error(err));
  await client.connect();
  return client;
}

/** @param {string} connectionString */
function createPool(connectionString) {
  const { Pool } = require("pg");
  return new Pool({ connectionString });
}

const CHANNELS = [
  "connect",
  "disconnect",
  "peer-joined",
  "peer-left",
  "dropped",
];

/** Somebody reads all that this adapter tells about itself: debug lines, diagnostics channels. */
function watchAdapter() {
  const createDebug = require("debug");
  createDebug.log = (...args) => void format(...args);
  createDebug.enable("socket.io-postgres-adapter*");
  for (const name of CHANNELS) {
    subscribe(`socket.io-postgres-adapter:${name}`, () => {});
  }
}

/** @type {Record<Exclude<AdapterName, "none">, (place: Place) => any>} */
const FACTORIES = {
  native({ postgres, prefix }) {
    const { createAdapter } = require("../..");
    return createAdapter(createPool(postgres), { channelPrefix: prefix });
  },
  watched(place) {
    watchAdapter();
    return FACTORIES.native(place);
  },
  javascript({ postgres, prefix }) {
    const { createAdapter } = require("@socket.io/postgres-adapter");
    return createAdapter(createPool(postgres), { channelPrefix: prefix });
  },
  async redis({ redisPort, prefix }) {
    const { createAdapter } = requirePeer("@socket.io/redis-adapter");
    const publisher = await connectRedis(redisPort);
    const subscriber = await connectRedis(redisPort);
    return createAdapter(publisher, subscriber, { key: prefix });
  },
  async streams({ redisPort, prefix }) {
    const { createAdapter } = requirePeer("@socket.io/redis-streams-adapter");
    const client = await connectRedis(redisPort);
    return createAdapter(client, { streamName: prefix, channelPrefix: prefix });
  },
};

/**
 * @param {AdapterName} name
 * @param {Place} place
 * @returns {Promise<any>} what `io.adapter()` takes; undefined for a server without a cluster
 */
async function createAdapterFactory(name, place) {
  return name === "none" ? undefined : FACTORIES[name](place);
}

module.exports = { createAdapterFactory, requirePeer };
