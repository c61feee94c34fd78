"use strict";

// The workflows, and the actions of this repository, as the tests of them want them.

const fs = require("node:fs");
const path = require("node:path");
const { parse } = require("yaml");

const root = path.join(__dirname, "..", "..");
const folder = path.join(root, ".github", "workflows");
const actionsFolder = path.join(root, ".github", "actions");

/** @typedef {{ uses?: string, run?: string, shell?: string, env?: Record<string, string> }} WorkflowStep */
/** @typedef {Record<string, any> & { steps?: WorkflowStep[] }} Job without steps when it calls another workflow */
/** @typedef {{ file: string, text: string, content: Record<string, any> }} Source */

/**
 * @param {string} place
 * @param {string} file its name in messages
 * @returns {Source}
 */
function read(place, file) {
  const text = fs.readFileSync(place, "utf8");
  return { file, text, content: parse(text) };
}

const workflows = fs
  .readdirSync(folder)
  .map((file) => read(path.join(folder, file), file));

const actions = fs
  .readdirSync(actionsFolder)
  .map((name) => read(path.join(actionsFolder, name, "action.yml"), name));

/**
 * @param {string} file
 * @returns {Source}
 */
function workflow(file) {
  const found = workflows.find((other) => other.file === file);
  if (found === undefined) throw new Error(`there is no ${file}`);
  return found;
}

/**
 * @param {Source} source
 * @returns {Record<string, Job>} those of a workflow; an action is as one job
 */
function jobsOf({ file, content }) {
  return content["jobs"] ?? { [file]: content["runs"] };
}

/**
 * @param {Source} source
 * @returns {WorkflowStep[]}
 */
function stepsOf(source) {
  return Object.values(jobsOf(source)).flatMap(({ steps }) => steps ?? []);
}

/**
 * @param {Source} source
 * @returns {string[]} what it has a shell do
 */
function scriptsOf(source) {
  return stepsOf(source).flatMap(({ run }) => (run ? [run] : []));
}

module.exports = {
  actions,
  folder,
  jobsOf,
  root,
  scriptsOf,
  stepsOf,
  workflow,
  workflows,
};
