"use strict";

// Lists of revoked certificates.

const { bitString, integer, pem, sequence } = require("../support/der.js");
const { timeOf } = require("./draft.js");
const { distinguishedName } = require("./names.js");
const { getAlgorithm } = require("./signatures.js");

/** @typedef {import("./draft.js").Issuer} Issuer */
/** @typedef {import("./keys.js").Key} Key */

/**
 * @param {Issuer} issuer
 * @param {object} [content]
 * @param {number[]} [content.revoked] serial numbers
 * @param {Buffer} [content.nextUpdate]
 * @param {Key} [content.signer] another one than that of the issuer
 * @returns {string} PEM
 */
function makeCrl(issuer, { revoked = [], nextUpdate, signer } = {}) {
  const key = signer ?? issuer.key;
  const algorithm = getAlgorithm(key.type);
  const entries = revoked.map((serial) =>
    sequence(integer(serial), timeOf(-1)),
  );
  const content = sequence(
    integer(1),
    algorithm.identifier,
    distinguishedName(issuer.subject),
    timeOf(-2),
    nextUpdate ?? timeOf(5),
    ...(entries.length > 0 ? [sequence(...entries)] : []),
  );
  const signature = bitString(algorithm.sign(content, key));
  return pem("X509 CRL", sequence(content, algorithm.identifier, signature));
}

module.exports = { makeCrl };
