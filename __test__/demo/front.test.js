"use strict";

const assert = require("node:assert/strict");
const { once } = require("node:events");
const http = require("node:http");
const { afterEach, beforeEach, describe, it } = require("node:test");
const { startFront } = require("../../examples/demo/front.js");
const { createBackend } = require("../../examples/demo/router.js");

/** @typedef {import('node:net').AddressInfo} AddressInfo */
/** @typedef {{ name: string, port: number, cookie: string, server: http.Server }} Target */

/**
 * @param {number} number
 * @returns {Promise<Target>} a server that answers with its name and what it was asked
 */
async function startTarget(number) {
  const backend = createBackend(number);
  const server = http.createServer(async (request, response) => {
    const chunks = await request.toArray();
    response.setHeader("set-cookie", "own=1");
    response.end(
      [backend.name, request.method, request.url, Buffer.concat(chunks)].join(
        " ",
      ),
    );
  });
  server.on("upgrade", (request, socket) => {
    socket.write(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n",
    );
    socket.write(backend.name);
    socket.pipe(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    ...backend,
    port: /** @type {AddressInfo} */ (server.address()).port,
    server,
  };
}

/** @type {Target[]} */
let targets = [];
/** @type {import('../../examples/demo/front.js').Front} */
let front;

beforeEach(async () => {
  targets = await Promise.all([1, 2, 3].map(startTarget));
  front = await startFront({ port: 0, host: "127.0.0.1", backends: targets });
});

afterEach(async () => {
  await front.close();
  for (const { server } of targets) server.close();
});

/**
 * @param {string} path
 * @param {RequestInit} [options]
 */
function ask(path, options) {
  return fetch(`http://127.0.0.1:${front.port}${path}`, {
    redirect: "manual",
    ...options,
  });
}

/**
 * @param {string} path
 * @param {RequestInit} [options]
 */
async function text(path, options) {
  return (await ask(path, options)).text();
}

/**
 * @param {string} path
 * @returns {Promise<{ status: number | undefined, first: string, echo: string }>} what came back on a raw connection
 */
async function upgrade(path) {
  const headers = { connection: "upgrade", upgrade: "test" };
  const request = http
    .request({ host: "127.0.0.1", port: front.port, path, headers })
    .end();
  const [event, response, socket, head] = await Promise.race([
    once(request, "upgrade").then((args) => ["upgrade", ...args]),
    once(request, "response").then((args) => ["response", ...args]),
  ]);
  if (event === "response") {
    response.resume();
    return { status: response.statusCode, first: "", echo: "" };
  }
  let received = String(head);
  while (!/^server-\d/.test(received))
    received += String((await once(socket, "data"))[0]);
  socket.write("ping");
  const [echo] = await once(socket, "data");
  socket.destroy();
  return { status: response.statusCode, first: received, echo: String(echo) };
}

/** @param {number} number */
async function stopTarget(number) {
  const target = /** @type {Target} */ (targets[number - 1]);
  target.server.close();
  await once(target.server, "close");
}

describe("the front", () => {
  it("sends each load of the page to the next server, which the address then names", async () => {
    const locations = [];
    for (let i = 0; i < 4; i += 1) {
      const response = await ask("/");
      assert.equal(response.status, 302);
      const location = response.headers.get("location") ?? "";
      locations.push(location);
      await text(location);
    }
    assert.deepEqual(locations, [
      "/?server=1",
      "/?server=2",
      "/?server=3",
      "/?server=1",
    ]);
  });

  it("lets the address choose", async () => {
    assert.equal(await text("/?server=3"), "server-3 GET /?server=3 ");
    assert.equal(
      await text("/socket.io/?server=2&x=1"),
      "server-2 GET /socket.io/?server=2&x=1 ",
    );
  });

  it("spreads visitors without a choice and keeps them by a cookie", async () => {
    const names = [];
    for (let i = 0; i < 3; i += 1) {
      const first = await ask("/style.css");
      const [own, cookie = ""] = first.headers.getSetCookie();
      assert.equal(own, "own=1", "cookies of the server pass");
      const name = (await first.text()).split(" ")[0] ?? "";
      names.push(name);
      const again = await ask("/style.css", {
        headers: { cookie: `a=b; ${cookie.split(";")[0]}` },
      });
      assert.deepEqual(again.headers.getSetCookie(), ["own=1"]);
      assert.equal(await again.text(), `${name} GET /style.css `);
    }
    assert.deepEqual(names, ["server-1", "server-2", "server-3"]);
  });

  it("keeps a session on its server, whatever else the request says", async () => {
    const headers = { cookie: "demo-server=server-1" };
    const path = "/socket.io/?server=2&sid=server-3.abc";
    assert.equal(
      await text(path, { headers, method: "POST", body: "data" }),
      `server-3 POST ${path} data`,
    );
  });

  it("passes a body on to a server without a session too", async () => {
    assert.equal(
      await text("/x?server=2", { method: "POST", body: "data" }),
      "server-2 POST /x?server=2 data",
    );
  });

  it("sends new requests elsewhere when a server is gone, and moves the cookie", async () => {
    await stopTarget(2);
    assert.match(await text("/?server=2"), /^server-[13] GET/);
    const moved = await ask("/style.css", {
      headers: { cookie: "demo-server=server-2" },
    });
    assert.match(
      moved.headers.getSetCookie()[1] ?? "",
      /^demo-server=server-[13];/,
    );
  });

  it("refuses a session whose server is gone, so that its client starts a new one", async () => {
    await stopTarget(2);
    assert.equal((await ask("/socket.io/?sid=server-2.abc")).status, 503);
    assert.equal((await ask("/socket.io/?sid=server-9.abc")).status, 503);
    assert.equal((await upgrade("/socket.io/?sid=server-2.abc")).status, 503);
  });

  it("passes upgraded connections both ways", async () => {
    const expected = { status: 101, first: "server-3", echo: "ping" };
    assert.deepEqual(await upgrade("/socket.io/?sid=server-3.abc"), expected);
    assert.deepEqual(await upgrade("/socket.io/?server=3"), expected);
  });

  it("sends an upgrade without a session elsewhere when its server is gone", async () => {
    await stopTarget(2);
    assert.match(
      (await upgrade("/socket.io/?server=2")).first,
      /^server-[13]$/,
    );
  });

  it("answers 503 when no server runs", async () => {
    for (const target of targets) target.port = 0;
    assert.equal((await ask("/")).status, 503);
    assert.equal((await upgrade("/socket.io/")).status, 503);
  });
});
