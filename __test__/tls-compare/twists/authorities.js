"use strict";

// The setting `ssl.ca` in every form.

const { pem, sequence, objectIdentifier } = require("../../support/der.js");
const { toDer, toPem } = require("../draft.js");
const { PURPOSES } = require("../extensions.js");
const { getKey } = require("../keys.js");

/** @typedef {import("../plan.js").Plan} Plan */
/** @typedef {import("./topology.js").Twists} Twists */

/**
 * @param {Plan} plan
 * @param {(ca: string) => unknown} change
 */
function changeCa({ connection }, change) {
  const { makeSsl } = connection;
  connection.makeSsl = (ca) => ({ ...makeSsl(ca), ca: change(ca) });
}

/**
 * @param {Plan} plan
 * @param {Buffer[]} settings OpenSSL's own: the purposes for which the certificate is trusted or rejected
 */
function trustedBlock({ root }, ...settings) {
  return pem(
    "TRUSTED CERTIFICATE",
    Buffer.concat([toDer(root), sequence(...settings)]),
  );
}

/** @param {...string} oids */
function purposes(...oids) {
  return oids.map(objectIdentifier);
}

const GARBAGE =
  "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

/** @type {Record<string, (ca: string) => unknown>} */
const FORMS = {
  "a Buffer": (ca) => Buffer.from(ca),
  "an array": (ca) => [ca],
  "an array of Buffers": (ca) => [Buffer.from(ca), Buffer.from(ca)],
  "bytes of a larger array": (ca) =>
    new TextEncoder().encode(`x${ca}`).subarray(1),
  "an empty array": () => [],
  "no text": () => "",
  undefined: () => undefined,
  null: () => null,
  "no certificate": () => "hello",
  "line ends of Windows": (ca) => ca.replaceAll("\n", "\r\n"),
  "line ends of old times": (ca) => ca.replaceAll("\n", "\r"),
  "text around it": (ca) => `# my authority\n\n${ca}\nthat is all`,
  "text right before it": (ca) => `# ${ca}`,
  "commented out": (ca) => ca.replaceAll(/^/gm, "# "),
  "its first line commented out": (ca) => ca.replace(/^/, "# "),
  indented: (ca) => ca.replaceAll(/^/gm, "  "),
  "spaces at the ends of lines": (ca) => ca.replaceAll("\n", "  \n"),
  "on a line": (ca) => ca.replaceAll("\n", ""),
  "base64 on a line": (ca) => ca.replaceAll(/(?<=[^-])\n(?=[^-])/g, ""),
  "short lines": (ca) => ca.replaceAll(/^([^-]{10})/gm, "$1\n"),
  "an empty line in it": (ca) => ca.replace(/(?<=[^-])\n/, "\n\n"),
  "an empty line at its start": (ca) => ca.replace(/-\n/, "-\n\n"),
  "headers of PEM": (ca) => ca.replace(/-\n/, "-\nProc-Type: 4,CLEAR\n\n"),
  "no end": (ca) => ca.replace(/-----END.*\n/, ""),
  "no line end": (ca) => ca.trimEnd(),
  "another end": (ca) => ca.replace("END CERTIFICATE", "END X"),
  "lower case": (ca) => ca.replaceAll("CERTIFICATE", "certificate"),
  "the old label": (ca) => ca.replaceAll("CERTIFICATE", "X509 CERTIFICATE"),
  "the label of OpenSSL": (ca) =>
    ca.replaceAll("CERTIFICATE", "TRUSTED CERTIFICATE"),
  "another label": (ca) => ca.replaceAll("CERTIFICATE", "PKCS7"),
  "a byte order mark": (ca) => `\uFEFF${ca}`,
  "two bytes a character": (ca) => Buffer.from(ca, "utf16le"),
  "NUL in front of it": (ca) => `\0${ca}`,
  "NUL behind it": (ca) => `${ca}\0`,
  "a broken one in front of it": (ca) => `${GARBAGE}${ca}`,
  "a broken one behind it": (ca) => `${ca}${GARBAGE}`,
  "a broken one in an array": (ca) => [GARBAGE, ca],
  "no certificate in an array": (ca) => ["hello", ca],
  "a key in front of it": (ca) => `${getKey("P-256", 9).pem}${ca}`,
  "twice in a text": (ca) => ca + ca,
  "base64 with a wrong letter": (ca) => ca.replace(/\nM/, "\n*M"),
  DER: (ca) => Buffer.from(ca.replaceAll(/-----.*-----|\s/g, ""), "base64"),
};

/** @type {Twists} */
const authorities = {
  ...Object.fromEntries(
    Object.entries(FORMS).map(([name, change]) => [
      `ca: ${name}`,
      (/** @type {Plan} */ plan) => changeCa(plan, change),
    ]),
  ),
  "ca: the intermediate behind a broken one": (plan) => {
    const intermediate = plan.pickIntermediate();
    changeCa(plan, (ca) => `${toPem(intermediate)}${GARBAGE}${ca}`);
  },
  "ca: the root after another": (plan) => {
    const stranger = plan.makeAuthority("stranger");
    changeCa(plan, (ca) => `${toPem(stranger)}\n\n# the right one\n${ca}`);
  },
  "ca: another in front, without an end": (plan) => {
    const stranger = plan.makeAuthority("stranger");
    changeCa(
      plan,
      (ca) => `${toPem(stranger).replace(/-----END.*\n/, "")}${ca}`,
    );
  },
  "ca: trusted for servers": (plan) =>
    changeCa(plan, () =>
      trustedBlock(plan, sequence(...purposes(PURPOSES.serverAuth))),
    ),
  "ca: trusted for clients": (plan) =>
    changeCa(plan, () =>
      trustedBlock(plan, sequence(...purposes(PURPOSES.clientAuth))),
    ),
  "ca: trusted for any purpose": (plan) =>
    changeCa(plan, () =>
      trustedBlock(plan, sequence(...purposes(PURPOSES.any))),
    ),
  "ca: rejected for servers": (plan) =>
    changeCa(plan, () => trustedBlock(plan, rejected(PURPOSES.serverAuth))),
  "ca: rejected for clients": (plan) =>
    changeCa(plan, () => trustedBlock(plan, rejected(PURPOSES.clientAuth))),
  "ca: rejected for servers, and once more without": (plan) =>
    changeCa(plan, (ca) => {
      const blocks = [trustedBlock(plan, rejected(PURPOSES.serverAuth)), ca];
      return plan.trusted.length % 2 ? blocks : blocks.join("");
    }),
  "ca: an intermediate trusted for servers": (plan) => {
    const root = plan.pickIntermediate();
    changeCa(plan, () =>
      trustedBlock(
        /** @type {any} */ ({ root }),
        sequence(...purposes(PURPOSES.serverAuth)),
      ),
    );
  },
  "ca: the leaf trusted for servers": (plan) =>
    changeCa(plan, () =>
      trustedBlock(
        /** @type {any} */ ({ root: plan.leaf }),
        sequence(...purposes(PURPOSES.serverAuth)),
      ),
    ),
};

/** @param {string} oid */
function rejected(oid) {
  const list = sequence(...purposes(oid));
  // [0] IMPLICIT SEQUENCE OF
  return Buffer.concat([Buffer.from([0xa0]), list.subarray(1)]);
}

module.exports = { authorities };
