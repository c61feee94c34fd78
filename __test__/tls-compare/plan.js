"use strict";

// The plan of a case: at first a database with a valid chain of certificates and a client that trusts it. Twists change it.

const { Random } = require("../soak/random.js");
const { timeOf, toDer, toPem } = require("./draft.js");
const {
  authorityKeyId,
  basicConstraints,
  extKeyUsage,
  keyUsage,
  subjectAltName,
  subjectKeyId,
} = require("./extensions.js");
const { getKey } = require("./keys.js");
const { dns, ip } = require("./names.js");
const { Connection } = require("./settings.js");

/** @typedef {import("./draft.js").Draft} Draft */
/** @typedef {import("./draft.js").Issuer} Issuer */
/** @typedef {import("./keys.js").Key} Key */
/** @typedef {import("./keys.js").KeyType} KeyType */
/** @typedef {import("./names.js").Attribute} Attribute */
/** @typedef {import("./tls-front.js").Showing} Showing */

/** Weights of the numbers of intermediate authorities. */
const DEPTHS = { 0: 4, 1: 8, 2: 4, 3: 2, 4: 1, 5: 1, 6: 1, 7: 1, 8: 1 };

/** Weights of the ways in which a client addresses the database. */
const WAYS = { "by name": 6, "by address": 3, "by another name": 2 };

/** The `servername` of a client that connects to an address. */
const OTHER_NAME = "db.example.test";

/** Weights of widely supported key types. @type {Record<string, number>} */
const USUAL_KEYS = { "P-256": 12, ed25519: 3, "P-384": 2, "rsa-2048": 2 };

class Plan {
  /** @param {string} seed */
  constructor(seed) {
    this.random = new Random(seed);
    this.connection = new Connection();
    /** Descriptions of its twists. @type {string[]} */
    this.notes = [];
    /** @type {Partial<Showing>} */
    this.showing = {};
    /** The genuine database, where an impostor forwards some connections to it. @type {Showing | null} */
    this.genuine = null;
    /** True for each connection that is forwarded; the last entry holds for all further ones. @type {boolean[]} */
    this.isGenuine = [];
    /** True for a client with restrictions of the handshake that the engine has no setting for. */
    this.limitsHandshake = false;
    /** @type {Map<string, number>} */
    this._keyCounts = new Map();
    this.root = this.makeAuthority("root");
    /** From the one that issued the leaf to the one that the root issued. @type {Draft[]} */
    this.intermediates = [];
    this.leaf = this._makeLeaf();
    for (let left = Number(this.random.weighted(DEPTHS)); left > 0; left -= 1) {
      this.addIntermediate();
    }
    /** The certificates that the database sends, the leaf first. @type {Draft[]} */
    this.sent = [this.leaf, ...this.intermediates];
    /** @type {Draft[]} */
    this.trusted = [this.root];
  }

  /** @param {string} note */
  note(note) {
    this.notes.push(note);
  }

  /** @returns {Draft[]} those of the chain, from the leaf to the root */
  get chain() {
    return [this.leaf, ...this.intermediates, this.root];
  }

  /** @returns {Draft} */
  pickAny() {
    return this.random.pick(this.chain);
  }

  /** @returns {Draft} */
  pickAuthority() {
    return this.random.pick([...this.intermediates, this.root]);
  }

  /** @returns {Draft} an intermediate, added if there is none */
  pickIntermediate() {
    if (this.intermediates.length === 0) {
      this.sent.push(this.addIntermediate());
    }
    return this.random.pick(this.intermediates);
  }

  /** @param {KeyType} [type] */
  newKey(type) {
    const chosen =
      type ?? /** @type {KeyType} */ (this.random.weighted(USUAL_KEYS));
    const count = this._keyCounts.get(chosen) ?? 0;
    this._keyCounts.set(chosen, count + 1);
    // a large RSA key takes up to a second, so two of each type are used again and again
    const isSlow = /^(rsa|pss)-/.test(chosen);
    return getKey(chosen, isSlow ? count % 2 : count);
  }

  /**
   * @param {string} label
   * @param {Issuer} [issuer] itself when absent
   * @returns {Draft}
   */
  makeAuthority(label, issuer) {
    const { random } = this;
    const draft = this._makeDraft(label, this._makeName(label), issuer);
    draft.extensions = [
      basicConstraints({ ca: true }),
      ...(random.next() < 0.7 ? [keyUsage(["keyCertSign", "cRLSign"])] : []),
      subjectKeyId(),
      authorityKeyId(),
    ];
    draft.notBefore = timeOf(-30);
    draft.notAfter = timeOf(300);
    return draft;
  }

  /** Inserts an intermediate directly below the root. */
  addIntermediate() {
    const count = this.intermediates.length + 1;
    const added = this.makeAuthority(`intermediate ${count}`, this.root);
    (this.intermediates.at(-1) ?? this.leaf).issuer = added;
    this.intermediates.push(added);
    return added;
  }

  /**
   * @param {Draft} draft
   * @param {Partial<Draft>} [changes]
   * @returns {Draft} with the same subject and key
   */
  copy(draft, changes) {
    return {
      ...draft,
      extensions: [...draft.extensions],
      label: `${draft.label} again`,
      serial: this._newSerial(),
      ...changes,
    };
  }

  _makeLeaf() {
    const { random, connection } = this;
    const way = random.weighted(WAYS);
    connection.host = way === "by name" ? "localhost" : "127.0.0.1";
    const names = [];
    if (way === "by another name") {
      connection.servername = OTHER_NAME;
      names.push(dns(OTHER_NAME));
    } else {
      names.push(dns("localhost"), ip("127.0.0.1"));
    }
    const leaf = this._makeDraft("leaf", this._makeName("leaf"), this.root);
    leaf.extensions = [
      ...(random.next() < 0.8 ? [basicConstraints({})] : []),
      ...(random.next() < 0.6 ? [keyUsage(["digitalSignature"])] : []),
      ...(random.next() < 0.6 ? [extKeyUsage(["serverAuth"])] : []),
      subjectKeyId(),
      authorityKeyId(),
      subjectAltName(names),
    ];
    return leaf;
  }

  /**
   * @param {string} label
   * @param {Attribute[]} subject
   * @param {Issuer} [issuer]
   * @returns {Draft}
   */
  _makeDraft(label, subject, issuer) {
    /** @type {any} */
    const draft = {
      label,
      subject,
      issuer,
      key: this.newKey(),
      version: 3,
      serial: this._newSerial(),
      notBefore: timeOf(-2),
      notAfter: timeOf(30),
      extensions: [],
    };
    draft.issuer ??= draft;
    return draft;
  }

  _newSerial() {
    return this.random.integer(1, 2 ** 40);
  }

  /**
   * @param {string} commonName
   * @returns {Attribute[]}
   */
  _makeName(commonName) {
    /** @type {Attribute[]} */
    const name = [{ type: "commonName", value: commonName }];
    if (this.random.next() < 0.3) {
      name.unshift({ type: "organisation", value: "Example Ltd" });
    }
    if (this.random.next() < 0.2) {
      name.unshift({ type: "country", value: "AQ", tag: 0x13 });
    }
    return name;
  }

  /** @returns {Showing} */
  toShowing() {
    return {
      chain: this.sent.map(toPem).join(""),
      key: (this.sent[0] ?? this.leaf).key.pem,
      ...this.showing,
    };
  }

  /** @returns {number} the size of the certificates that the database sends, in bytes */
  get chainSize() {
    return this.sent.reduce((sum, draft) => sum + toDer(draft).length, 0);
  }
}

module.exports = { OTHER_NAME, Plan };
