"use strict";

// Two hosts with two workers each, a client at each worker, and what they hear of each other.
//
//   node examples/cluster/index.js

const { fork } = require("node:child_process");
const { once } = require("node:events");
const path = require("node:path");
const { setTimeout: delay } = require("node:timers/promises");
const { io } = require("socket.io-client");
const { startPostgres } = require("../../scripts/embedded-postgres.js");

const HOSTS = ["host A", "host B"];
const WORKERS = 2;

/**
 * @param {string} name
 * @param {string} databaseUrl
 */
async function startHost(name, databaseUrl) {
  const host = fork(path.join(__dirname, "host.js"), [], {
    env: {
      ...process.env,
      DATABASE_URL: databaseUrl,
      HOST_NAME: name,
      PORT: "0",
      WORKERS: String(WORKERS),
    },
    execArgv: [],
  });
  let port = 0;
  for (let listening = 0; listening < WORKERS; listening += 1) {
    [{ port }] = await once(host, "message");
  }
  return { host, port };
}

/** @param {number} port */
async function connect(port) {
  const client = io(`http://127.0.0.1:${port}`, {
    transports: ["websocket"],
    forceNew: true,
  });
  await once(/** @type {any} */ (client), "connect");
  return client;
}

/** @param {import("socket.io-client").Socket} client */
async function untilComplete(client) {
  const expected = HOSTS.length * WORKERS;
  while ((await client.emitWithAck("count servers")) < expected) {
    await delay(50);
  }
}

/** @param {{ port: number }[]} hosts */
async function talk(hosts) {
  const ports = hosts.flatMap(({ port }) => Array(WORKERS).fill(port));
  const clients = await Promise.all(ports.map((port) => connect(port)));
  await Promise.all(clients.map(untilComplete));
  const heard = clients.map((client, index) => {
    return new Promise((resolve) => {
      let count = 0;
      client.on("said", (text) => {
        console.log(`client ${index + 1} hears: ${text}`);
        count += 1;
        if (count === clients.length) resolve(undefined);
      });
    });
  });
  clients.forEach((client, index) => {
    client.emit("say", `hello from client ${index + 1}`);
  });
  await Promise.all(heard);
  clients.forEach((client) => client.disconnect());
}

async function main() {
  const { DATABASE_URL } = process.env;
  const database = DATABASE_URL ? undefined : await startPostgres();
  const url = DATABASE_URL ?? String(database?.connectionString);
  const hosts = await Promise.all(HOSTS.map((name) => startHost(name, url)));
  try {
    await talk(hosts);
  } finally {
    for (const { host } of hosts) {
      if (host.kill("SIGTERM")) await once(host, "exit");
    }
    await database?.dispose();
  }
}

void main();
