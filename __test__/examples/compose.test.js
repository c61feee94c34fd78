"use strict";

// The example with Docker Compose: that its files agree with each other, and that Compose reads them where it is
// installed. What nginx makes of its configuration is in nginx.test.js.

const assert = require("node:assert/strict");
const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");
const { describe, it } = require("node:test");

const { parse } = require("yaml");

const { exampleFolder } = require("../../scripts/examples.js");
const { runNode } = require("../emitter/emitters.js");
const { useDatabase } = require("../support/postgres.js");
const { startServer } = require("./example-process.js");
const { assertImageStartsExample } = require("./image.js");
const { findCompose } = require("../support/programs.js");

const NAME = "docker-compose";

/** The default of Socket.IO, in bytes. */
const MAX_HTTP_BUFFER_SIZE = 1e6;
const FOLDER = exampleFolder(NAME);

/** @param {string} file */
function read(file) {
  return fs.readFileSync(path.join(FOLDER, file), "utf8");
}

/** @param {string} text @returns {string} with the defaults of its variables */
function withDefaults(text) {
  return text.replaceAll(/\$\{\w+:-([^}]*)\}/g, "$1");
}

describe("the example with Docker Compose", () => {
  const database = useDatabase();
  const { services, volumes } = parse(withDefaults(read("compose.yaml")), {
    merge: true,
  });
  const servers = Object.entries(services).filter(([, each]) => each.build);

  it("has two servers, of the same kind", () => {
    assert.equal(servers.length, 2);
    assert.deepEqual(servers[0]?.[1], servers[1]?.[1]);
    assert.equal(servers[0]?.[1].build, ".");
  });

  it("starts each service when those that it needs are healthy", () => {
    for (const [name, { depends_on: needs = {} }] of Object.entries(services)) {
      for (const [needed, { condition }] of Object.entries(needs)) {
        assert.ok(services[needed]?.healthcheck, `${name} needs ${needed}`);
        assert.equal(condition, "service_healthy");
      }
    }
    assert.deepEqual(
      Object.keys(services.nginx.depends_on),
      servers.map(([name]) => name),
    );
  });

  it("leads the servers to the database", () => {
    const { image, environment, volumes: mounts } = services.postgres;
    assert.match(image, /^postgres:\d/);
    for (const [, { environment: env }] of servers) {
      const url = new URL(env.DATABASE_URL);
      assert.equal(url.hostname, "postgres");
      assert.equal(url.username, environment.POSTGRES_USER);
      assert.equal(url.password, environment.POSTGRES_PASSWORD);
      assert.equal(url.pathname.slice(1), environment.POSTGRES_DB);
    }
    assert.deepEqual(
      mounts.map((/** @type {string} */ mount) => mount.split(":")[0]),
      Object.keys(volumes),
    );
  });

  it("leads nginx to the servers", () => {
    const upstreams = [
      ...read("nginx.conf").matchAll(/^ *server (\S+:\d+);/gm),
    ];
    assert.deepEqual(
      upstreams.map(([, address]) => address),
      servers.map(([name, { environment }]) => `${name}:${environment.PORT}`),
    );
    const [configuration = ""] = services.nginx.volumes[0].split(":");
    assert.ok(fs.existsSync(path.join(FOLDER, configuration)));
    assert.match(read("nginx.conf"), /^ *listen 80;$/m);
    assert.match(services.nginx.ports[0], /:80$/);
  });

  it("leaves the limit of messages to Socket.IO", () => {
    const [, limit] =
      /^ *client_max_body_size (\d+)m;$/m.exec(read("nginx.conf")) ?? [];
    assert.ok(Number(limit) * 2 ** 20 > MAX_HTTP_BUFFER_SIZE);
  });

  it("builds an image that starts the server without npm in between", () => {
    assertImageStartsExample(NAME);
  });

  it("checks the health of a server by a request that it answers", async (t) => {
    const [, { healthcheck }] = servers[0] ?? [];
    const [kind, program, ...args] = healthcheck.test;
    assert.deepEqual([kind, program], ["CMD", "node"]);

    const env = { DATABASE_URL: database.connectionString };
    const server = await startServer(t, NAME, { env });
    const { port: PORT } = new URL(server.url);
    const check = () => runNode(args, { cwd: FOLDER, env: { PORT } });
    assert.deepEqual(await check(), { code: 0, output: "", errors: "" });

    await server.end("SIGTERM");
    const { code, errors } = await check();
    assert.equal(code, 1);
    assert.match(errors, /fetch failed/);
  });

  it("is what Compose understands", (t) => {
    const compose = findCompose();
    if (!compose) return t.skip("left out: Docker Compose is not installed");
    const [program = "", ...args] = compose;
    const { status, stdout, stderr } = spawnSync(program, [...args, "config"], {
      cwd: FOLDER,
      encoding: "utf8",
    });
    assert.equal(status, 0, stderr);
    assert.deepEqual(
      Object.keys(parse(stdout).services).sort(),
      Object.keys(services).sort(),
    );
  });
});
