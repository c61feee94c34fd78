"use strict";

// Connection strings: `sslmode` and the other parameters that concern TLS.

const { setExtension } = require("../draft.js");
const { subjectAltName } = require("../extensions.js");
const { getKey } = require("../keys.js");
const { dns, ip } = require("../names.js");
const { toPem } = require("../draft.js");
const { spoil } = require("./options.js");

/** @typedef {import("../plan.js").Plan} Plan */
/** @typedef {import("./topology.js").Twists} Twists */

const MODES = [
  "disable",
  "allow",
  "prefer",
  "require",
  "verify-ca",
  "verify-full",
  "no-verify",
  "nonsense",
  "",
];

/**
 * @param {Plan} plan
 * @param {boolean} [isDirect]
 */
function connectByText(plan, isDirect = false) {
  const { random, connection, showing } = plan;
  connection.servername = "";
  connection.host = random.pick(["localhost", "127.0.0.1"]);
  setExtension(plan.leaf, subjectAltName([dns("localhost"), ip("127.0.0.1")]));
  connection.form = random.pick(["text", "text", "object", "object and ssl"]);
  const { parameters } = connection;
  const mode = random.pick(MODES);
  if (mode !== "" || random.next() < 0.3) parameters["sslmode"] = mode;
  if (random.next() < 0.4) {
    parameters["uselibpqcompat"] = random.pick(["true", "true", "false"]);
  }
  if (random.next() < 0.6) connection.namesTrusted = true;
  if (isDirect) {
    parameters["sslnegotiation"] = random.pick([
      "direct",
      "direct",
      "postgres",
    ]);
    showing.protocols = ["postgresql"];
  }
  plan.note(
    `${connection.form}: ${new URLSearchParams(parameters)}` +
      `${connection.namesTrusted ? " and sslrootcert" : ""}`,
  );
}

/** @type {Twists} */
const modes = {
  sslmode: (plan) => connectByText(plan),
  "sslmode and a flaw": (plan) => {
    connectByText(plan);
    spoil(plan);
  },
  "sslmode of a database without TLS": (plan) => {
    connectByText(plan);
    plan.showing.answer = "refuse";
  },
  sslnegotiation: (plan) => {
    connectByText(plan, true);
    if (plan.random.next() < 0.4) spoil(plan);
  },
  "sslnegotiation=direct and a database without ALPN": (plan) => {
    connectByText(plan, true);
    delete plan.showing.protocols;
  },
  "sslnegotiation=direct and a database of another protocol": (plan) => {
    connectByText(plan, true);
    plan.showing.protocols = ["http/1.1"];
  },
  "direct negotiation as a setting": (plan) => {
    plan.connection.further["sslnegotiation"] = "direct";
    plan.showing.protocols = ["postgresql"];
    if (plan.random.next() < 0.5) spoil(plan);
  },
  "the parameter ssl": (plan) => {
    connectByText(plan);
    const { connection, random } = plan;
    // with ssl=false pg throws where nothing can catch it
    connection.parameters["ssl"] = random.pick(["true", "1", "0", "no-verify"]);
    plan.note(`ssl=${connection.parameters["ssl"]}`);
    if (random.next() < 0.5) {
      connection.namesTrusted = false;
      delete connection.parameters["sslmode"];
    }
  },
  "sslcert and sslkey": (plan) => {
    connectByText(plan);
    const key = getKey("P-256", 8);
    plan.connection.files = {
      sslcert: toPem(plan.copy(plan.leaf, { key })),
      sslkey: key.pem,
    };
    plan.showing.asksForCertificate = true;
  },
};

module.exports = { modes };
