"use strict";

// The Dockerfile of an example, read as far as it has to agree with the other files.

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");

const {
  exampleCommand,
  exampleFolder,
  exampleManifest,
} = require("../../scripts/examples.js");

/**
 * The image has all of the program, and starts it without npm in between, which would keep signals from it.
 *
 * @param {string} name of the example
 */
function assertImageStartsExample(name) {
  const folder = exampleFolder(name);
  const dockerfile = fs.readFileSync(path.join(folder, "Dockerfile"), "utf8");
  const copied = [...dockerfile.matchAll(/^COPY (.+) \S+$/gm)]
    .flatMap(([, files]) => files?.split(" ") ?? [])
    .sort();
  const sources = fs
    .readdirSync(folder)
    .filter((file) => file === "package.json" || file.endsWith(".js"));
  assert.deepEqual(copied, sources.sort());

  const [, command = "[]"] = /^CMD (\[.+\])$/m.exec(dockerfile) ?? [];
  assert.deepEqual(JSON.parse(command), ["node", ...exampleCommand(name)]);

  const [, image] = /^FROM node:(\d+)-slim$/m.exec(dockerfile) ?? [];
  const [oldest] = /\d+/.exec(exampleManifest(name).engines.node) ?? [];
  assert.ok(Number(image) >= Number(oldest));
  assert.match(dockerfile, /^USER node$/m);
}

module.exports = { assertImageStartsExample };
