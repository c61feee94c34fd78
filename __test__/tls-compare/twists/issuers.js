"use strict";

// Certificates with unusual issuers: themselves, each other, a leaf, or one of several with the same name.

const { dropExtension, setExtension, timeOf } = require("../draft.js");
const {
  OID,
  basicConstraints,
  keyUsage,
  subjectKeyId,
} = require("../extensions.js");
const { makeStranger, maybePartial, sendSomewhere } = require("./topology.js");

/** @typedef {import("../plan.js").Plan} Plan */
/** @typedef {import("./topology.js").Twists} Twists */

/**
 * @param {Plan} plan
 * @param {boolean} isTrusted
 */
function makeSelfSigned(plan, isTrusted) {
  const { leaf, random } = plan;
  leaf.issuer = leaf;
  plan.sent = [leaf];
  plan.trusted = [isTrusted ? leaf : plan.root];
  if (random.next() < 0.4) {
    plan.note("an authority");
    setExtension(leaf, basicConstraints({ ca: true }));
  }
  if (random.next() < 0.3) {
    plan.note("with the usage of authorities");
    setExtension(leaf, keyUsage(["keyCertSign", "digitalSignature"]));
  }
  if (random.next() < 0.2) {
    dropExtension(leaf, OID.keyUsage);
    dropExtension(leaf, OID.basicConstraints);
  }
  maybePartial(plan, 0.2);
}

/** @type {Twists} */
const issuers = {
  "self-signed": (plan) => makeSelfSigned(plan, false),
  "self-signed and trusted": (plan) => makeSelfSigned(plan, true),
  "a self-signed leaf like the trusted one": (plan) => {
    makeSelfSigned(plan, true);
    const copy = plan.copy(plan.leaf);
    if (plan.random.next() < 0.5) {
      plan.note("with another key");
      copy.key = plan.newKey();
      copy.issuer = copy;
    }
    plan.trusted = [copy];
  },
  "issuer and subject the same, yet not self-signed": (plan) => {
    plan.leaf.subject = plan.leaf.issuer.subject;
  },
  "issued by a leaf": (plan) => {
    const { leaf } = plan;
    const last = plan.copy(leaf, {
      label: "leaf of a leaf",
      subject: [{ type: "commonName", value: "last" }],
      issuer: leaf,
      key: plan.newKey(),
    });
    plan.sent = [last, ...plan.sent];
    plan.leaf = last;
    plan.intermediates.unshift(leaf);
    if (plan.random.next() < 0.4) {
      plan.note("which is called an authority");
      setExtension(leaf, basicConstraints({ ca: true }));
    }
  },
  "a leaf that is an authority": (plan) => {
    setExtension(plan.leaf, basicConstraints({ ca: true }));
    if (plan.random.next() < 0.5) {
      setExtension(plan.leaf, keyUsage(["keyCertSign"]));
    }
  },
  "the root certified by another one": (plan) => {
    const older = makeStranger(plan, "older root");
    const crossed = plan.copy(plan.root, { issuer: older });
    plan.sent.push(crossed);
    plan.trusted = plan.random.pick([
      [older],
      [plan.root],
      [older, plan.root],
      [crossed],
      [makeStranger(plan)],
    ]);
    plan.note(plan.trusted.map(({ label }) => `trusted: ${label}`).join(", "));
    if (plan.random.next() < 0.3) plan.sent.push(older);
    maybePartial(plan, 0.3);
  },
  "two authorities that certified each other": (plan) => {
    const first = plan.pickIntermediate();
    const second = plan.addIntermediate();
    const back = plan.copy(second, { issuer: first });
    plan.sent = [plan.leaf, ...plan.intermediates];
    sendSomewhere(plan, back);
    const isTrusted = plan.random.next() < 0.6;
    if (!isTrusted) {
      plan.note("without a path to the root");
      plan.sent = plan.sent.filter((draft) => draft !== second);
    }
    if (plan.random.next() < 0.2) {
      plan.trusted = [back];
      maybePartial(plan);
    }
  },
  "another intermediate of the same name": (plan) => {
    const real = plan.pickIntermediate();
    const decoy = plan.copy(real, { key: plan.newKey(), label: "decoy" });
    if (plan.random.next() < 0.5) {
      plan.note("and of the same key identifier");
      setExtension(
        decoy,
        subjectKeyId(() => real.key.identifier),
      );
    }
    if (plan.random.next() < 0.3) {
      plan.note("instead of it");
      plan.sent = plan.sent.map((draft) => (draft === real ? decoy : draft));
    } else sendSomewhere(plan, decoy);
  },
  "another root of the same name": (plan) => {
    const decoy = plan.copy(plan.root, { key: plan.newKey(), label: "decoy" });
    decoy.issuer = decoy;
    if (plan.random.next() < 0.3) {
      setExtension(
        decoy,
        subjectKeyId(() => plan.root.key.identifier),
      );
      dropExtension(decoy, OID.authorityKeyId);
    }
    plan.trusted = plan.random.pick([
      [decoy, plan.root],
      [plan.root, decoy],
      [decoy],
    ]);
    plan.note(plan.trusted.map(({ label }) => label).join(", "));
    if (plan.random.next() < 0.3) plan.sent.push(plan.root);
  },
  "an expired twin of an intermediate": (plan) => {
    const expired = plan.copy(plan.pickIntermediate(), {
      notAfter: timeOf(-3),
    });
    sendSomewhere(plan, expired);
  },
  "an expired twin of the root": (plan) => {
    const expired = plan.copy(plan.root, { notAfter: timeOf(-3) });
    expired.issuer = expired;
    plan.trusted = plan.random.pick([
      [expired, plan.root],
      [plan.root, expired],
      [expired],
    ]);
    if (plan.random.next() < 0.5) sendSomewhere(plan, plan.root);
  },
  "the trusted root renewed": (plan) => {
    const renewed = plan.copy(plan.root);
    renewed.issuer = renewed;
    plan.trusted = [renewed];
    if (plan.random.next() < 0.5) plan.sent.push(plan.root);
  },
  "a twin of the leaf sent along": (plan) => {
    const twin = plan.copy(plan.leaf, { notAfter: timeOf(40) });
    sendSomewhere(plan, twin);
  },
  "the same serial number everywhere": (plan) => {
    for (const draft of plan.chain) draft.serial = 1;
  },
  "signed by another key": (plan) => {
    plan.pickAny().signer = plan.newKey();
  },
};

module.exports = { issuers };
