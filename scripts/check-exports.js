"use strict";

// npm run check:exports

const path = require("node:path");
const {
  findExportProblems,
  reasonToLeaveOut,
} = require("./packaging/exports.js");
const { packMain } = require("./packaging/stage.js");
const { ensureReady, root, SetupError } = require("./setup.js");

/** @returns {Promise<string[]>} what to print; the first line is the verdict */
async function check() {
  const reason = reasonToLeaveOut();
  if (reason !== undefined) return [reason];
  await ensureReady();
  const { file } = await packMain(path.join(root, "binding.js"));
  const problems = await findExportProblems(file);
  process.exitCode = problems.length === 0 ? 0 : 1;
  return problems.length === 0
    ? ["The exports are as they should be."]
    : problems;
}

check().then(
  (lines) => console.log(lines.join("\n")),
  (error) => {
    console.error(error instanceof SetupError ? error.message : error);
    process.exitCode = 1;
  },
);
