"use strict";

// An empty folder, in which somebody does what the README says: with Node.js and a package manager, and nothing else.

const assert = require("node:assert/strict");
const { spawn } = require("node:child_process");
const fs = require("node:fs");
const { createRequire } = require("node:module");
const os = require("node:os");
const path = require("node:path");
const { isWindows, runCommand } = require("../../scripts/run-command.js");

const root = path.join(__dirname, "..", "..");
const { name: NAME } = require("../../package.json");

/** What npm tells the scripts that it runs, of itself: it must not reach another npm. */
const OF_OTHER_NPM =
  /^(npm_(command|execpath|lifecycle|node|package|config_(.*prefix|user_agent|local|global|noproxy|node_gyp))|init_cwd)/i;

/** @typedef {{ node: string, manager: import("./managers.js").Manager, managerProgram: string }} Tools */

class Project {
  /**
   * @param {Tools} tools node: its program
   * @param {string} registry the URL of that with the package
   */
  constructor({ node, manager, managerProgram }, registry) {
    this.folder = fs.mkdtempSync(path.join(os.tmpdir(), "package-test-"));
    this.node = node;
    this._manager = manager;
    this._managerProgram = managerProgram;
    this._programs = fs.mkdtempSync(path.join(os.tmpdir(), "package-path-"));
    this._layPath();
    this.write(".npmrc", `@socket.io:registry=${registry}\n`);
  }

  /** The only folder on the PATH has Node.js alone in it: no Rust, no compiler, no shell. */
  _layPath() {
    // links need a privilege on Windows
    if (isWindows) this._programs = path.dirname(this.node);
    else fs.symlinkSync(this.node, path.join(this._programs, "node"));
  }

  /** @returns {NodeJS.ProcessEnv} */
  environment() {
    const own = Object.entries(process.env).filter(
      ([name]) => !OF_OTHER_NPM.test(name) && !/^(cargo|rust)/i.test(name),
    );
    return {
      ...Object.fromEntries(own),
      PATH: this._programs,
      // the packages of one run stay there for the next, apart from those of the user
      npm_config_cache: path.join(root, "target", "package-cache", "npm"),
      npm_config_store_dir: path.join(root, "target", "package-cache", "pnpm"),
      pnpm_config_store_dir: path.join(root, "target", "package-cache", "pnpm"),
      npm_config_update_notifier: "false",
    };
  }

  /**
   * @param {string} file
   * @param {string} content
   */
  write(file, content) {
    fs.writeFileSync(path.join(this.folder, file), content);
  }

  /**
   * Runs a program to its end, which must be a good one.
   *
   * @param {string[]} args of Node.js
   * @param {NodeJS.ProcessEnv} [env] further variables
   * @returns {Promise<string>} what it wrote
   */
  async run(args, env) {
    /** @type {string[]} */
    const lines = [];
    const { code, signal, error } = await runCommand(this.node, args, {
      cwd: this.folder,
      env: { ...this.environment(), ...env },
      onLine: (line) => lines.push(line),
    });
    const output = lines.join("\n");
    const end = error?.message ?? signal ?? code;
    assert.equal(end, 0, `node ${args.join(" ")}: ${output}`);
    return output;
  }

  /**
   * Starts a program that does not end by itself.
   *
   * @param {string[]} args of Node.js
   * @param {NodeJS.ProcessEnv} [env] further variables
   */
  start(args, env) {
    return spawn(this.node, args, {
      cwd: this.folder,
      env: { ...this.environment(), ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
  }

  /** @param {string[]} packages as an installation command names them */
  async install(packages) {
    await this.run([
      this._managerProgram,
      ...this._manager.install,
      ...packages,
    ]);
  }

  /** @returns {string} where the package lies */
  packageFolder() {
    return fs.realpathSync(path.join(this.folder, "node_modules", NAME));
  }

  /** @returns {string[]} the packages with a binary that it finds */
  platformFolders() {
    const manifest = path.join(this.packageFolder(), "package.json");
    const { optionalDependencies } = JSON.parse(
      fs.readFileSync(manifest, "utf8"),
    );
    const { resolve } = createRequire(manifest);
    return Object.keys(optionalDependencies).flatMap((name) => {
      try {
        return [path.dirname(resolve(`${name}/package.json`))];
      } catch {
        return [];
      }
    });
  }

  dispose() {
    const folders = [this.folder, ...(isWindows ? [] : [this._programs])];
    for (const folder of folders) {
      fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  }
}

module.exports = { Project };
