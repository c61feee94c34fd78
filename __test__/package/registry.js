"use strict";

// A registry on this machine for the packages of one scope: the tarballs that were packed, as if they were published.
// What has another scope, or none, comes from where it always comes from.

const { createHash } = require("node:crypto");
const { once } = require("node:events");
const fs = require("node:fs");
const http = require("node:http");
const path = require("node:path");
const { readTarball } = require("../../scripts/packaging/tarball.js");

/** Package managers that wait for a release to have proved itself take one of this age. */
const AGE_MS = 30 * 24 * 3600 * 1000;

/**
 * @typedef {object} Release
 * @property {Record<string, any>} manifest
 * @property {Buffer} [tarball] none: one that nobody on this platform may ask for
 */

/**
 * @param {string} file a tarball
 * @returns {Release}
 */
function releaseOf(file) {
  const manifest = readTarball(file).get("package.json");
  return {
    manifest: JSON.parse(String(manifest)),
    tarball: fs.readFileSync(file),
  };
}

/** @param {import("node:crypto").BinaryLike} content */
function integrityOf(content) {
  return `sha512-${createHash("sha512").update(content).digest("base64")}`;
}

class Registry {
  /** @param {Release[]} releases one of each package */
  constructor(releases) {
    /** @type {Map<string, Release>} */
    this._releases = new Map(
      releases.map((release) => [release.manifest["name"], release]),
    );
    /** What was asked for and is not here. @type {string[]} */
    this.refused = [];
    this._server = http.createServer((req, res) => this._answer(req, res));
    this.url = "";
  }

  async start() {
    this._server.listen(0, "127.0.0.1");
    await once(this._server, "listening");
    const address = this._server.address();
    const { port } = /** @type {import("node:net").AddressInfo} */ (address);
    this.url = `http://127.0.0.1:${port}/`;
  }

  close() {
    this._server.closeAllConnections();
    this._server.close();
  }

  /**
   * @param {http.IncomingMessage} request
   * @param {http.ServerResponse} response
   */
  _answer(request, response) {
    const asked = decodeURIComponent(String(request.url)).slice(1);
    const name = asked.replace(/^-\//, "");
    const release = this._releases.get(name);
    const content =
      asked === name
        ? release && JSON.stringify(this._document(release))
        : release?.tarball;
    if (content === undefined) {
      this.refused.push(asked);
      response.statusCode = 404;
    }
    response.end(content ?? "{}");
  }

  /**
   * @param {Release} release
   * @returns {object} what a registry tells of a package
   */
  _document({ manifest, tarball }) {
    const { name, version } = manifest;
    const at = new Date(Date.now() - AGE_MS).toISOString();
    const dist = {
      tarball: `${this.url}-/${name}`,
      integrity: integrityOf(tarball ?? ""),
    };
    return {
      name,
      "dist-tags": { latest: version },
      versions: { [version]: { ...manifest, dist } },
      time: { created: at, modified: at, [version]: at },
    };
  }
}

/**
 * @param {string[]} tarballs
 * @param {string} npm the folder with the manifests of all platforms; those without a tarball are known and not there
 * @returns {Promise<Registry>}
 */
async function startRegistry(tarballs, npm) {
  const packed = tarballs.map(releaseOf);
  const names = new Set(packed.map(({ manifest }) => manifest["name"]));
  const others = fs
    .readdirSync(npm)
    .map((folder) => ({
      manifest: JSON.parse(
        fs.readFileSync(path.join(npm, folder, "package.json"), "utf8"),
      ),
    }))
    .filter(({ manifest }) => !names.has(manifest.name));
  const registry = new Registry([...packed, ...others]);
  await registry.start();
  return registry;
}

module.exports = { startRegistry };
