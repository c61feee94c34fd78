"use strict";

// The examples, as they stand in this repository. A reader installs the package from npm; here it is this repository
// that they get when they require it by its name.

const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");

const manifest = require("../package.json");

const EXAMPLES = path.join(__dirname, "..", "examples");

/** @returns {string[]} those that can be installed and started on their own */
function exampleNames() {
  return fs
    .readdirSync(EXAMPLES)
    .filter((name) => fs.existsSync(path.join(EXAMPLES, name, "package.json")));
}

/** @param {string} name */
function exampleFolder(name) {
  return path.join(EXAMPLES, name);
}

/**
 * @param {string} name
 * @returns {typeof import("../examples/http/package.json") & { scripts: Record<string, string>, devDependencies?: Record<string, string> }}
 */
function exampleManifest(name) {
  const file = path.join(exampleFolder(name), "package.json");
  return JSON.parse(fs.readFileSync(file, "utf8"));
}

/**
 * Others may read the file at this moment: it is there as a whole, or as it was.
 *
 * @param {string} file
 * @param {string} content
 */
function putFile(file, content) {
  if (fs.existsSync(file) && fs.readFileSync(file, "utf8") === content) return;
  const draft = `${file}.${process.pid}`;
  fs.writeFileSync(draft, content);
  fs.renameSync(draft, file);
}

/**
 * Node.js looks for packages in every folder above. A link to this repository would be a folder that contains itself,
 * which not every tool endures that walks through folders; a package of one line is not.
 */
function providePackage() {
  const { name } = manifest;
  const folder = path.join(EXAMPLES, "node_modules", ...name.split("/"));
  const up = path.relative(folder, path.join(__dirname, ".."));
  const target = `${up.split(path.sep).join("/")}/index.js`;
  const files = {
    "package.json": JSON.stringify({ name, main: "index.js" }),
    "index.js": `module.exports = require("${target}");`,
    "index.d.ts": `export * from "${target}";`,
  };
  fs.mkdirSync(folder, { recursive: true });
  for (const [file, content] of Object.entries(files)) {
    putFile(path.join(folder, file), `${content}\n`);
  }
}

/**
 * @param {string} name
 * @param {string} [script] one of those in its package.json, which are Node.js and a file
 * @returns {string[]} the arguments for Node.js, to be run in the folder of the example
 */
function exampleCommand(name, script = "start") {
  const [program, ...args] = exampleManifest(name).scripts[script]?.split(
    " ",
  ) ?? [""];
  if (program !== "node" || args.length === 0) {
    throw new Error(`${name}: "${script}" is to start Node.js with a file`);
  }
  return args;
}

/** @type {Set<string>} */
const built = new Set();

/**
 * Compiles an example that is written in TypeScript, once; does nothing with others.
 *
 * @param {string} name
 */
function buildExample(name) {
  const { build } = exampleManifest(name).scripts;
  if (build === undefined || built.has(name)) return;
  if (build !== "tsc") throw new Error(`${name}: "build" is to be tsc`);
  const { status, stdout } = spawnSync(
    process.execPath,
    [require.resolve("typescript/bin/tsc")],
    { cwd: exampleFolder(name), encoding: "utf8" },
  );
  if (status !== 0) throw new Error(`${name} does not compile:\n${stdout}`);
  built.add(name);
}

module.exports = {
  buildExample,
  exampleCommand,
  exampleFolder,
  exampleManifest,
  exampleNames,
  providePackage,
};
