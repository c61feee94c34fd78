"use strict";

// Chains of every shape: the certificates that the database sends, and those that the client trusts.

const { setExtension } = require("../draft.js");
const { unknown } = require("../extensions.js");

/** @typedef {import("../draft.js").Draft} Draft */
/** @typedef {import("../plan.js").Plan} Plan */
/** @typedef {Record<string, (plan: Plan) => void>} Twists by description */

/**
 * @param {Plan} plan
 * @param {string} [label]
 */
function makeStranger(plan, label = "stranger") {
  return plan.makeAuthority(label);
}

/**
 * @param {Plan} plan
 * @param {Draft} draft
 * @param {number} [from] the first place that is allowed; the leaf has 0
 */
function sendSomewhere({ random, sent }, draft, from = 1) {
  sent.splice(
    random.integer(Math.min(from, sent.length), sent.length),
    0,
    draft,
  );
}

/**
 * @param {Plan} plan
 * @param {number} chance
 */
function maybePartial(plan, chance = 0.5) {
  if (plan.random.next() >= chance) return;
  plan.note("allowPartialTrustChain");
  const { connection } = plan;
  const { makeSsl } = connection;
  connection.makeSsl = (ca) => ({
    ...makeSsl(ca),
    allowPartialTrustChain: true,
  });
}

/**
 * @template T
 * @param {Plan} plan
 * @param {T[]} list
 */
function shuffle({ random }, list) {
  for (let i = list.length - 1; i > 0; i -= 1) {
    const j = random.integer(0, i);
    [list[i], list[j]] = /** @type {[T, T]} */ ([list[j], list[i]]);
  }
}

/** @type {Twists} */
const sending = {
  "an intermediate left out": (plan) => {
    const missing = plan.pickIntermediate();
    plan.sent = plan.sent.filter((draft) => draft !== missing);
  },
  "only the leaf sent": (plan) => {
    plan.pickIntermediate();
    plan.sent = [plan.leaf];
  },
  "the root sent along": (plan) => sendSomewhere(plan, plan.root),
  "a certificate sent twice": (plan) =>
    sendSomewhere(plan, plan.random.pick(plan.sent)),
  shuffled: (plan) => {
    plan.pickIntermediate();
    plan.addIntermediate();
    const [leaf, ...others] = [plan.leaf, ...plan.intermediates, plan.root];
    shuffle(plan, others);
    plan.sent = [/** @type {Draft} */ (leaf), ...others];
  },
  "unrelated ones sent along": (plan) => {
    for (let left = plan.random.integer(1, 4); left > 0; left -= 1) {
      sendSomewhere(plan, makeStranger(plan));
    }
  },
  deep: (plan) => {
    for (let left = plan.random.integer(4, 12); left > 0; left -= 1) {
      plan.sent.push(plan.addIntermediate());
    }
  },
  "about a hundred intermediates": (plan) => {
    // OpenSSL accepts about a hundred
    const count = plan.random.integer(96, 104);
    while (plan.intermediates.length < count) {
      plan.sent.push(plan.addIntermediate());
    }
    plan.note(`${count} of them`);
  },
  "a chain of some 70 KB": (plan) =>
    setExtension(
      plan.pickIntermediate(),
      unknown(false, Buffer.alloc(plan.random.integer(60_000, 75_000))),
    ),
};

/** @type {Twists} */
const trusting = {
  "another root trusted": (plan) => {
    plan.trusted = [makeStranger(plan)];
  },
  "several roots trusted": (plan) => {
    plan.trusted.push(makeStranger(plan), makeStranger(plan, "third"));
    shuffle(plan, plan.trusted);
  },
  "an intermediate trusted": (plan) => {
    plan.trusted = [plan.pickIntermediate()];
    maybePartial(plan);
  },
  "an intermediate trusted, nothing sent": (plan) => {
    plan.trusted = [plan.pickIntermediate()];
    plan.sent = [plan.leaf];
    maybePartial(plan);
  },
  "intermediates and root trusted, nothing sent": (plan) => {
    plan.pickIntermediate();
    plan.trusted = [...plan.intermediates, plan.root];
    plan.sent = [plan.leaf];
  },
  "the leaf trusted": (plan) => {
    plan.trusted = [plan.leaf];
    maybePartial(plan);
  },
  "the leaf and the root trusted": (plan) => {
    plan.trusted = [plan.leaf, plan.root];
    maybePartial(plan, 0.3);
  },
  "an unrelated root and an intermediate trusted": (plan) => {
    plan.trusted = [makeStranger(plan), plan.pickIntermediate()];
    maybePartial(plan, 0.3);
  },
};

module.exports = {
  makeStranger,
  maybePartial,
  sendSomewhere,
  topology: { ...sending, ...trusting },
};
