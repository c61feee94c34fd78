"use strict";

// Builds the binary of a package, and checks what it asks of a system.

const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { runCommand } = require("../run-command.js");
const { root, SetupError } = require("../setup.js");
const { readElf } = require("./elf.js");
const { installZig } = require("./zig.js");

/** @typedef {import("./platforms.js").Platform} Platform */

/** The oldest glibc that the binaries run with: that of 2012, which everything has that Node.js 18 runs on. */
const GLIBC = "2.17";

/** Where binaries are built to, with the loader, binding.js. */
const BINARIES = path.join(root, "target", "binaries");

/** What every Linux has; libgcc_s is none of it. */
const SYSTEM_LIBRARY = /^(libc|libm|libdl|libpthread|librt|ld-linux[\w-]*)\.so/;

/** @param {Platform} platform */
function needsZig({ triple }) {
  return triple.includes("-linux-");
}

/** @returns {string} the flags of rustc that keep the paths of this machine out of the binary */
function pathFlags() {
  const cargoHome =
    process.env["CARGO_HOME"] ?? path.join(os.homedir(), ".cargo");
  const remapped = [`${cargoHome}=cargo`, `${root}=.`]
    // the flags are taken apart at spaces
    .filter((pair) => !pair.includes(" "))
    .map((pair) => `--remap-path-prefix=${pair}`);
  return [process.env["RUSTFLAGS"], ...remapped].filter(Boolean).join(" ");
}

/**
 * @param {Platform} platform
 * @param {string | undefined} zig the folder of its programs
 * @param {AbortSignal} [signal]
 */
async function compile({ triple }, zig, signal) {
  const target = zig && triple.endsWith("-gnu") ? `${triple}.${GLIBC}` : triple;
  const napi = require.resolve("@napi-rs/cli/package.json");
  const { bin } = require(napi);
  const program = path.join(path.dirname(napi), bin.napi);
  const outputs =
    "build --platform --release --js binding.js --dts binding.d.ts";
  const args = [program, ...outputs.split(" "), "--output-dir", BINARIES];
  args.push("--target", target);
  if (zig) args.push("--cross-compile");
  const PATH = [zig, process.env["PATH"]].filter(Boolean).join(path.delimiter);
  const { code, error } = await runCommand(process.execPath, args, {
    cwd: root,
    env: { ...process.env, PATH, RUSTFLAGS: pathFlags() },
    signal,
  });
  if (code === 0) return;
  throw new SetupError(
    `The binary for ${target} was not built (${error?.message ?? `exit code ${code}`}).`,
  );
}

/**
 * Builds the binary and the loader into {@link BINARIES}.
 *
 * @param {Platform} platform
 * @param {{ signal?: AbortSignal, insist?: boolean }} [options] insist: it must run on older systems than this one
 * @returns {Promise<{ portable: boolean }>} whether it does
 */
async function buildBinary(platform, { signal, insist = false } = {}) {
  fs.mkdirSync(BINARIES, { recursive: true });
  if (!needsZig(platform)) {
    await compile(platform, undefined, signal);
    return { portable: true };
  }
  const zig = await installZig(signal);
  if ("programs" in zig) {
    await compile(platform, zig.programs, signal);
    return { portable: true };
  }
  const problem = `zig could not be fetched from PyPI: ${zig.problem}.`;
  if (insist) throw new SetupError(problem);
  console.log(
    `${problem} The binary will need the C library of this machine, or a newer one.`,
  );
  await compile(platform, undefined, signal);
  return { portable: false };
}

/**
 * @param {Platform} platform
 * @param {Buffer} content
 * @param {boolean} portable whether it must run on older systems than the one where it was built
 * @returns {string | undefined} what it needs, for people
 * @throws {SetupError} if it asks for more than it may
 */
function checkBinary({ triple, binary }, content, portable) {
  if (!triple.includes("-linux-")) return undefined;
  const { libraries, glibc, debug } = readElf(content);
  if (debug.length > 0) {
    throw new SetupError(`${binary} has debug symbols: ${debug.join(", ")}.`);
  }
  const needs = glibc === undefined ? "no glibc" : `glibc ${glibc}`;
  if (!portable) return `${needs}, as this machine has it`;
  const foreign = libraries.filter((name) => !SYSTEM_LIBRARY.test(name));
  if (foreign.length > 0) {
    throw new SetupError(`${binary} needs ${foreign.join(", ")}.`);
  }
  if (triple.endsWith("-musl") ? glibc !== undefined : isNewer(glibc)) {
    throw new SetupError(`${binary} needs ${needs}.`);
  }
  return needs;
}

/** @param {string | undefined} glibc */
function isNewer(glibc = "0") {
  return glibc.localeCompare(GLIBC, "en", { numeric: true }) > 0;
}

module.exports = { BINARIES, buildBinary, checkBinary, GLIBC };
