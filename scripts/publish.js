"use strict";

// Publishes what is in target/packages; the arguments are handed to npm. For the release workflow, where a token is in
// NODE_AUTH_TOKEN, or npm itself proves who it is. What was published before is left out, so that a run that failed
// halfway can be repeated.

const fs = require("node:fs");
const path = require("node:path");
const { PLATFORMS } = require("./packaging/platforms.js");
const { PACKAGES, tarballName } = require("./packaging/stage.js");
const { runCommand } = require("./run-command.js");

const { name, version } = require("../package.json");

/** The package itself is the last one: whoever gets it gets the binaries, too. */
const NAMES = [...PLATFORMS.map(({ packageName }) => packageName), name];

/**
 * @param {string[]} args of npm
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<{ ok: boolean, output: string }>}
 */
async function npm(args, env) {
  /** @type {string[]} */
  const lines = [];
  const { code } = await runCommand("npm", args, {
    env,
    onLine: (line) => lines.push(line),
  });
  return { ok: code === 0, output: lines.join("\n").trim() };
}

/** @returns {Promise<NodeJS.ProcessEnv>} with the token where npm looks for it */
async function environment() {
  const token = process.env["NODE_AUTH_TOKEN"];
  if (!token) return process.env;
  const { output } = await npm(["config", "get", "registry"], process.env);
  const { host, pathname } = new URL(output);
  return {
    ...process.env,
    [`npm_config_//${host}${pathname}:_authToken`]: token,
  };
}

/**
 * @param {string} tarball
 * @param {string[]} flags
 * @param {NodeJS.ProcessEnv} env
 */
async function publish(tarball, flags, env) {
  const tag = version.includes("-") ? "next" : "latest";
  const args = ["publish", tarball, "--access", "public", "--tag", tag];
  const { ok, output } = await npm([...args, ...flags], env);
  console.log(output);
  if (!ok) throw new Error(`npm ${args.join(" ")} failed`);
}

/**
 * @param {string} folder
 * @param {string[]} flags for npm
 */
async function publishAll(folder, flags) {
  const tarballs = NAMES.map((packageName) =>
    path.join(folder, tarballName(packageName, version)),
  );
  const missing = tarballs.filter((file) => !fs.existsSync(file));
  if (missing.length > 0) throw new Error(`There is no ${missing.join(", ")}`);
  const env = await environment();
  for (const [index, packageName] of NAMES.entries()) {
    const spec = `${packageName}@${version}`;
    const { ok, output } = await npm(["view", spec, "version"], env);
    if (ok && output === version) console.log(`${spec} is there already.`);
    else await publish(String(tarballs[index]), flags, env);
  }
}

const folder = process.env["PACKAGES_FOLDER"] ?? PACKAGES;
publishAll(folder, process.argv.slice(2)).catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
