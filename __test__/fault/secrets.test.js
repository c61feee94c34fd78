"use strict";

// Passwords, keys and the contents of messages stay where they belong: nothing that is written for people shows them.

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");

const { randomBytes } = require("node:crypto");

const { runScript } = require("../support/faults.js");
const { useDatabase } = require("../support/postgres.js");

/** Is used with a suffix as everything that is secret, so that it is found as a part as well. */
const PASSWORD = "pAsSwOrD-of-the-role";
const PAYLOAD = "cOnTeNt-of-a-message";

/** What goes wrong, and what goes right, with all debug lines on and everything written down that can be. */
const SCRIPT = `
  require("debug").enable("*");
  const { once } = require("node:events");
  const { generateKeyPairSync } = require("node:crypto");
  const { inspect } = require("node:util");
  const { Client } = require("pg");
  const { Emitter } = require("../../index.js");
  const [url, PASSWORD, PAYLOAD] = process.argv.slice(1);
  const changed = (changes) => Object.assign(new URL(url), changes).href;
  const show = (what, value) => {
    const texts = [inspect(value, { depth: 12, showHidden: true }), String(value)];
    try {
      texts.push(JSON.stringify(value));
    } catch {} // a circle
    // a log line, not the object itself: whole servers are too long
    const leaks = texts.filter((text) => text?.includes(PASSWORD) || text?.includes(PAYLOAD));
    console.log(leaks.length > 0 ? "LEAK in " + what : "shown: " + what);
    if (value instanceof Error) console.log(texts.join(" "));
  };
  const reported = {};
  const errorHandler = (error) => {
    reported[error.code] ??= error;
    show("an error " + error.code, error);
  };
  const until = async (condition) => {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  const refused = (what, target, options) => {
    try {
      createAdapter(target, options);
      console.log("LEFT OUT: " + what);
    } catch (error) {
      show(what, error);
    }
  };

  // a server that does not listen keeps no process alive
  const alive = setInterval(() => {}, 1000);
  (async () => {
    const { privateKey } = generateKeyPairSync("ec", {
      namedCurve: "P-256",
      privateKeyEncoding: { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: PASSWORD },
      publicKeyEncoding: { type: "spki", format: "pem" },
    });
    const cert = require("node:tls").rootCertificates[0];
    refused("a wrong passphrase", { host: "db", user: "u", password: PASSWORD, ssl: { cert, key: privateKey, passphrase: PASSWORD + "x" } });
    refused("a broken key", { host: "db", user: "u", ssl: { cert, key: PASSWORD } });
    refused("a broken authority", { host: "db", user: "u", ssl: { ca: { text: PASSWORD } } });
    refused("a connection string that is none", "postgres://u:" + PASSWORD + "@db:port/d");
    refused("a connection string with a missing file", "postgres://u:" + PASSWORD + "@db/d?sslrootcert=/no/such/file");
    refused("a password in place of options", url, PASSWORD);
    refused("a password as an option", url, { requestsTimeout: PASSWORD });

    const io = new Server({ adapter: createAdapter(url, { errorHandler }) });
    const far = new Server({ adapter: createAdapter(new Pool({ connectionString: url }), { errorHandler }) });
    const heard = once(far, PAYLOAD);
    await until(() => io.of("/").adapter.nodesMap.size === 1 && far.of("/").adapter.nodesMap.size === 1);
    for (const argument of [PAYLOAD, Buffer.from(PAYLOAD), PAYLOAD.repeat(1000)]) {
      io.to(PAYLOAD).emit(PAYLOAD, argument);
      io.serverSideEmit(PAYLOAD, argument);
    }
    io.in(PAYLOAD).socketsJoin(PAYLOAD);
    await heard;
    try {
      io.emit("event", { a: 1n, b: PAYLOAD });
    } catch (error) {
      show("what cannot be serialised", error);
    }

    const emitter = new Emitter(url, { errorHandler, maxAttachmentSize: 20000 });
    emitter.emit(PAYLOAD, PAYLOAD.repeat(1001));
    await emitter.flush();
    const client = new Client(url);
    await client.connect();
    for (const text of [PAYLOAD, JSON.stringify({ type: PAYLOAD }), '{"type":3,"data":"' + PAYLOAD, JSON.stringify({ type: 99, data: PAYLOAD })]) {
      await client.query("SELECT pg_notify('socket.io#/', $1)", [text]);
    }
    await client.end();
    await until(() => reported.ERR_MALFORMED_MESSAGE && reported.ERR_PUBLISH);

    const connecting = [
      changed({ password: PASSWORD + "-a-wrong-one" }),
      changed({ pathname: "/no_such_database" }),
      changed({ port: "1" }),
      { ...new Client(url).connectionParameters, password: () => { throw new Error("no password today"); } },
    ];
    for (const target of connecting) {
      const failed = new Promise((resolve) => {
        const server = new Server({
          adapter: createAdapter(target, { errorHandler: (error) => { errorHandler(error); resolve(server); } }),
        });
      });
      await (await failed).of("/").adapter.close();
    }

    const { adapter } = io.of("/");
    const shown = { adapter, emitter, "the operator of an emitter": emitter.to("room"), "createAdapter()": createAdapter(url), options: io.opts };
    for (const [what, value] of Object.entries(shown)) show(what, value);
    await Promise.all([adapter.close(), far.of("/").adapter.close(), emitter.close()]);
    clearInterval(alive);
    console.log("the end");
  })();
`;

describe("secrets", () => {
  const database = useDatabase();

  it("are in no error, no debug line and no object", async (t) => {
    const suffix = randomBytes(4).toString("hex");
    const role = `secretive_${suffix}`;
    const password = `${PASSWORD}-${suffix}`;
    await database.query(
      `CREATE ROLE ${role} LOGIN PASSWORD '${password}'; GRANT CREATE ON SCHEMA public TO ${role}`,
    );
    t.after(() => database.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`));
    const url = new URL(database.connectionString);
    Object.assign(url, { username: role, password });

    const { code, output, errors } = await runScript(SCRIPT, {
      args: [url.href, PASSWORD, PAYLOAD],
      timeout: 60_000,
    });

    assert.equal(code, 0, errors.slice(-2000));
    assert.match(output, /the end\n$/);
    const leaks = output.match(/^(LEAK|LEFT OUT).*/gm);
    assert.deepEqual(leaks, null);
    for (const expected of [
      "ERR_CONNECTION",
      "ERR_CREDENTIALS",
      "ERR_MALFORMED_MESSAGE",
      "ERR_PUBLISH",
      "a wrong passphrase",
    ]) {
      assert.ok(output.includes(expected), expected);
    }
    assert.ok(!`${output}${errors}`.includes(PASSWORD));
    // the other packages of Socket.IO do show what they send
    const ours = `${output}${errors}`
      .split("\n")
      .filter((line) => line.includes("socket.io-postgres-adapter"));
    assert.ok(ours.length > 10, "debug lines are on");
    assert.deepEqual(
      ours.filter((line) => line.includes(PAYLOAD)),
      [],
    );
  });
});
