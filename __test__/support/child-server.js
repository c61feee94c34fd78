"use strict";

// Runs in a process of its own, see child.js: a server that can be stopped, killed, or left to end by itself.

const { isReference } = require("./adapter.js");
const { TestServer } = require("./server.js");

/** @typedef {{ id: number, command: string, args: any[] }} Request */

const { options, undefinedOptions, ...rest } = JSON.parse(
  process.argv[2] ?? "{}",
);
// JSON has no undefined, but an option may be given as such
for (const name of undefinedOptions ?? []) {
  options[name] = undefined;
}
const server = new TestServer({ options, ...rest });
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
  listening: () => server.untilListening(),
  ask: () => /** @type {any} */ (server.io).serverSideEmitWithAck("question"),
  serverCount: () => {
    if (isReference) {
      server.adapter().init(); // it may have missed the answers to its greeting
    }
    return server.adapter().serverCount();
  },
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
