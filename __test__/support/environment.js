"use strict";

const os = require("node:os");
const path = require("node:path");
const { afterEach, beforeEach } = require("node:test");

/** The variables that decide how a connection is made. */
const RELEVANT = /^(PG|NODE_TLS_REJECT_UNAUTHORIZED$|NODE_EXTRA_CA_CERTS$)/;

/**
 * Every test of the file starts without a variable that `pg` or TLS goes by, and without a password file. What it sets
 * is gone afterwards.
 */
function useCleanEnvironment() {
  const before = { ...process.env };
  const clear = () => {
    for (const name of Object.keys(process.env)) {
      if (RELEVANT.test(name)) delete process.env[name];
    }
  };
  beforeEach(() => {
    clear();
    process.env["PGPASSFILE"] = path.join(os.tmpdir(), "no-such-folder", "x");
  });
  afterEach(() => {
    clear();
    for (const [name, value] of Object.entries(before)) {
      if (RELEVANT.test(name)) process.env[name] = value;
    }
  });
}

module.exports = { useCleanEnvironment };
