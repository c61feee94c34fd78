"use strict";

// One address in front of several servers: a small reverse proxy that keeps each visitor on one server, as Socket.IO
// needs it. Uses Node's own modules only. By itself, with the servers started by hand:
//
//   PORT=3000 SERVERS=3001,3002,3003 node examples/demo/front.js

const http = require("node:http");
const net = require("node:net");
const { Router, cookieOf, createBackend } = require("./router.js");

const BACKEND_HOST = "127.0.0.1";

/** Belong to one connection, not to the message that passes through. */
const HOP_BY_HOP = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);

/** @typedef {import('./router.js').Backend} Backend */
/** @typedef {import('./router.js').Route} Route */

/**
 * @param {http.IncomingHttpHeaders} headers
 * @returns {http.OutgoingHttpHeaders}
 */
function endToEndHeaders(headers) {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !HOP_BY_HOP.has(name)),
  );
}

/**
 * Passes a request on to the first server that accepts it.
 *
 * @param {http.IncomingMessage} request
 * @param {http.ServerResponse} response
 * @param {Route} route
 */
function forward(request, response, route) {
  const [backend, ...others] = route.backends;
  if (backend === undefined) {
    // The client of a session whose server is gone starts a new one on this answer.
    response.writeHead(503, {
      "content-type": "text/plain",
      "retry-after": "1",
    });
    response.end("This server does not run at the moment.\n");
    return;
  }
  const upstream = http.request({
    host: BACKEND_HOST,
    port: backend.port,
    method: request.method,
    path: request.url,
    headers: endToEndHeaders(request.headers),
    // Failures on a reused connection could not be told from a server that is gone.
    agent: false,
  });
  upstream.once("response", (answer) => {
    const headers = endToEndHeaders(answer.headers);
    if (route.byCookie && cookieOf(request) !== backend.name) {
      headers["set-cookie"] = [
        ...(answer.headers["set-cookie"] ?? []),
        backend.cookie,
      ];
    }
    response.writeHead(answer.statusCode ?? 502, headers);
    answer.pipe(response);
    answer.once("error", () => response.destroy());
  });
  upstream.on("error", (error) => {
    const refused =
      /** @type {NodeJS.ErrnoException} */ (error).code === "ECONNREFUSED";
    if (response.headersSent || response.destroyed) response.destroy();
    // Refused means that nothing was sent, but a body has been read by now: only requests without one go elsewhere.
    else if (refused && request.method === "GET")
      forward(request, response, { ...route, backends: others });
    else forward(request, response, { ...route, backends: [] });
  });
  response.once("close", () => upstream.destroy());
  request.pipe(upstream);
}

/**
 * @param {http.IncomingMessage} request
 * @returns {string} the request as it came in, down to the case of its headers
 */
function requestHead(request) {
  const lines = [
    `${request.method} ${request.url} HTTP/${request.httpVersion}`,
  ];
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    lines.push(`${request.rawHeaders[i]}: ${request.rawHeaders[i + 1]}`);
  }
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/**
 * Connects a WebSocket to the first server that accepts it; from then on bytes pass both ways untouched.
 *
 * @param {http.IncomingMessage} request
 * @param {import('node:stream').Duplex} client
 * @param {Buffer} head what the client sent right behind its request
 * @param {Backend[]} backends
 */
function forwardUpgrade(request, client, head, backends) {
  const [backend, ...others] = backends;
  if (backend === undefined) {
    client.end(
      "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    );
    return;
  }
  const upstream = net.connect(backend.port, BACKEND_HOST);
  const tryOthers = () => forwardUpgrade(request, client, head, others);
  const abandon = () => upstream.destroy();
  upstream.once("error", tryOthers);
  client.once("close", abandon);
  upstream.once("connect", () => {
    upstream.off("error", tryOthers);
    upstream.on("error", () => client.destroy());
    upstream.once("close", () => client.destroy());
    upstream.setNoDelay(true);
    upstream.write(requestHead(request));
    upstream.write(head);
    upstream.pipe(client).pipe(upstream);
  });
}

/**
 * @typedef {object} Front
 * @property {number} port
 * @property {() => Promise<void>} close ends every connection too
 */

/**
 * @param {object} options
 * @param {number} options.port 0: any free one
 * @param {string} options.host
 * @param {Backend[]} options.backends read at each request: a server may come, go and change its port
 * @param {(request: http.IncomingMessage, response: http.ServerResponse) => boolean} [options.intercept] may answer a
 *   request itself and then returns true
 * @returns {Promise<Front>} rejects when the port cannot be had
 */
async function startFront({ port, host, backends, intercept = () => false }) {
  const router = new Router(backends);
  const server = http.createServer((request, response) => {
    if (intercept(request, response)) return;
    const page = router.redirectFor(request);
    if (page === undefined) forward(request, response, router.route(request));
    else
      response
        .writeHead(302, { location: page, "cache-control": "no-store" })
        .end();
  });
  server.on("upgrade", (request, client, head) => {
    client.on("error", () => client.destroy());
    forwardUpgrade(request, client, head, router.route(request).backends);
  });
  /** @type {Set<net.Socket>} */
  const sockets = new Set();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => resolve(undefined));
  });
  return {
    port: /** @type {net.AddressInfo} */ (server.address()).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

module.exports = { startFront };

if (require.main === module) {
  const ports = (process.env.SERVERS ?? "3001,3002,3003")
    .split(",")
    .map(Number);
  const backends = ports.map((port, index) => ({
    ...createBackend(index + 1),
    port,
  }));
  const host = process.env.HOST ?? "127.0.0.1";
  startFront({ port: Number(process.env.PORT ?? 3000), host, backends }).then(
    ({ port }) => console.log(`The front listens on http://${host}:${port}`),
    (error) => {
      console.error(error.message);
      process.exitCode = 1;
    },
  );
}
