"use strict";

// What decides how a pool connects and cannot be carried over is refused at once: by name, and with the way out.

const assert = require("node:assert/strict");
const { PassThrough } = require("node:stream");
const tls = require("node:tls");
const { describe, it } = require("node:test");

const { Client, Pool } = require("pg");

const { createAdapter, Emitter, setupPrimary } = require("../../index.js");

const SETTINGS = { user: "u", password: "hunter2", host: "db" };

class OwnClient extends Client {
  /** @returns {any} */
  connect() {
    return super.connect();
  }
}

/** @type {Record<string, { settings: any, name: RegExp }>} */
const UNSUPPORTED = {
  "a stream": {
    settings: { stream: () => new PassThrough() },
    name: /"stream"/,
  },
  "a Client of one's own": {
    settings: { Client: OwnClient },
    name: /custom "Client"/,
  },
};
for (const [option, value] of Object.entries({
  ciphers: "ECDHE-RSA-AES256-GCM-SHA384",
  pfx: Buffer.from("pfx"),
  secureContext: tls.createSecureContext(),
  sigalgs: "RSA-PSS+SHA256",
})) {
  UNSUPPORTED[`ssl.${option}`] = {
    settings: { ssl: { [option]: value } },
    name: new RegExp(`"ssl.${option}"`),
  };
}

describe("a setting that native connections cannot honour", () => {
  for (const [title, { settings, name }] of Object.entries(UNSUPPORTED)) {
    it(`is refused when the adapter is made: ${title}`, async () => {
      const pool = new Pool({ ...SETTINGS, ...settings });
      const calls = [
        () => createAdapter(pool),
        () => createAdapter(SETTINGS, { listenPool: pool }),
        () => setupPrimary(pool),
        () => new Emitter(pool),
      ];
      for (const call of calls) {
        assert.throws(call, (/** @type {any} */ error) => {
          assert.equal(error.code, "ERR_UNSUPPORTED_CONFIG");
          assert.match(error.message, name);
          assert.match(error.message, /pass a connection string or .*settings/);
          assert.ok(!`${error.stack}`.includes("hunter2"), error.stack);
          return true;
        });
      }
      await pool.end();
    });
  }
});
