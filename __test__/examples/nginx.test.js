"use strict";

// The configuration of nginx in the example with Docker Compose, with a real nginx before two of its servers.

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");

const { io } = require("socket.io-client");

const { useDatabase } = require("../support/postgres.js");
const { once, until } = require("../support/wait.js");
const { startTwo } = require("./example-process.js");
const { assertAllHearAll, untilJoined } = require("./news.js");
const { findNginx, startNginx } = require("./nginx.js");

const NAME = "docker-compose";

/** Chance gives each client a server: so many would hardly all get the same one. */
const MOST_CLIENTS = 100;

const skip = findNginx() ? false : "left out: nginx is not installed";

describe("nginx before two servers", { skip }, () => {
  const database = useDatabase();

  /**
   * @param {import("node:test").TestContext} t which disconnects it
   * @param {string} url
   * @param {Partial<import("socket.io-client").ManagerOptions>} [options]
   */
  function connect(t, url, options) {
    const client = io(url, {
      forceNew: true,
      withCredentials: true, // keeps the cookie, as a browser does
      ...options,
    });
    t.after(() => client.disconnect());
    return client;
  }

  /**
   * Clients over HTTP long-polling, until each server has one.
   *
   * @param {import("node:test").TestContext} t
   * @param {string} url
   * @param {{ output: string }[]} servers
   */
  async function pollingClients(t, url, servers) {
    const clients = [];
    while (!servers.every(({ output }) => output.includes("has a client"))) {
      assert.ok(clients.length < MOST_CLIENTS, "both servers have clients");
      const client = connect(t, url, { transports: ["polling"] });
      clients.push(client);
      await once(/** @type {any} */ (client), "connect");
    }
    return clients;
  }

  it("leads all requests of a client to one server, also without WebSockets", async (t) => {
    const servers = await startTwo(t, NAME, database);
    const { url } = await startNginx(t, servers);
    const clients = await pollingClients(t, url, servers);
    const ids = clients.map(({ id }) => id);

    await untilJoined(clients);
    await assertAllHearAll(clients);

    assert.deepEqual(
      clients.map(({ id }) => id),
      ids,
      "nobody had to connect again",
    );
  });

  it("would have to be sticky for that", async (t) => {
    const servers = await startTwo(t, NAME, database);
    const { url } = await startNginx(t, servers, (configuration) =>
      configuration
        .replace("hash $sticky consistent;", "")
        .replace("worker_processes auto;", "worker_processes 1;"),
    );
    const client = connect(t, url, {
      transports: ["polling"],
      reconnection: false,
    });
    const [error] = await once(/** @type {any} */ (client), "connect_error");
    assert.match(error.message, /xhr poll error|xhr post error/);
  });

  it("lets WebSockets through", async (t) => {
    const servers = await startTwo(t, NAME, database);
    const { url } = await startNginx(t, servers);
    const upgraded = connect(t, url);
    const direct = connect(t, url, { transports: ["websocket"] });
    const clients = [upgraded, direct];
    for (const client of clients) {
      await until(() => client.io.engine?.transport?.name === "websocket", {
        message: "a WebSocket",
      });
      await until(() => client.connected, { message: "a client" });
    }
    await untilJoined(clients);
    await assertAllHearAll(clients);
  });

  it("leads the clients of a server that ends to the other one", async (t) => {
    const servers = await startTwo(t, NAME, database);
    const { url } = await startNginx(t, servers);
    const clients = await pollingClients(t, url, servers);

    const ids = clients.map(({ id }) => id);
    await servers[0].end("SIGTERM");
    await until(
      () =>
        clients.every(({ connected }) => connected) &&
        clients.some(({ id }, index) => id !== ids[index]),
      { timeout: 60_000, message: "every client connected again" },
    );
    await untilJoined(clients);
    await assertAllHearAll(clients);
  });

  it("asks nobody for a second cookie", async (t) => {
    const servers = await startTwo(t, NAME, database);
    const { url } = await startNginx(t, servers);
    const handshake = `${url}/socket.io/?EIO=4&transport=polling`;
    /** @param {string} [cookie] */
    const cookiesFor = async (cookie) => {
      const response = await fetch(handshake, {
        headers: cookie ? { cookie } : {},
      });
      assert.equal(response.status, 200);
      await response.text();
      return response.headers.getSetCookie();
    };
    const [first = "", ...others] = await cookiesFor();
    assert.match(
      first,
      /^sticky=[0-9a-f]{32}; Path=\/socket\.io\/; HttpOnly; SameSite=Lax$/,
    );
    assert.deepEqual(others, []);
    assert.deepEqual(await cookiesFor(first.split(";")[0]), []);
    const elsewhere = await fetch(`${url}/health`);
    await elsewhere.text();
    assert.deepEqual(elsewhere.headers.getSetCookie(), []);
  });
});
