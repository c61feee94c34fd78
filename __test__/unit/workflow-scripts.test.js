"use strict";

// What the workflows and the actions have a shell do: whether it is a shell's, whether the scripts, files, steps and
// runtimes that it names are there, and what of it can run anywhere runs.

const assert = require("node:assert/strict");
const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { describe, it } = require("node:test");
const { RUNTIMES } = require("../../scripts/runtimes.js");
const { allSteps, matrixSteps } = require("../../scripts/steps.js");
const { NEWEST } = require("../../scripts/postgres-versions.js");
const manifest = require("../../package.json");
const {
  actions,
  jobsOf,
  root,
  scriptsOf,
  workflows,
} = require("./workflow-files.js");

/** @typedef {import("./workflow-files.js").Job} Job */

const sources = [...workflows, ...actions];
const scripts = sources.flatMap(scriptsOf);

/** As GitHub starts it, for `shell: bash`. */
const BASH = ["--noprofile", "--norc", "-e", "-o", "pipefail"];

/** @param {string} program */
function isInstalled(program) {
  return spawnSync(program, ["--version"]).status === 0;
}

const noBash = !isInstalled("bash") && "left out: bash is not installed";
const noShellcheck =
  !isInstalled("shellcheck") && "left out: shellcheck is not installed";

/** @returns {string[][]} the words of every line of the scripts, those of a continued line together */
function commands() {
  return scripts
    .join("\n")
    .replaceAll("\\\n", " ")
    .split("\n")
    .map((line) => line.trim().split(/\s+/));
}

/**
 * @param {string} command
 * @returns {string[]} what follows it, in all scripts, other than options and variables
 */
function argumentsOf(command) {
  return commands()
    .map((words) => words.join(" "))
    .filter((line) => line === command || line.startsWith(`${command} `))
    .flatMap((line) => line.slice(command.length).split(" "))
    .filter((word) => /^\w/.test(word));
}

/**
 * Runs a script of a workflow.
 *
 * @param {string} script
 * @param {Record<string, string>} env
 */
function run(script, env) {
  return spawnSync("bash", [...BASH, "-c", script], {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
}

/**
 * @param {string} part
 * @returns {string} the script with it
 */
function scriptWith(part) {
  const [found, ...others] = scripts.filter((script) => script.includes(part));
  assert.ok(found !== undefined && others.length === 0, part);
  return found;
}

describe("the scripts of the workflows", () => {
  for (const source of sources) {
    describe(source.file, () => {
      it("have no expression, which would become a part of them", () => {
        for (const script of scriptsOf(source)) {
          assert.ok(!script.includes("${{"), script);
        }
      });

      it("are those of a shell", { skip: noBash }, () => {
        for (const script of scriptsOf(source)) {
          const { status, stderr } = spawnSync("bash", ["-n"], {
            input: script,
            encoding: "utf8",
          });
          assert.equal(status, 0, `${script}\n${stderr}`);
        }
      });

      it("have nothing that shellcheck finds", { skip: noShellcheck }, () => {
        for (const script of scriptsOf(source)) {
          const { status, stdout } = spawnSync(
            "shellcheck",
            ["--shell=bash", "-"],
            { input: script, encoding: "utf8" },
          );
          assert.equal(status, 0, `${script}\n${stdout}`);
        }
      });
    });
  }

  it("are bash's where there may be Windows, unless any shell reads them alike", () => {
    const jobs = workflows.flatMap((source) => Object.values(jobsOf(source)));
    const onWindows = jobs.filter((job) => {
      const machines = [job["runs-on"], job["strategy"]?.matrix];
      return JSON.stringify(machines).includes("windows");
    });
    assert.ok(onWindows.length >= 4);
    for (const job of onWindows) {
      const usual = job["defaults"]?.run.shell;
      for (const { run: script = "", shell = usual } of job.steps ?? []) {
        const isPlain = /^[\w \-./:]*$/.test(script);
        assert.ok(isPlain || shell === "bash", script);
      }
    }
  });

  it("name npm scripts that exist, which run files that exist", () => {
    const names = [
      ...scripts.join("\n").matchAll(/\bnpm (?:run ([\w:]+)|(test)\b)/g),
    ].map(([, name, test]) => String(name ?? test));
    assert.ok(names.includes("test") && names.includes("pack"));
    for (const name of names) {
      const command = /** @type {Record<string, string>} */ (manifest.scripts)[
        name
      ];
      assert.ok(command, `npm run ${name}`);
      const files = [...command.matchAll(/\bnode (\S+)/g)];
      for (const [, file = ""] of files) {
        assert.ok(fs.existsSync(path.join(root, file)), command);
      }
    }
  });

  it("name files of this repository that exist", () => {
    const files = [
      ...scripts.join("\n").matchAll(/\b(scripts|__test__)\/[\w./-]+/g),
    ].map(([file]) => file);
    assert.ok(files.length > 0);
    for (const file of files) {
      assert.ok(fs.existsSync(path.join(root, file)), file);
    }
  });

  it("name steps, suites and runtimes that exist", () => {
    const steps = new Set(allSteps().map(({ name }) => name));
    const suites = new Set(matrixSteps(NEWEST).map(({ name }) => name));
    const runtimes = new Set(RUNTIMES.map(({ name }) => name));
    /** @type {[command: string, known: Set<string>][]} */
    const lists = [
      ["node scripts/test.js", steps],
      ["npm test --", steps],
      ["npm run test:matrix --", suites],
      ["npm run test:runtimes --", runtimes],
    ];
    const named = lists.flatMap(([command, known]) =>
      argumentsOf(command).map((name) => ({ name, known })),
    );
    assert.ok(named.length >= 5);
    assert.deepEqual(
      named.filter(({ name, known }) => !known.has(name)),
      [],
    );
  });
});

describe("a script that can run anywhere", { skip: noBash }, () => {
  it("refuses a tag that is not of the version", () => {
    const check = (/** @type {string} */ tag) =>
      run(scriptWith("--check"), { GITHUB_REF_NAME: tag });
    const { status, stderr } = check("v999.0.0");
    assert.notEqual(status, 0);
    assert.match(stderr, /The tag is v999\.0\.0,/);
    // whether CHANGELOG.md has it yet is another matter
    assert.doesNotMatch(check(`v${manifest.version}`).stderr, /The tag is/);
  });

  it("has the oldest Rust from Cargo.toml", (t) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "workflow-"));
    t.after(() => fs.rmSync(folder, { recursive: true }));
    const file = path.join(folder, "environment");
    // it would fetch it
    const rustup = 'rustup() { echo "rustup $*"; }\n';
    const script = rustup + scriptWith("rust-version");
    const { status, stdout } = run(script, { GITHUB_ENV: file });
    assert.equal(status, 0);

    const cargo = fs.readFileSync(path.join(root, "Cargo.toml"), "utf8");
    const [, oldest] = /^rust-version = "(\d+\.\d+)"$/m.exec(cargo) ?? [];
    assert.equal(
      stdout,
      `rustup toolchain install ${oldest} --profile minimal\n`,
    );
    assert.equal(fs.readFileSync(file, "utf8"), `RUSTUP_TOOLCHAIN=${oldest}\n`);
  });
});
