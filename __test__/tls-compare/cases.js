"use strict";

// The cases. The name of a case is the seed from which all of it is generated.

const { Plan } = require("./plan.js");
const { toPem } = require("./draft.js");
const { algorithms } = require("./twists/algorithms.js");
const { answers } = require("./twists/answers.js");
const { authorities } = require("./twists/authorities.js");
const { dates } = require("./twists/dates.js");
const { environment } = require("./twists/environment.js");
const { extensions } = require("./twists/extensions.js");
const { handshakes } = require("./twists/handshakes.js");
const { identifiers } = require("./twists/identifiers.js");
const { impostors } = require("./twists/impostors.js");
const { issuers } = require("./twists/issuers.js");
const { modes } = require("./twists/modes.js");
const { mutations } = require("./twists/mutations.js");
const { restrictedNames } = require("./twists/name-constraints.js");
const { names } = require("./twists/names.js");
const { options } = require("./twists/options.js");
const { topology } = require("./twists/topology.js");

/** @typedef {import("./tls-front.js").Showing} Showing */
/** @typedef {import("./twists/topology.js").Twists} Twists */

/**
 * @typedef {object} Case
 * @property {string} name
 * @property {string} description
 * @property {Showing} showing of the database under test
 * @property {Showing[]} showings for each connection of the engine; the last one is for all further ones
 * @property {(port: number, folder: string) => any} toSettings called for each client
 * @property {Plan} plan
 */

/** @type {Record<string, Twists>} */
const GROUPS = {
  topology: { ...topology, ...issuers, ...identifiers },
  extensions,
  constraints: restrictedNames,
  names,
  algorithms,
  dates,
  mutations,
  authorities,
  options,
  modes,
  answers,
  handshakes,
  impostors,
  environment,
};

/** Groups whose twists can be combined. */
const COMBINED = ["topology", "extensions", "algorithms", "dates", "names"];
/** The probability of a second twist. */
const COMBINED_CHANCE = 0.25;

/** The groups of the cases in an environment, in turn. */
const IN_ENVIRONMENT = [
  "environment",
  "environment",
  "environment",
  "options",
  "modes",
  "topology",
];

/**
 * @param {Plan} plan
 * @param {string} group
 */
function twist(plan, group) {
  const twists = GROUPS[group];
  if (!twists) throw new Error(`there is no group of cases "${group}"`);
  const name = plan.random.pick(Object.keys(twists));
  plan.note(name);
  twists[name]?.(plan);
}

/**
 * A name is `group:number`, or `environment/group:number`.
 *
 * @param {string} name
 * @returns {{ environment: string, group: string }}
 */
function readName(name) {
  const [, surroundings = "", group = ""] =
    /^(?:(.*)\/)?([a-z]+):/.exec(name) ?? [];
  return { environment: surroundings, group };
}

/**
 * @param {string} name
 * @returns {Case}
 */
function makeCase(name) {
  const { group } = readName(name);
  const plan = new Plan(name);
  if (COMBINED.includes(group) && plan.random.next() < COMBINED_CHANCE) {
    twist(plan, plan.random.pick(COMBINED));
  }
  twist(plan, group);
  const { connection, genuine } = plan;
  const showing = plan.toShowing();
  const ca = plan.trusted.map(toPem).join("");
  const place = `${connection.host}${connection.servername && ` as ${connection.servername}`}`;
  const depth = plan.intermediates.length;
  return {
    name,
    description: `${plan.notes.join("; ")} (${place}, ${depth} intermediates)`,
    showing,
    showings: genuine
      ? plan.isGenuine.map((is) => (is ? genuine : showing))
      : [showing],
    toSettings: (port, folder) => connection.toSettings(port, ca, folder),
    plan,
  };
}

/** Every fifth case has an environment of its own. */
const ENVIRONMENT_INTERVAL = 5;

/**
 * @param {number} count
 * @param {number} seed
 * @param {string[]} surroundings the names of the environments
 * @returns {string[]} the names of `count` cases
 */
function caseNames(count, seed, surroundings) {
  const groups = Object.keys(GROUPS);
  const special = surroundings.filter((name) => name !== "");
  return Array.from({ length: count }, (_, index) => {
    const number = seed * 1_000_000 + index;
    const turn = Math.floor(index / ENVIRONMENT_INTERVAL);
    if (index % ENVIRONMENT_INTERVAL === 0 && special.length > 0) {
      const own = special[turn % special.length];
      const round = Math.floor(turn / special.length);
      const group = IN_ENVIRONMENT[round % IN_ENVIRONMENT.length];
      return `${own}/${group}:${number}`;
    }
    return `${groups[index % groups.length]}:${number}`;
  });
}

module.exports = { caseNames, makeCase, readName };
