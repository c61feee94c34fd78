"use strict";

// `npm run simulate -- [seeds] [first]`: clusters of engines over a model of PostgreSQL, in virtual time, each from one seed:
// tests/simulation.rs. What violates a property is printed as the shortest scenario that does.

const { spawnSync } = require("node:child_process");
const path = require("node:path");

const ARGUMENTS = [
  "test",
  "--no-default-features",
  "--test",
  "simulation",
  "every_property",
  "--",
  "--nocapture",
];

function main() {
  const [seeds = "10000", first = "0"] = process.argv.slice(2);
  if (![seeds, first].every((number) => /^\d+$/.test(number))) {
    console.error(
      `usage: npm run simulate -- [seeds] [first], got: ${process.argv.slice(2).join(" ")}`,
    );
    process.exitCode = 2;
    return;
  }
  const { status } = spawnSync("cargo", ARGUMENTS, {
    cwd: path.join(__dirname, ".."),
    env: { ...process.env, SIMULATION_SEEDS: seeds, SIMULATION_FROM: first },
    stdio: "inherit",
  });
  process.exitCode = status ?? 1;
}

main();
