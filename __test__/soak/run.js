"use strict";

// npm run soak -- <minutes> [seed]

const { soak } = require("./soak.js");

const [minutes = "10", seed = String(Date.now())] = process.argv.slice(2);
const ms = Number(minutes) * 60_000;

/** @param {string} line */
const log = (line) => console.log(`${new Date().toISOString()} ${line}`);

async function main() {
  if (!(ms > 0)) {
    throw new Error(`"${minutes}" minutes: a positive number is meant`);
  }
  log(`${minutes} minutes, seed ${seed}`);
  const { lines, failures } = await soak({
    seed,
    ms,
    calm: [1_000, 6_000],
    kinds: ["native", "native", "native", "native", "js-0.5"],
    log,
  });
  console.log(lines.join("\n"));
  process.exitCode = failures.length > 0 ? 1 : 0;
}

main().catch((err) => {
  console.error(err);
  process.exitCode = 1;
});
