"use strict";

// The child process of runner.js: compares the cases of a batch and sends their outcomes.

const { compare } = require("./compare.js");
const { environments } = require("./environments.js");
const { startFront } = require("./tls-front.js");

/** @typedef {{ names: string[], environment: string, folder: string }} Batch */

/** The number of cases in progress at a time: each of them waits most of its time. */
const FRONTS = 4;

/** @param {object} message */
function tell(message) {
  return /** @type {Promise<void>} */ (
    new Promise((resolve) => {
      process.send?.(message, undefined, {}, () => resolve());
    })
  );
}

async function main() {
  /** @type {Batch} */
  const { names, environment, folder } = JSON.parse(process.argv[2] ?? "");
  environments(folder)[environment]?.prepare?.();
  const waiting = [...names];
  const work = async () => {
    const front = await startFront();
    for (let name = waiting.shift(); name; name = waiting.shift()) {
      await tell({ begun: name });
      await tell({ outcome: await compare(front, name, folder) });
    }
    await front.close();
  };
  await Promise.all(Array.from({ length: FRONTS }, work));
}

main().then(
  () => process.exit(0),
  (err) => {
    console.error(err);
    process.exit(1);
  },
);
