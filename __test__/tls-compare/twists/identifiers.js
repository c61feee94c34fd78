"use strict";

// The names, key identifiers and versions by which a chain holds together.

const { TAG } = require("../../support/der.js");
const { dropExtension, setExtension } = require("../draft.js");
const { OID, authorityKeyId, subjectKeyId } = require("../extensions.js");
const { directory, distinguishedName } = require("../names.js");

/** @typedef {import("../draft.js").Draft} Draft */
/** @typedef {import("../names.js").Attribute} Attribute */
/** @typedef {import("../plan.js").Plan} Plan */
/** @typedef {import("./topology.js").Twists} Twists */

/** @type {Record<string, (draft: Draft) => void>} */
const AUTHORITY_KEY_IDS = {
  none: (draft) => dropExtension(draft, OID.authorityKeyId),
  "of another key": (draft) =>
    setExtension(
      draft,
      authorityKeyId(() => ({ identifier: Buffer.alloc(20, 7) })),
    ),
  empty: (draft) =>
    setExtension(
      draft,
      authorityKeyId(() => ({})),
    ),
  "by issuer and serial number": (draft) =>
    setExtension(
      draft,
      authorityKeyId(({ issuer }) => ({
        issuer: directory(
          distinguishedName(
            /** @type {Draft} */ (issuer).issuer?.subject ?? issuer.subject,
          ),
        ),
        serial: issuer.serial,
      })),
    ),
  "by another serial number": (draft) =>
    setExtension(
      draft,
      authorityKeyId(({ issuer }) => ({
        identifier: issuer.key.identifier,
        issuer: directory(distinguishedName(issuer.subject)),
        serial: 4711,
      })),
    ),
  "by another issuer": (draft) =>
    setExtension(
      draft,
      authorityKeyId(({ issuer }) => ({
        issuer: directory(
          distinguishedName([{ type: "commonName", value: "nobody" }]),
        ),
        serial: issuer.serial,
      })),
    ),
};

const STRING_TYPES = [
  TAG.PRINTABLE_STRING,
  TAG.T61_STRING,
  TAG.IA5_STRING,
  TAG.BMP_STRING,
  TAG.UNIVERSAL_STRING,
];

/**
 * @param {Plan} plan
 * @param {(attribute: Attribute) => Attribute} change
 */
function changeIssuerName(plan, change) {
  const draft = plan.pickAny();
  draft.issuerName = draft.issuer.subject.map(change);
}

/** @type {Twists} */
const identifiers = {
  "identifier of the issuer's key": (plan) => {
    const draft = plan.pickAny();
    const kind = plan.random.pick(Object.keys(AUTHORITY_KEY_IDS));
    plan.note(`${draft.label}: ${kind}`);
    AUTHORITY_KEY_IDS[kind]?.(draft);
  },
  "no identifier of the own key": (plan) =>
    dropExtension(plan.pickAny(), OID.subjectKeyId),
  "identifier of the own key another one": (plan) =>
    setExtension(
      plan.pickAny(),
      subjectKeyId(() => Buffer.alloc(20, 8)),
    ),
  "no identifiers at all": (plan) => {
    for (const draft of plan.chain) {
      dropExtension(draft, OID.subjectKeyId);
      dropExtension(draft, OID.authorityKeyId);
    }
  },
  "issuer in another type of string": (plan) => {
    const tag = plan.random.pick(STRING_TYPES);
    plan.note(`tag ${tag}`);
    changeIssuerName(plan, (attribute) => ({ ...attribute, tag }));
  },
  "issuer in another case": (plan) =>
    changeIssuerName(plan, (attribute) => ({
      ...attribute,
      value: attribute.value.toUpperCase(),
    })),
  "issuer with other spaces": (plan) =>
    changeIssuerName(plan, (attribute) => ({
      ...attribute,
      value: `  ${attribute.value.replaceAll(" ", "   ")} `,
    })),
  "issuer of another name": (plan) =>
    changeIssuerName(plan, (attribute) => ({
      ...attribute,
      value: `${attribute.value}x`,
    })),
  "attributes of the issuer in another order": (plan) => {
    const draft = plan.pickAny();
    draft.issuerName = draft.issuer.subject.slice();
    draft.issuerName.reverse();
  },
  "no subject": (plan) => {
    plan.pickAny().subject = [];
  },
  "another version": (plan) => {
    const draft = plan.pickAny();
    draft.version = plan.random.pick([1, 1, 2, 4]);
    if (plan.random.next() < 0.7) draft.extensions = [];
    plan.note(
      `${draft.label}: ${draft.version}, ${draft.extensions.length} extensions`,
    );
    if (draft === plan.leaf && draft.extensions.length === 0) {
      draft.subject = [{ type: "commonName", value: plan.connection.host }];
    }
  },
};

module.exports = { identifiers };
