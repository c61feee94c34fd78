"use strict";

// A real nginx before servers of a test, where one is installed, with the configuration of the example.

const fs = require("node:fs/promises");
const os = require("node:os");
const path = require("node:path");

const { exampleFolder } = require("../../scripts/examples.js");
const { findFreePort } = require("../support/free-port.js");
const { GuardedProcess } = require("../support/guarded-process.js");
const { findProgram } = require("../support/programs.js");
const { until } = require("../support/wait.js");

/** What nginx keeps in folders of the system, where not everybody may write. */
const TEMPORARY = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];

/**
 * The configuration of the example, for this machine: other addresses, and nothing in the folders of the system.
 *
 * @param {string} folder
 * @param {number} port
 * @param {string[]} addresses of the servers
 */
async function configurationFor(folder, port, addresses) {
  const file = path.join(exampleFolder("docker-compose"), "nginx.conf");
  const original = await fs.readFile(file, "utf8");
  const local = [
    "access_log off;",
    ...TEMPORARY.map((name) => `${name}_temp_path ${folder}/${name};`),
  ].join("\n");
  return addresses.reduce(
    (text, address, index) => text.replace(`server-${index + 1}:3000`, address),
    original
      .replace("listen 80;", `listen 127.0.0.1:${port};`)
      .replace("http {", `http {\n${local}`),
  );
}

class Nginx {
  /**
   * @param {string} folder
   * @param {number} port
   */
  constructor(folder, port) {
    this.url = `http://127.0.0.1:${port}`;
    this._folder = folder;
    /** @type {GuardedProcess | undefined} */
    this._process = undefined;
  }

  /**
   * @param {string} program
   * @param {string} configuration
   */
  async start(program, configuration) {
    const file = path.join(this._folder, "nginx.conf");
    await fs.writeFile(file, configuration);
    const directives = `daemon off; pid ${this._folder}/pid;`;
    const args = ["-p", this._folder, "-c", file, "-e", "stderr"];
    this._process = new GuardedProcess([program, ...args, "-g", directives]);
    await until(() => this._answers(), {
      message: () => `an answer of nginx, which says: ${this._process?.log}`,
    });
  }

  async _answers() {
    const response = await fetch(`${this.url}/health`).catch(() => undefined);
    await response?.text();
    return response?.ok;
  }

  async dispose() {
    await this._process?.end();
    await fs.rm(this._folder, { recursive: true, force: true });
  }
}

/** @returns {string | undefined} the program */
function findNginx() {
  return findProgram("nginx");
}

/**
 * @param {import("node:test").TestContext} t which ends it
 * @param {{ url: string }[]} servers behind it
 * @param {(configuration: string) => string} [change]
 * @returns {Promise<Nginx>}
 */
async function startNginx(t, servers, change = (text) => text) {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), "nginx-"));
  await fs.chmod(folder, 0o755); // it works as another user where it is started by root
  const port = await findFreePort();
  const nginx = new Nginx(folder, port);
  t.after(() => nginx.dispose());
  const addresses = servers.map(({ url }) => new URL(url).host);
  const configuration = await configurationFor(folder, port, addresses);
  await nginx.start(findNginx() ?? "", change(configuration));
  return nginx;
}

module.exports = { findNginx, startNginx };
