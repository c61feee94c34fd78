"use strict";

// npm run pack: the package, and that of this platform, as tarballs in target/packages.
//   npm run pack -- --build TRIPLE      builds the binary of one platform into target/binaries, and packs nothing
//   npm run pack -- --binaries [--all]  packs what is in target/binaries, and builds nothing; all: of every platform

const fs = require("node:fs");
const path = require("node:path");
const { BINARIES, buildBinary, checkBinary } = require("./packaging/binary.js");
const {
  hostPlatform,
  platformFor,
  PLATFORMS,
} = require("./packaging/platforms.js");
const {
  LOCAL_ONLY,
  PACKAGES,
  packMain,
  packPlatform,
} = require("./packaging/stage.js");
const { endingOnSignals } = require("./run-command.js");
const { addCargoHomeToPath, ensureReady, SetupError } = require("./setup.js");

/** @typedef {import("./packaging/platforms.js").Platform} Platform */
/** @typedef {import("./packaging/stage.js").Packed} Packed */

const USAGE =
  "npm run pack, npm run pack -- --build TRIPLE, or npm run pack -- --binaries [--all]";

/** @param {Platform} platform */
function binaryFile({ binary }) {
  return path.join(BINARIES, binary);
}

/**
 * @param {number} bytes
 * @returns {string} such as "3.7 MB"
 */
function formatSize(bytes) {
  return bytes < 1e6
    ? `${(bytes / 1e3).toFixed(1)} kB`
    : `${(bytes / 1e6).toFixed(1)} MB`;
}

/**
 * @param {Packed} packed
 * @param {string} [needs]
 */
function report({ file, size, installedSize }, needs) {
  const sizes = `${formatSize(size)}, installed ${formatSize(installedSize)}`;
  const suffix = needs === undefined ? "" : `; needs ${needs}`;
  console.log(`${path.basename(file)}: ${sizes}${suffix}`);
}

/**
 * @param {Map<Platform, { portable: boolean }>} built
 * @param {AbortSignal} signal
 */
async function pack(built, signal) {
  // what every platform's binary asks for is looked at before anything is packed
  const needs = [...built].map(([platform, { portable }]) =>
    checkBinary(platform, fs.readFileSync(binaryFile(platform)), portable),
  );
  fs.rmSync(PACKAGES, { recursive: true, force: true });
  report(await packMain(path.join(BINARIES, "binding.js"), signal));
  for (const [index, platform] of [...built.keys()].entries()) {
    report(
      await packPlatform(platform, binaryFile(platform), signal),
      needs[index],
    );
  }
  if ([...built.values()].some(({ portable }) => !portable)) {
    fs.writeFileSync(LOCAL_ONLY, "The binary was linked without zig.\n");
  }
  console.log(`They are in ${PACKAGES}.`);
}

/**
 * @param {boolean} all
 * @returns {Map<Platform, { portable: boolean }>} what has been built already
 */
function givenBinaries(all) {
  const isThere = (/** @type {Platform} */ platform) =>
    fs.existsSync(binaryFile(platform));
  const missing = PLATFORMS.filter((platform) => !isThere(platform));
  if (missing.length === PLATFORMS.length || (all && missing.length > 0)) {
    const names = missing.map(({ binary }) => binary).join(", ");
    throw new SetupError(`There is no ${names} in ${BINARIES}.`);
  }
  return new Map(
    PLATFORMS.filter(isThere).map((platform) => [platform, { portable: true }]),
  );
}

/**
 * @param {string[]} args
 * @param {AbortSignal} signal
 */
async function run(args, signal) {
  await ensureReady({ build: false, signal });
  addCargoHomeToPath();
  const [mode, value] = args;
  if (mode === "--build" && value !== undefined) {
    const platform = platformFor(value);
    await buildBinary(platform, { signal, insist: true });
    const content = fs.readFileSync(binaryFile(platform));
    const needs = checkBinary(platform, content, true);
    console.log(
      `${platform.binary}: ${formatSize(content.length)}${needs ? `; needs ${needs}` : ""}`,
    );
  } else if (mode === "--binaries") {
    await pack(givenBinaries(value === "--all"), signal);
  } else if (mode === undefined) {
    const host = hostPlatform();
    await pack(new Map([[host, await buildBinary(host, { signal })]]), signal);
  } else {
    throw new SetupError(`Usage: ${USAGE}`);
  }
}

endingOnSignals((signal) => run(process.argv.slice(2), signal)).catch(
  (error) => {
    console.error(error instanceof SetupError ? error.message : error);
    process.exitCode = 1;
  },
);
