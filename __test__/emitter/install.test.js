"use strict";

// What has to be installed beside the package for an emitter to work: nothing of Socket.IO.

const assert = require("node:assert/strict");
const fs = require("node:fs/promises");
const os = require("node:os");
const path = require("node:path");
const { after, before, describe, it } = require("node:test");

const { packedPaths } = require("../../scripts/packaging/stage.js");
const { useDatabase } = require("../support/postgres.js");
const { listenFor, runNode } = require("./emitters.js");

const ROOT = path.join(__dirname, "..", "..");
const NAME = "@socket.io/postgres-adapter-rs";

/** What is installed beside it, with what each of them brings. */
const INSTALLED = ["debug", "pg"];

/** @returns {Promise<string>} the addon as it was built here */
async function findAddon() {
  const files = await fs.readdir(ROOT);
  const addon = files.find((file) => file.endsWith(".node"));
  assert.ok(addon, "the addon is built");
  return path.join(ROOT, addon);
}

/**
 * @param {string} folder gets the package as it is published, and what it depends on
 */
async function install(folder) {
  const modules = path.join(folder, "node_modules");
  const target = path.join(modules, NAME);
  await fs.mkdir(target, { recursive: true });
  for (const file of ["package.json", ...packedPaths()]) {
    await fs.cp(path.join(ROOT, file), path.join(target, file), {
      recursive: true,
    });
  }
  for (const name of INSTALLED) {
    const source = path.join(ROOT, "node_modules", name);
    await fs.symlink(source, path.join(modules, name), "junction");
  }
}

describe("an emitter where no Socket.IO is installed", () => {
  const database = useDatabase();
  let folder = "";
  /** @type {Record<string, string>} */
  let env = {};

  before(async () => {
    folder = await fs.mkdtemp(path.join(os.tmpdir(), "emitter-alone-"));
    await install(folder);
    env = { NAPI_RS_NATIVE_LIBRARY_PATH: await findAddon(), NODE_PATH: "" };
  });
  after(() => fs.rm(folder, { recursive: true, force: true }));

  /**
   * @param {string} type of module
   * @param {string} source
   */
  function run(type, source) {
    const { connectionString } = database;
    const args = [`--input-type=${type}`, "-e", source, connectionString];
    return runNode(args, { env, cwd: folder });
  }

  it("sends, from a CommonJS module", async (t) => {
    const ear = await listenFor(t, database);
    const { code, errors, output } = await run(
      "commonjs",
      `for (const name of ["socket.io", "socket.io-adapter"]) {
        try {
          require(name);
          console.log(name, "is there");
        } catch {}
      }
      const { Emitter } = require("${NAME}");
      const emitter = new Emitter(process.argv[1]);
      emitter.emit("n", 1);
      emitter.emit("n", Buffer.of(1));
      emitter.close();`,
    );

    assert.deepEqual(
      { code, errors, output },
      { code: 0, errors: "", output: "" },
    );
    await ear.catchUp();
    assert.equal(ear.messages.length, 2);
  });

  it("sends, from an ES module that imports by name", async (t) => {
    const ear = await listenFor(t, database);
    const { code, errors } = await run(
      "module",
      `import { createAdapter, Emitter } from "${NAME}";
      const emitter = new Emitter(process.argv[1]);
      emitter.emit("n", typeof createAdapter);
      await emitter.close();`,
    );

    assert.deepEqual({ code, errors }, { code: 0, errors: "" });
    await ear.catchUp();
    assert.deepEqual(ear.messages[0].data.packet.data, ["n", "function"]);
  });

  it("leaves it to the calls of a server to say what they lack", async () => {
    const { code, output, errors } = await run(
      "commonjs",
      `const exported = require("${NAME}");
      const attempts = [
        () => exported.createAdapter(process.argv[1]),
        () => exported.PostgresAdapter,
      ];
      for (const attempt of attempts) {
        try {
          attempt();
        } catch (err) {
          console.log(err.code, err.message.split("\\n")[0]);
        }
      }`,
    );

    assert.deepEqual({ code, errors }, { code: 0, errors: "" });
    const missing = "MODULE_NOT_FOUND Cannot find module 'socket.io-adapter'\n";
    assert.equal(output, missing.repeat(2));
  });
});
