"use strict";

// Runs in a process of its own, see child.js: a server that can be stopped, killed, or left to end by itself.

const { TestServer } = require("./server.js");

/** @typedef {{ id: number, command: string, args: any[] }} Request */

const server = new TestServer(JSON.parse(process.argv[2] ?? "{}"));
let leaving = false;

server.io.on("question", (/** @type {any[]} */ ...args) => {
  args.pop()(`answer of ${process.pid}`);
});

/** @type {Record<string, (...args: any[]) => unknown>} */
const commands = {
  listen: async () => {
    await server.listen();
    return server.url;
  },
  serverCount: (namespace) => server.adapter(namespace).serverCount(),
  emit: (...args) => {
    server.io.emit(.../** @type {[string, ...any[]]} */ (args));
  },
  fetchIds: async () =>
    (await server.io.fetchSockets()).map((socket) => socket.id),
  // nothing here ends the process: it has to run out of work
  leave: async () => {
    await server.close();
    leaving = true;
  },
};

process.on("message", async (/** @type {Request} */ { id, command, args }) => {
  try {
    const result = await commands[command]?.(...args);
    process.send?.({ id, result }, () => leaving && process.disconnect());
  } catch (err) {
    process.send?.({ id, error: String(err) });
  }
});

process.on("disconnect", () => {
  if (!leaving) {
    process.exit(1); // the test is gone
  }
});
