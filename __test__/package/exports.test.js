"use strict";

const assert = require("node:assert/strict");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { spawnSync } = require("node:child_process");
const { describe, it } = require("node:test");
const {
  findExportProblems,
  reasonToLeaveOut,
} = require("../../scripts/packaging/exports.js");
const { mainTarball } = require("./packed.js");

describe(
  "publint and are-the-types-wrong",
  { skip: reasonToLeaveOut() },
  () => {
    it("have nothing to say", async () => {
      assert.deepEqual(await findExportProblems(mainTarball()), []);
    });

    it("say something of a package whose types are not found", async (t) => {
      const folder = fs.mkdtempSync(path.join(os.tmpdir(), "exports-test-"));
      t.after(() => fs.rmSync(folder, { recursive: true }));
      const manifest = { name: "x", version: "1.0.0", type: "commonjs" };
      // the condition that comes first wins, so that the types are never found
      const exported = { default: "./index.js", types: "./types.d.ts" };
      fs.writeFileSync(
        path.join(folder, "package.json"),
        JSON.stringify({ ...manifest, exports: exported }),
      );
      fs.writeFileSync(path.join(folder, "index.js"), "exports.x = 1;");
      fs.writeFileSync(
        path.join(folder, "types.d.ts"),
        "export declare const x: number;",
      );
      const { stdout } = spawnSync("npm", ["pack", "--silent"], {
        cwd: folder,
        encoding: "utf8",
        shell: process.platform === "win32",
      });
      const problems = await findExportProblems(
        path.join(folder, stdout.trim()),
      );
      assert.deepEqual(
        [...new Set(problems.map((problem) => problem.split(":")[0]))],
        ["publint", "are-the-types-wrong"],
        problems.join("\n"),
      );
    });
  },
);
