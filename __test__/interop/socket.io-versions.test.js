"use strict";

// Our adapter under several versions of Socket.IO, and where the application has a `socket.io-adapter` of its own.

const assert = require("node:assert/strict");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { after, before, describe, it } = require("node:test");

const { useDatabase } = require("../support/postgres.js");
const { mixedClusterFor } = require("./mixed-cluster.js");
const { describeMixedCluster } = require("./mixed-features.js");

/** The oldest version that is supported first. */
const VERSIONS = ["socket.io-4.6", "socket.io-4.7", "socket.io"];

/** @param {number} index */
const socketIoOf = (index) => VERSIONS[index];

/**
 * Not required: some versions do not export it.
 *
 * @param {string} name
 */
function packageOf(name) {
  const folder = path.join(__dirname, "..", "..", "node_modules", name);
  return JSON.parse(fs.readFileSync(path.join(folder, "package.json"), "utf8"));
}

describeMixedCluster(["native", "native", "native"], {
  title: "our servers under Socket.IO 4.6, 4.7 and 4.8",
  socketIoOf,
});

describe("the versions of Socket.IO", () => {
  const database = useDatabase();

  it("are those that the servers run on", async (t) => {
    const cluster = await mixedClusterFor(
      t,
      database,
      ["native", "native", "native"],
      { socketIoOf },
    );
    for (const [index, name] of VERSIONS.entries()) {
      const loaded = await cluster.member(index).call("loadedFrom", name);
      assert.equal(loaded.length, 1, name);
      const { version } = packageOf(name);
      assert.match(version, [/^4\.6\./, /^4\.7\./, /^4\.8\./][index] ?? /^$/);
    }
  });
});

/**
 * An application with copies of `socket.io` and `socket.io-adapter`, and a script that runs a server with them.
 *
 * @returns {string} its folder
 */
function layOutApplication() {
  const temporary = fs.realpathSync(os.tmpdir());
  const folder = fs.mkdtempSync(path.join(temporary, "application-"));
  const modules = path.join(folder, "node_modules");
  fs.mkdirSync(modules);
  const copied = ["socket.io", "socket.io-adapter"];
  for (const name of copied) {
    fs.cpSync(folderOf(name), path.join(modules, name), { recursive: true });
  }
  for (const name of copied) {
    for (const dependency of Object.keys(packageOf(name).dependencies)) {
      const link = path.join(modules, dependency);
      // of these there need not be a second one
      if (!fs.existsSync(link))
        fs.symlinkSync(folderOf(dependency), link, "junction");
    }
  }
  fs.writeFileSync(
    path.join(folder, "application.js"),
    `const { Server } = require("socket.io");
     const { serve } = require(${JSON.stringify(require.resolve("./member-server.js"))});
     serve(Server, JSON.parse(process.argv[2]));`,
  );
  return folder;
}

/** @param {string} name of an installed package */
function folderOf(name) {
  return path.join(__dirname, "../../node_modules", name);
}

describe("an application with a socket.io-adapter of its own", () => {
  let folder = "";
  before(() => {
    folder = layOutApplication();
  });
  after(() => fs.rmSync(folder, { recursive: true, force: true }));

  /** @param {number} index */
  const scriptOf = (index) =>
    index === 0 ? path.join(folder, "application.js") : undefined;

  describeMixedCluster(["native", "native", "js-0.5"], {
    title: "in a cluster with others",
    scriptOf,
  });

  describe("its copies", () => {
    const database = useDatabase();

    it("are two, of the application and of ours", async (t) => {
      const kinds = /** @type {const} */ (["native"]);
      const cluster = await mixedClusterFor(t, database, [...kinds], {
        scriptOf,
      });
      const member = cluster.member(0);
      const adapters = await member.call("loadedFrom", "socket.io-adapter");
      const servers = await member.call("loadedFrom", "socket.io");
      const own = path.join(folder, "node_modules");
      assert.equal(adapters.length, 2);
      assert.equal(adapters.filter(isBelow(own)).length, 1);
      assert.equal(servers.length, 1);
      assert.ok(servers.every(isBelow(own)));
    });
  });
});

/** @param {string} folder */
function isBelow(folder) {
  return (/** @type {string} */ file) => file.startsWith(folder + path.sep);
}
