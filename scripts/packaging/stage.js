"use strict";

// Lays out what goes into a package, and packs it.

const fs = require("node:fs");
const path = require("node:path");
const { npm, root, SetupError } = require("../setup.js");
const { PLATFORMS } = require("./platforms.js");
const { readTarball } = require("./tarball.js");

/** @typedef {import("./platforms.js").Platform} Platform */
/** @typedef {Record<string, any>} Manifest */

const STAGING = path.join(root, "target", "staging");
const PACKAGES = path.join(root, "target", "packages");

/** Beside packages that run on systems like this machine only. */
const LOCAL_ONLY = path.join(PACKAGES, "local-only.txt");

/** What of package.json is for those who work on the package. */
const FOR_DEVELOPMENT = [
  "allowScripts",
  "devDependencies",
  "napi",
  "overrides",
  "scripts",
];

/** @param {string} folder */
function readManifest(folder) {
  const text = fs.readFileSync(path.join(folder, "package.json"), "utf8");
  return /** @type {Manifest} */ (JSON.parse(text));
}

/**
 * npm takes a provenance only for a package that names the repository which it comes from, and makes links of a README
 * lead there; a workflow knows the repository.
 *
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Manifest}
 */
function addresses(env = process.env) {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: name } = env;
  if (!server || !name) return {};
  const url = `${server}/${name}`;
  return {
    repository: { type: "git", url: `git+${url}.git` },
    homepage: `${url}#readme`,
    bugs: { url: `${url}/issues` },
  };
}

/**
 * @param {string} pattern of `files`: a file, a folder, or all files of a folder with one ending
 * @returns {string[]} what it names
 */
function namedBy(pattern) {
  const { dir, name, ext } = path.posix.parse(pattern);
  if (name !== "*") return [pattern];
  return fs
    .readdirSync(path.join(root, dir))
    .filter((file) => file.endsWith(ext))
    .map((file) => `${dir}/${file}`);
}

/** @returns {string[]} the files and folders of the package, but for what every package has */
function packedPaths() {
  return readManifest(root)["files"].flatMap(namedBy);
}

/**
 * The packages of the platforms become optional dependencies here and not in package.json: before a release they are in
 * no registry, and `npm ci` in a clone would look for them in vain.
 *
 * @returns {Manifest}
 */
function mainManifest() {
  const manifest = readManifest(root);
  for (const name of FOR_DEVELOPMENT) delete manifest[name];
  const optionalDependencies = Object.fromEntries(
    PLATFORMS.map(({ packageName }) => [packageName, manifest["version"]]),
  );
  return { ...manifest, ...addresses(), optionalDependencies };
}

/**
 * @param {Platform} platform
 * @returns {Manifest}
 */
function platformManifest(platform) {
  const manifest = readManifest(platform.folder);
  const { version } = readManifest(root);
  if (manifest["version"] !== version) {
    throw new SetupError(
      `${platform.packageName} has the version ${manifest["version"]}, and package.json ${version}: npm run bump -- VERSION`,
    );
  }
  return { ...manifest, ...addresses() };
}

/**
 * @param {string} place the folder below {@link STAGING}
 * @param {Manifest} manifest
 * @param {Record<string, string>} files where each comes from, by its name in the package
 * @returns {string} the folder, which holds this and nothing else
 */
function lay(place, manifest, files) {
  const folder = path.join(STAGING, place);
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  const text = `${JSON.stringify(manifest, undefined, 2)}\n`;
  fs.writeFileSync(path.join(folder, "package.json"), text);
  for (const [name, source] of Object.entries(files)) {
    fs.cpSync(source, path.join(folder, name), { recursive: true });
  }
  return folder;
}

/**
 * @typedef {object} Packed
 * @property {string} name
 * @property {string} file the tarball
 * @property {number} size of the tarball, in bytes
 * @property {number} installedSize of the files in it, in bytes
 */

/**
 * @param {string} folder
 * @param {AbortSignal} [signal]
 * @returns {Promise<Packed>}
 */
async function packFolder(folder, signal) {
  const { name, version } = readManifest(folder);
  fs.mkdirSync(PACKAGES, { recursive: true });
  await npm(
    ["pack", folder, "--pack-destination", PACKAGES, "--silent"],
    signal,
    "Look at the messages of npm above.",
  );
  const file = path.join(PACKAGES, tarballName(name, version));
  const contents = [...readTarball(file).values()];
  return {
    name,
    file,
    size: fs.statSync(file).size,
    installedSize: contents.reduce((sum, { length }) => sum + length, 0),
  };
}

/**
 * @param {string} name of a package
 * @param {string} version
 * @returns {string} how npm names its tarball
 */
function tarballName(name, version) {
  return `${name.replace("@", "").replace("/", "-")}-${version}.tgz`;
}

/**
 * @param {string} loader where binding.js is
 * @param {AbortSignal} [signal]
 */
function packMain(loader, signal) {
  const manifest = mainManifest();
  const names = ["LICENSE", "README.md", ...packedPaths()];
  const files = Object.fromEntries(
    names.map((name) => [name, path.join(root, name)]),
  );
  return packFolder(
    lay("main", manifest, { ...files, "binding.js": loader }),
    signal,
  );
}

/**
 * @param {Platform} platform
 * @param {string} binary
 * @param {AbortSignal} [signal]
 */
function packPlatform(platform, binary, signal) {
  const files = {
    LICENSE: path.join(root, "LICENSE"),
    "README.md": path.join(platform.folder, "README.md"),
    [platform.binary]: binary,
  };
  const manifest = platformManifest(platform);
  return packFolder(lay(platform.suffix, manifest, files), signal);
}

module.exports = {
  addresses,
  LOCAL_ONLY,
  PACKAGES,
  packedPaths,
  packMain,
  packPlatform,
  tarballName,
};
