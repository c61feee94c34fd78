"use strict";

// Extensions of certificates, above all those that restrict their use.

const {
  TAG,
  der,
  objectIdentifier,
  sequence,
} = require("../../support/der.js");
const { dropExtension, setExtension } = require("../draft.js");
const {
  KEY_USAGES,
  OID,
  PURPOSES,
  basicConstraints,
  certificatePolicies,
  extKeyUsage,
  keyUsage,
  make,
  netscapeCertType,
  policyConstraints,
  unknown,
} = require("../extensions.js");
const { uri } = require("../names.js");

/** @typedef {import("../draft.js").Draft} Draft */
/** @typedef {import("../extensions.js").Purpose} Purpose */
/** @typedef {import("../plan.js").Plan} Plan */
/** @typedef {import("./topology.js").Twists} Twists */

const ANY_POLICY = "2.5.29.32.0";

/**
 * @param {Plan} plan
 * @returns {Draft} a leaf, an intermediate or a root, each as often as the others
 */
function pickRole(plan) {
  const role = plan.random.pick(["leaf", "intermediate", "root"]);
  const draft =
    role === "intermediate"
      ? plan.pickIntermediate()
      : role === "root"
        ? plan.root
        : plan.leaf;
  plan.note(draft.label);
  return draft;
}

/**
 * @template T
 * @param {Plan} plan
 * @param {readonly T[]} list
 * @returns {T[]} some of them, perhaps none
 */
function pickSome({ random }, list) {
  return list.filter(() => random.next() < 0.35);
}

/** @type {Twists} */
const constraints = {
  "basic constraints": (plan) => {
    const { random } = plan;
    const draft = pickRole(plan);
    const ca = random.pick([true, false, undefined]);
    const critical = random.next() < 0.6;
    const pathLength = random.pick([undefined, undefined, 0, 1, 2, 200]);
    plan.note(`ca ${ca}, path length ${pathLength}, critical ${critical}`);
    setExtension(draft, basicConstraints({ ca, pathLength, critical }));
  },
  "no basic constraints": (plan) => {
    const draft = pickRole(plan);
    dropExtension(draft, OID.basicConstraints);
    if (plan.random.next() < 0.4) {
      plan.note("and no key usage");
      dropExtension(draft, OID.keyUsage);
    }
  },
  "path length": (plan) => {
    const draft = plan.pickAuthority();
    const below = plan.chain.indexOf(draft) - 1;
    const pathLength = below + plan.random.integer(-1, 1);
    if (pathLength < 0) return;
    plan.note(`${pathLength} of ${draft.label}`);
    setExtension(draft, basicConstraints({ ca: true, pathLength }));
  },
  "path length with intermediates of their own name": (plan) => {
    const issued = plan.pickIntermediate();
    const issuer = plan.addIntermediate();
    plan.sent = [plan.leaf, ...plan.intermediates];
    issuer.subject = issued.subject;
    setExtension(
      plan.root,
      basicConstraints({ ca: true, pathLength: plan.random.integer(0, 2) }),
    );
  },
  "path length below 0 or beyond all": (plan) =>
    setExtension(
      plan.pickAuthority(),
      basicConstraints({
        ca: true,
        pathLength: plan.random.pick([
          Buffer.alloc(9, 0x7f),
          Buffer.from([0, 0, 0, 0, 0, 1]),
        ]),
      }),
    ),
};

/** @type {Twists} */
const usages = {
  "key usage": (plan) => {
    const draft = pickRole(plan);
    const list = pickSome(plan, KEY_USAGES);
    plan.note(list.join("+") || "none");
    setExtension(draft, keyUsage(list, plan.random.next() < 0.6));
  },
  "no key usage": (plan) => dropExtension(pickRole(plan), OID.keyUsage),
  "extended key usage": (plan) => {
    const draft = pickRole(plan);
    const all = /** @type {Purpose[]} */ (Object.keys(PURPOSES));
    const list = pickSome(plan, all);
    plan.note(list.join("+") || "none");
    setExtension(draft, extKeyUsage(list, plan.random.next() < 0.3));
  },
  "one extended key usage": (plan) => {
    const draft = pickRole(plan);
    const all = /** @type {Purpose[]} */ (Object.keys(PURPOSES));
    const purpose = plan.random.pick(all);
    plan.note(purpose);
    setExtension(draft, extKeyUsage([purpose], plan.random.next() < 0.3));
  },
  "Netscape's type of certificate": (plan) => {
    const draft = pickRole(plan);
    const list = pickSome(plan, [0, 1, 2, 3, 5, 6, 7]);
    plan.note(list.join("+") || "none");
    setExtension(draft, netscapeCertType(list));
    if (plan.random.next() < 0.4) dropExtension(draft, OID.basicConstraints);
  },
};

/** @type {Twists} */
const others = {
  "an unknown critical extension": (plan) =>
    setExtension(pickRole(plan), unknown(true)),
  "an unknown extension": (plan) =>
    setExtension(pickRole(plan), unknown(false)),
  "an extension twice": (plan) => {
    const draft = pickRole(plan);
    const [first] = draft.extensions;
    const doubled = draft.extensions.length
      ? plan.random.pick(draft.extensions)
      : first;
    if (!doubled) return;
    plan.note(doubled.oid);
    draft.extensions.push({ ...doubled });
  },
  "basic constraints twice, not the same": (plan) => {
    const draft = pickRole(plan);
    draft.extensions.unshift(
      basicConstraints({ ca: plan.random.next() < 0.5 }),
    );
  },
  "an extension critical that is not, or the other way round": (plan) => {
    const draft = pickRole(plan);
    if (draft.extensions.length === 0) return;
    const index = plan.random.integer(0, draft.extensions.length - 1);
    const changed = draft.extensions[index];
    if (!changed) return;
    plan.note(changed.oid);
    draft.extensions[index] = { ...changed, critical: !changed.critical };
  },
  "extensions in another order": (plan) => {
    pickRole(plan).extensions.reverse();
  },
  "an extension that is no DER": (plan) => {
    const draft = pickRole(plan);
    if (draft.extensions.length === 0) return;
    const broken = plan.random.pick(draft.extensions);
    plan.note(broken.oid);
    setExtension(draft, {
      ...broken,
      value: Buffer.from([0x30, 0x05, 0x01]),
    });
  },
  "an empty extension": (plan) => {
    const draft = pickRole(plan);
    if (draft.extensions.length === 0) return;
    const emptied = plan.random.pick(draft.extensions);
    plan.note(emptied.oid);
    setExtension(draft, {
      ...emptied,
      value: plan.random.next() < 0.5 ? Buffer.alloc(0) : sequence(),
    });
  },
  "certificate policies": (plan) => {
    const list = pickSome(plan, ["1.2.3.4", "1.2.3.5", ANY_POLICY]);
    plan.note(list.join("+") || "none");
    setExtension(
      pickRole(plan),
      certificatePolicies(list, plan.random.next() < 0.5),
    );
  },
  "policies wanted": (plan) => {
    setExtension(pickRole(plan), policyConstraints(plan.random.integer(0, 2)));
  },
  "no policy but named ones": (plan) =>
    setExtension(
      pickRole(plan),
      make("inhibitAnyPolicy", der(TAG.INTEGER, Buffer.from([0])), true),
    ),
  "policy mappings": (plan) =>
    setExtension(
      pickRole(plan),
      make(
        "policyMappings",
        sequence(
          sequence(objectIdentifier("1.2.3.4"), objectIdentifier("1.2.3.5")),
        ),
        plan.random.next() < 0.5,
      ),
    ),
  "a stapled answer promised": (plan) =>
    setExtension(
      pickRole(plan),
      make(
        "tlsFeature",
        sequence(der(TAG.INTEGER, Buffer.from([5]))),
        plan.random.next() < 0.4,
      ),
    ),
  "a certificate for a log only": (plan) =>
    setExtension(pickRole(plan), make("ctPoison", der(TAG.NULL), true)),
  "a comment": (plan) =>
    setExtension(
      pickRole(plan),
      make("netscapeComment", der(TAG.IA5_STRING, Buffer.from("hello"))),
    ),
  "where to ask about it": (plan) =>
    setExtension(
      pickRole(plan),
      make(
        "authorityInfoAccess",
        sequence(
          sequence(
            objectIdentifier("1.3.6.1.5.5.7.48.1"),
            uri("http://ocsp.example.test/"),
          ),
        ),
        plan.random.next() < 0.2,
      ),
    ),
};

module.exports = {
  extensions: { ...constraints, ...usages, ...others },
  pickRole,
};
