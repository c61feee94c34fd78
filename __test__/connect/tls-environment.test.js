"use strict";

// The variables of Node.js that decide whom TLS trusts are read when a process starts: each case is one.

const assert = require("node:assert/strict");
const { execFile } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { after, before, describe, it } = require("node:test");
const { promisify } = require("node:util");

const { makeCertificate } = require("../support/certificates.js");
const { useCleanEnvironment } = require("../support/environment.js");
const { startTlsServer } = require("../support/tls-server.js");

const run = promisify(execFile);

const root = makeCertificate({ commonName: "root", authority: true });
const own = makeCertificate({ issuer: root, names: ["localhost"] });

const SCRIPT = `
const { verdictOfEngine, verdictOfPg } = require("./__test__/support/verdicts.js");
const settings = JSON.parse(process.argv[1]);
Promise.all([verdictOfPg(settings), verdictOfEngine(settings)]).then((verdicts) => {
  console.log(JSON.stringify(verdicts.map(({ accepted }) => accepted)));
  process.exit();
});`;

describe("the environment of TLS", () => {
  useCleanEnvironment();
  /** @type {import("../support/tls-server.js").TlsServer} */
  let server;
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "tls-environment-"));
  const file = path.join(folder, "root.pem");

  before(async () => {
    fs.writeFileSync(file, root.pem);
    server = await startTlsServer(own, root);
  });
  after(async () => {
    await server?.dispose();
    fs.rmSync(folder, { recursive: true });
  });

  const EXTRA = { NODE_EXTRA_CA_CERTS: file };
  const UNVERIFIED = { NODE_TLS_REJECT_UNAUTHORIZED: "0" };
  const cases = [
    { variables: {}, ssl: true, accepted: false },
    { variables: EXTRA, ssl: true, accepted: true },
    { variables: EXTRA, ssl: { servername: "x.test" }, accepted: true },
    { variables: EXTRA, ssl: { ca: own.pem }, accepted: false },
    { variables: UNVERIFIED, ssl: true, accepted: true },
    { variables: UNVERIFIED, ssl: { ca: own.pem }, accepted: true },
    {
      variables: UNVERIFIED,
      ssl: { rejectUnauthorized: true },
      accepted: false,
    },
  ];
  for (const { variables, ssl, accepted } of cases) {
    const title = `${Object.keys(variables)} and ${Object.keys(ssl)}`;
    it(`${title}: ${accepted ? "accepted" : "refused"}, as by pg`, async () => {
      const settings = {
        host: "localhost",
        port: server.port,
        user: "visitor",
        database: "postgres",
        ssl,
      };
      const { stdout } = await run(
        process.execPath,
        ["-e", SCRIPT, JSON.stringify(settings)],
        {
          cwd: path.join(__dirname, "..", ".."),
          env: { ...process.env, ...variables },
        },
      );
      assert.deepEqual(JSON.parse(stdout), [accepted, accepted]);
    });
  }
});
