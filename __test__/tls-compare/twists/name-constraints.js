"use strict";

// Restrictions of the names that an authority may certify.

const { dropExtension, setExtension } = require("../draft.js");
const { OID, nameConstraints } = require("../extensions.js");
const {
  directory,
  distinguishedName,
  dns,
  email,
  ip,
  uri,
} = require("../names.js");
const { pickRole } = require("./extensions.js");

/** @typedef {import("./topology.js").Twists} Twists */

/** Names that can be permitted or excluded. @type {Record<string, () => Buffer>} */
const SUBTREES = {
  "dns localhost": () => dns("localhost"),
  "dns LOCALHOST": () => dns("LOCALHOST"),
  "dns example.test": () => dns("example.test"),
  "dns .example.test": () => dns(".example.test"),
  "dns test": () => dns("test"),
  "dns db.example.test": () => dns("db.example.test"),
  "dns ample.test": () => dns("ample.test"),
  "dns of everything": () => dns(""),
  "dns elsewhere.test": () => dns("elsewhere.test"),
  "ip 127.0.0.0/8": () => ip("127.0.0.0/255.0.0.0"),
  "ip 10.0.0.0/8": () => ip("10.0.0.0/255.0.0.0"),
  "ip 0.0.0.0/0": () => ip("0.0.0.0/0.0.0.0"),
  "ip 127.0.0.1/255.0.255.0": () => ip("127.0.0.1/255.0.255.0"),
  "ip without a mask": () => ip("127.0.0.1"),
  "ip of version 6": () => ip("00".repeat(32)),
  "email example.test": () => email("example.test"),
  "email of one": () => email("someone@example.test"),
  "uri example.test": () => uri("example.test"),
  "uri .example.test": () => uri(".example.test"),
};

/** @type {Twists} */
const restrictedNames = {
  "name constraints": (plan) => {
    const { random } = plan;
    const draft = pickRole(plan);
    const names = Object.keys(SUBTREES);
    const chosen = Array.from({ length: random.integer(1, 3) }, () =>
      random.pick(names),
    );
    const bases = chosen.map((name) =>
      /** @type {() => Buffer} */ (SUBTREES[name])(),
    );
    const kind = random.pick(["permitted", "excluded"]);
    plan.note(`${kind}: ${chosen.join(", ")}`);
    setExtension(
      draft,
      nameConstraints({ [kind]: bases, critical: random.next() < 0.7 }),
    );
    if (random.next() < 0.3) {
      plan.note("no alternative names");
      dropExtension(plan.leaf, OID.subjectAltName);
      plan.leaf.subject = [{ type: "commonName", value: plan.connection.host }];
    }
  },
  "constraints of the subject": (plan) => {
    const { random, leaf } = plan;
    const draft = pickRole(plan);
    const name = random.pick([
      leaf.subject,
      leaf.subject.slice(0, 1),
      [],
      [{ type: /** @type {const} */ ("organisation"), value: "Other" }],
    ]);
    const kind = random.pick(["permitted", "excluded"]);
    plan.note(`${kind}: ${name.map(({ value }) => value).join(", ")}`);
    setExtension(
      draft,
      nameConstraints({ [kind]: [directory(distinguishedName(name))] }),
    );
  },
  "empty name constraints": (plan) =>
    setExtension(pickRole(plan), nameConstraints({})),
};

module.exports = { restrictedNames };
