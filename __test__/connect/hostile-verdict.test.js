"use strict";

// The connection that pg makes to judge a database goes no further than the handshake: what the database says behind it
// is read by nobody, and the connection does not stay.

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");

const { EngineHost } = require("../../lib/engine-host.js");
const { resolveOptions } = require("../../lib/options.js");
const { readConnection } = require("../../lib/pool-config.js");
const { makeCertificate } = require("../support/certificates.js");
const { useCleanEnvironment } = require("../support/environment.js");
const { Reports } = require("../support/faults.js");
const {
  overTls,
  showing,
  startHostileServer,
} = require("../support/hostile-server.js");
const { until } = require("../support/wait.js");

const own = makeCertificate({ names: ["localhost"] });

/** What pg's parser throws on, or takes into memory without a bound. */
const SAYINGS = {
  "an authentication message of an unknown kind": Buffer.from(
    "520000000800000063",
    "hex",
  ),
  "a message that is shorter than its kind needs": Buffer.from(
    "520000000500",
    "hex",
  ),
  "the beginning of a message of 2 GB": Buffer.concat([
    Buffer.from("447fffffff", "hex"),
    Buffer.alloc(64 * 1024),
  ]),
};

describe("the connection that pg makes to judge a database", () => {
  useCleanEnvironment();

  for (const [title, saying] of Object.entries(SAYINGS)) {
    for (const version of /** @type {const} */ (["TLSv1.2", "TLSv1.3"])) {
      it(`does not mind ${title} behind the handshake: ${version}`, async (t) => {
        const options = {
          ...showing(own),
          minVersion: version,
          maxVersion: version,
        };
        let open = 0;
        const server = await startHostileServer(t, async (client) => {
          open += 1;
          client.socket.once("close", () => (open -= 1));
          const speak = overTls(options, async (secured) => {
            await secured.write(saying);
            for (;;) await secured.readSome();
          });
          await speak(client);
        });
        const reports = new Reports();
        const host = new EngineHost(
          {
            main: readConnection({
              host: "localhost",
              port: server.port,
              user: "visitor",
              ssl: { rejectUnauthorized: false },
            }),
          },
          resolveOptions({ errorHandler: reports.errorHandler }),
          "emitter",
        );
        await until(() => server.connectionCount >= 4);
        await host.close();
        // half of them are those of pg
        await until(() => open === 0, { message: "no connection left open" });
        assert.ok(reports.codes.every((code) => code === "ERR_CONNECTION"));
      });
    }
  }
});
