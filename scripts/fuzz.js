"use strict";

// npm run fuzz -- <minutes> [target…]: coverage-guided fuzzing of src/wire and of what a server sends first, each target for so many minutes, one after
// the other. What is found lies in fuzz/artifacts; what was learned is kept in fuzz/corpus for the next time.

const { execFileSync, spawn } = require("node:child_process");
const { createHash } = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");

const folder = path.join(__dirname, "..", "fuzz");
const fixtures = path.join(__dirname, "..", "tests", "fixtures");
const recordings = path.join(__dirname, "..", "__test__", "fixtures", "wire");

/** What makes the compiler report the coverage to libFuzzer, and check the arithmetic. */
const RUSTFLAGS = [
  "-Cpasses=sancov-module",
  "-Cllvm-args=-sanitizer-coverage-level=4",
  "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
  "-Cllvm-args=-sanitizer-coverage-pc-table",
  "-Cllvm-args=-sanitizer-coverage-trace-compares",
  "-Ccodegen-units=1",
  "--cfg=fuzzing",
].join(" ");

/** The longest input, in bytes: about what a notification holds. */
const MAX_LENGTH = 8192;
/** An input that takes longer is a finding, in seconds: more than a busy machine takes away. */
const MAX_SECONDS = 60;
/** So is one that takes more memory, in MB. */
const MAX_MEMORY = 512;

/** @typedef {{ target: string, ok: boolean, executions: string, perSecond: string, slowest: string, corpus: number }} Outcome */

/** Of each target, besides the files in fuzz/seeds: what the JavaScript packages wrote. */
const RECORDED = {
  envelope: () => recorded().map(({ payload }) => payload),
  msgpack_decode: () => [
    ...recorded().flatMap(({ row }) => (row ? [Buffer.from(row, "hex")] : [])),
    ...msgpack().map((fixture) => Buffer.from(fixture.msgpack, "hex")),
  ],
  msgpack_encode: () => [
    ...recorded().map(({ payload }) => payload),
    ...msgpack().flatMap(({ json }) => (json === undefined ? [] : [json])),
  ],
  channel_name: () => recorded().map(({ nsp }) => `socket.io\n${nsp ?? "/"}\n`),
  frame: () => recorded().map(({ payload }) => `\x033\t/\t\t${payload}`),
};

/** @returns {any[]} the messages of all recordings */
function recorded() {
  return fs
    .readdirSync(recordings)
    .flatMap((name) => readJson(path.join(recordings, name)).messages);
}

/** @returns {any[]} */
function msgpack() {
  return readJson(path.join(fixtures, "msgpack.json")).fixtures;
}

/** @param {string} file */
function readJson(file) {
  return JSON.parse(fs.readFileSync(file, "utf8"));
}

/** @returns {string} the folder of the programs */
function build() {
  const version = execFileSync("rustc", ["-vV"], { encoding: "utf8" });
  const host = /^host: (.+)$/m.exec(version)?.[1] ?? "";
  // with a target of its own, build scripts and macros go without the flags
  execFileSync("cargo", ["build", "--release", "--bins", "--target", host], {
    cwd: folder,
    env: { ...process.env, RUSTFLAGS },
    stdio: ["ignore", "inherit", "inherit"],
  });
  return path.join(folder, "target", host, "release");
}

/**
 * @param {string} target
 * @returns {string} the folder with what it begins with and what it learns
 */
function prepareCorpus(target) {
  const corpus = path.join(folder, "corpus", target);
  fs.mkdirSync(corpus, { recursive: true });
  const write = /** @type {Record<string, () => (string | Buffer)[]>} */ (
    RECORDED
  )[target];
  for (const input of write?.() ?? []) {
    const name = createHash("sha1").update(input).digest("hex");
    fs.writeFileSync(path.join(corpus, name), input);
  }
  return corpus;
}

/**
 * @param {string} program
 * @param {string} target
 * @param {number} minutes
 * @returns {Promise<Outcome>}
 */
async function run(program, target, minutes) {
  const corpus = prepareCorpus(target);
  const artifacts = path.join(folder, "artifacts", target);
  fs.mkdirSync(artifacts, { recursive: true });
  const child = spawn(
    program,
    [
      `-max_total_time=${Math.round(minutes * 60)}`,
      `-max_len=${MAX_LENGTH}`,
      `-timeout=${MAX_SECONDS}`,
      `-rss_limit_mb=${MAX_MEMORY}`,
      `-artifact_prefix=${artifacts}${path.sep}`,
      "-print_final_stats=1",
      corpus,
      path.join(folder, "seeds", target),
    ],
    { stdio: ["ignore", "inherit", "pipe"] },
  );
  let log = "";
  child.stderr.on("data", (chunk) => (log += chunk));
  const code = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const stat = (/** @type {string} */ name) =>
    new RegExp(`stat::${name}:\\s*(\\d+)`).exec(log)?.[1] ?? "?";
  if (code !== 0) {
    console.log(log.slice(-4000));
  }
  return {
    target,
    ok: code === 0,
    executions: stat("number_of_executed_units"),
    perSecond: stat("average_exec_per_sec"),
    slowest: stat("slowest_unit_time_sec"),
    corpus: fs.readdirSync(corpus).length,
  };
}

/** @param {Outcome} outcome */
function describe({ target, ok, executions, perSecond, slowest, corpus }) {
  const finding = ok ? "no finding" : `a FINDING: see fuzz/artifacts/${target}`;
  return `${target}: ${executions} executions, ${perSecond} a second, the slowest ${slowest} s, ${corpus} inputs in the corpus, ${finding}`;
}

async function main() {
  const known = Object.keys(RECORDED);
  const [minutes = "1", ...targets] = process.argv.slice(2);
  const unknown = targets.filter((target) => !known.includes(target));
  if (!(Number(minutes) > 0) || unknown.length > 0) {
    console.error(
      `usage: npm run fuzz -- <minutes> [${known.join(" | ")}], got: ${[minutes, ...targets].join(" ")}`,
    );
    process.exitCode = 2;
    return;
  }
  const programs = build();
  for (const target of targets.length > 0 ? targets : known) {
    console.log(`${target}: running for ${minutes} min`);
    const program = path.join(programs, target);
    const outcome = await run(program, target, Number(minutes));
    console.log(describe(outcome));
    if (!outcome.ok) {
      process.exitCode = 1;
    }
  }
}

void main();
