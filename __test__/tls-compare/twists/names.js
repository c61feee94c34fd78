"use strict";

// Names in the leaf certificate, and the names under which a client looks for the database.

const { TAG } = require("../../support/der.js");
const { dropExtension, setExtension } = require("../draft.js");
const { OID, make, subjectAltName } = require("../extensions.js");
const {
  directory,
  distinguishedName,
  dns,
  email,
  ip,
  otherName,
  registeredId,
  uri,
} = require("../names.js");

/** @typedef {import("../names.js").Attribute} Attribute */
/** @typedef {import("../plan.js").Plan} Plan */
/** @typedef {import("./topology.js").Twists} Twists */

/** Hosts that lead to this machine. */
const HOSTS = ["localhost", "LocalHost", "127.0.0.1", "127.1"];

const SERVER_NAMES = [
  "db.example.test",
  "DB.Example.Test",
  "a.db.example.test",
  "db.example.test.",
  "example.test",
  "test",
  "localhost",
  "xn--bcher-kva.example.test",
  "db_1.example.test",
  "db-1.example.test",
  "127.0.0.1",
  "10.0.0.1",
  "::1",
  "*.example.test",
];

/** General names, made from the name that the client uses. @type {Record<string, (called: string) => Buffer>} */
const GENERAL_NAMES = {
  "the right name": (called) => dns(called),
  "in upper case": (called) => dns(called.toUpperCase()),
  "with a dot at the end": (called) => dns(`${called}.`),
  "with a dot before it": (called) => dns(`.${called}`),
  "with a space": (called) => dns(` ${called}`),
  "a wildcard": (called) => dns(called.replace(/^[^.]*/, "*")),
  "a wildcard two labels deep": (called) =>
    dns(called.replace(/^[^.]*\.[^.]*/, "*.*")),
  "a wildcard for two labels": (called) =>
    dns(called.replace(/^[^.]*\.[^.]*/, "*")),
  "a wildcard at the end of a label": (called) =>
    dns(called.replace(/^([^.]?)[^.]*/, "$1*")),
  "a wildcard at the start of a label": (called) =>
    dns(called.replace(/^[^.]*?([^.]?)(?=\.|$)/, "*$1")),
  "a wildcard inside of a label": (called) =>
    dns(called.replace(/^([^.])[^.]*?([^.])(?=\.|$)/, "$1*$2")),
  "a wildcard in the second label": (called) =>
    dns(called.replace(/^([^.]*)\.[^.]*/, "$1.*")),
  "a wildcard for everything": () => dns("*"),
  "a wildcard below a top-level name": () => dns("*.test"),
  "two wildcards in a label": (called) => dns(called.replace(/^[^.]*/, "**")),
  "an IDN with a wildcard": () => dns("xn--*.example.test"),
  "a name with NUL": (called) => dns(`${called}\0.evil.test`),
  "NUL at the end": (called) => dns(`${called}\0`),
  "a comma and another name": (called) => dns(`evil.test, DNS:${called}`),
  "a quote": (called) => dns(`"${called}"`),
  "bytes beyond ASCII": () => dns("b\xfccher.example.test"),
  "no name": () => dns(""),
  "another name": () => dns("elsewhere.test"),
  "the address": () => ip("127.0.0.1"),
  "another address": () => ip("10.0.0.1"),
  "an address of version 6": () => ip(`${"00".repeat(15)}01`),
  "the address, mapped": () => ip(`${"00".repeat(10)}ffff7f000001`),
  "an address of five bytes": () => ip("7f00000100"),
  "the address as a name": () => dns("127.0.0.1"),
  "the short address as a name": () => dns("127.1"),
  "an e-mail address": (called) => email(`someone@${called}`),
  "a URI": (called) => uri(`postgres://${called}/`),
  "a directory name": (called) =>
    directory(distinguishedName([{ type: "commonName", value: called }])),
  "another kind of name": (called) => otherName(called),
  "an identifier": () => registeredId("1.2.3.4"),
};

/** @type {Record<string, (called: string) => Attribute[]>} */
const SUBJECTS = {
  "the right common name": (called) => [{ type: "commonName", value: called }],
  "in upper case": (called) => [
    { type: "commonName", value: called.toUpperCase() },
  ],
  "another common name": () => [
    { type: "commonName", value: "elsewhere.test" },
  ],
  "another one and the right one": (called) => [
    { type: "commonName", value: "elsewhere.test" },
    { type: "commonName", value: called },
  ],
  "the right one and another one": (called) => [
    { type: "commonName", value: called },
    { type: "commonName", value: "elsewhere.test" },
  ],
  "a wildcard": (called) => [
    { type: "commonName", value: called.replace(/^[^.]*/, "*") },
  ],
  "in two bytes a character": (called) => [
    { type: "commonName", value: called, tag: TAG.BMP_STRING },
  ],
  "with NUL": (called) => [
    { type: "commonName", value: `${called}\0.evil.test` },
  ],
  "with a line end": (called) => [
    { type: "commonName", value: `evil\nCN=${called}` },
  ],
  "an organisation only": (called) => [{ type: "organisation", value: called }],
  none: () => [],
};

/** @param {Plan} plan */
function pickHost({ random, connection }) {
  connection.servername = "";
  connection.host = random.pick(HOSTS);
  const isAddress = connection.host === "127.0.0.1";
  if (isAddress && random.next() < 0.8) {
    connection.servername = random.pick(SERVER_NAMES);
  }
  return connection.servername || connection.host;
}

/**
 * @param {Plan} plan
 * @returns {Buffer[]}
 */
function pickNames(plan) {
  const called = pickHost(plan);
  const kinds = Object.keys(GENERAL_NAMES);
  const chosen = Array.from({ length: plan.random.pick([1, 1, 1, 2, 3]) }, () =>
    plan.random.pick(kinds),
  );
  plan.note(`called ${called}: ${chosen.join(" + ")}`);
  return chosen.map((kind) =>
    /** @type {(called: string) => Buffer} */ (GENERAL_NAMES[kind])(called),
  );
}

/** @param {Plan} plan */
function pickSubject(plan) {
  const { random, connection } = plan;
  const called = connection.servername || connection.host;
  const kind = random.pick(Object.keys(SUBJECTS));
  plan.note(`subject: ${kind}`);
  plan.leaf.subject = SUBJECTS[kind]?.(called) ?? [];
}

/** @type {Twists} */
const names = {
  "alternative names": (plan) =>
    setExtension(plan.leaf, subjectAltName(pickNames(plan))),
  "alternative names and a subject": (plan) => {
    setExtension(
      plan.leaf,
      subjectAltName(pickNames(plan), plan.random.next() < 0.3),
    );
    pickSubject(plan);
  },
  "a subject only": (plan) => {
    pickHost(plan);
    pickSubject(plan);
    dropExtension(plan.leaf, OID.subjectAltName);
  },
  "no alternative names in the list of them": (plan) => {
    pickHost(plan);
    pickSubject(plan);
    setExtension(plan.leaf, subjectAltName([]));
  },
  "names of the issuer": (plan) => {
    const [name = dns("")] = pickNames(plan);
    setExtension(
      plan.leaf,
      make("issuerAltName", subjectAltName([name]).value),
    );
  },
  "a setting for the host": (plan) => {
    const { connection, random } = plan;
    const host = random.pick(["db.example.test", "localhost", "127.0.0.1", ""]);
    const { makeSsl } = connection;
    connection.makeSsl = (ca) => ({ ...makeSsl(ca), host });
    setExtension(plan.leaf, subjectAltName(pickNames(plan)));
    plan.note(`ssl.host: ${host}`);
  },
  "names of authorities": (plan) => {
    const [name = dns("")] = pickNames(plan);
    setExtension(plan.pickAuthority(), subjectAltName([name]));
  },
};

module.exports = { names };
