"use strict";

// Answers of a database to the request for TLS.

const { ANSWERS } = require("../tls-front.js");
const { addOptions } = require("./options.js");

/** @typedef {import("./topology.js").Twists} Twists */
/** @typedef {import("../tls-front.js").Answer} Answer */

const KINDS = /** @type {Answer[]} */ (Object.keys(ANSWERS));

/** @type {Twists} */
const answers = Object.fromEntries(
  KINDS.map((kind) => [
    `the answer: ${kind}`,
    (plan) => {
      plan.showing.answer = kind;
      if (plan.random.next() < 0.3) {
        plan.note("rejectUnauthorized: false");
        addOptions(plan, { rejectUnauthorized: false });
      }
      if (plan.random.next() < 0.1) {
        plan.note("direct");
        plan.connection.further["sslnegotiation"] = "direct";
      }
    },
  ]),
);

module.exports = { answers };
