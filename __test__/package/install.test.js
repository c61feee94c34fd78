"use strict";

// The packages, installed into an empty folder as a user would, and the programs of the README there. With
// PACKAGE_MATRIX=all under every package manager and version of Node.js.

const assert = require("node:assert/strict");
const path = require("node:path");
const { after, before, describe, it } = require("node:test");
const { hostPlatform } = require("../../scripts/packaging/platforms.js");
const { installRuntime, RUNTIMES } = require("../../scripts/runtimes.js");
const { createDatabase } = require("../support/postgres.js");
const { collect, until } = require("../support/wait.js");
const { installManager, managersFor } = require("./managers.js");
const { tarballs } = require("./packed.js");
const {
  assertCrosses,
  PATIENCE,
  startProgram,
} = require("./program-process.js");
const { Project } = require("./project.js");
const {
  clients,
  compilation,
  emitters,
  installedPackages,
  servers,
} = require("./readme.js");
const { startRegistry } = require("./registry.js");

const root = path.join(__dirname, "..", "..");
const { name: NAME, version: VERSION } = require("../../package.json");

/** What npx starts, and what needs a shell elsewhere. */
const COMPILER = path.join("node_modules", "typescript", "bin", "tsc");

/** A type that is not found is `any`, which takes everything. */
const TYPED = `
import { createAdapter, Emitter } from "${NAME}";
import type { ConnectionTarget, PostgresAdapter } from "${NAME}";

createAdapter({ host: "localhost" });
createAdapter("postgres://localhost", { listenPool: { port: 5432 } });
new Emitter("postgres://localhost").emit("news", 1);
// @ts-expect-error
createAdapter(42);
// @ts-expect-error
createAdapter("postgres://localhost", { listenPool: 42 });
// @ts-expect-error
new Emitter({ port: "of a string" });
// @ts-expect-error
const target: ConnectionTarget = true;

export async function peersOf(adapter: PostgresAdapter): Promise<number> {
  // @ts-expect-error
  adapter.noSuchMember;
  return (await adapter.serverCount()) - 1;
}
`;

/** @typedef {import("./project.js").Tools} Tools */
/** @typedef {{ title: string, tools: () => Promise<Tools> }} Combination */

/**
 * @param {string} version of Node.js
 * @param {import("./managers.js").Manager} manager
 * @param {() => Promise<string>} node
 * @returns {Combination}
 */
function combination(version, manager, node) {
  return {
    title: `${manager.package} ${manager.version}, Node.js ${version}`,
    tools: async () => ({
      node: await node(),
      manager,
      managerProgram: await installManager(manager),
    }),
  };
}

/** @returns {Combination[]} this Node.js, with the newest npm and pnpm that it can run */
function someCombinations() {
  const { node } = process.versions;
  const newest = new Map(
    managersFor(node).map((manager) => [manager.package, manager]),
  );
  return [...newest.values()].map((manager) =>
    combination(node, manager, async () => process.execPath),
  );
}

/** @returns {Combination[]} */
function allCombinations() {
  return RUNTIMES.filter(({ runsSuites }) => runsSuites).flatMap((runtime) =>
    managersFor(runtime.version).map((manager) =>
      combination(runtime.version, manager, () => installRuntime(runtime)),
    ),
  );
}

const isWhole = process.env["PACKAGE_MATRIX"] === "all";

/** @type {Awaited<ReturnType<typeof startRegistry>>} */
let registry;
/** @type {Awaited<ReturnType<typeof createDatabase>>} */
let database;

before(async () => {
  registry = await startRegistry(await tarballs(), path.join(root, "npm"));
  database = await createDatabase();
});
after(async () => {
  registry?.close();
  await database?.dispose();
});

/**
 * @param {Project} project
 * @param {import("./readme.js").Program} program
 * @returns {Promise<string>} the file to run
 */
async function save(project, { file, code }) {
  project.write(file, code);
  if (!file.endsWith("ts")) return file;
  const args = compilation(file);
  assert.ok(args, `the README does not say how to compile ${file}`);
  await project.run([COMPILER, ...args]);
  return file.replace(/ts$/, "js");
}

/**
 * @param {Project} project
 * @param {string} file a server
 */
async function runServers(project, file) {
  const start = () => startProgram(project, file, database.connectionString);
  const [one, other] = await Promise.all([start(), start()]);
  try {
    await Promise.all([one, other].map((server) => server.untilConnected()));
    await assertCrosses(one, other, "there");
    await assertCrosses(other, one, "and back");
    for (const server of [one, other]) {
      assert.deepEqual(await server.close(), { code: 0, output: "" });
    }
  } finally {
    for (const server of [one, other]) server.kill();
  }
}

/**
 * @param {Project} project
 * @param {string} server the file of one
 * @param {string} client
 */
async function runClient(project, server, client) {
  const receiver = await startProgram(
    project,
    server,
    database.connectionString,
  );
  /** @type {import("node:child_process").ChildProcess | undefined} */
  let speaker;
  try {
    await receiver.untilConnected();
    speaker = project.start([client, receiver.url, "hello"]);
    const output = collect(/** @type {any} */ (speaker.stdout), "data");
    await receiver.messages.count(1, PATIENCE);
    await output.count(1, PATIENCE);
    assert.deepEqual(receiver.messages.values, ["hello"]);
    assert.equal(String(output.values[0]), "hello\n");
  } finally {
    speaker?.kill("SIGKILL");
    receiver.kill();
  }
}

/**
 * @param {Project} project
 * @param {string} server the file of one
 * @param {string} emitter
 */
async function runEmitter(project, server, emitter) {
  const DATABASE_URL = database.connectionString;
  const receiver = await startProgram(project, server, DATABASE_URL);
  try {
    await receiver.untilConnected();
    // the server may not hear yet what is sent while it begins
    await until(
      async () => {
        assert.equal(await project.run([emitter], { DATABASE_URL }), "");
        return receiver.messages.values.length > 0;
      },
      { ...PATIENCE, message: "a message of the emitter" },
    );
    assert.deepEqual(await receiver.close(), { code: 0, output: "" });
  } finally {
    receiver.kill();
  }
}

for (const { title, tools } of isWhole
  ? allCombinations()
  : someCombinations()) {
  describe(`installed by ${title}`, () => {
    /** @type {Project} */
    let project;
    before(async () => {
      project = new Project(await tools(), registry.url);
    });
    after(() => project?.dispose());

    it("has neither Rust nor a compiler", async () => {
      for (const program of ["cargo", "rustc", "cc", "cl"]) {
        const script = `child_process.spawnSync("${program}").error?.code`;
        assert.equal(await project.run(["-p", script]), "ENOENT");
      }
    });

    it("brings the binary of this platform, and no other", async () => {
      await project.install(installedPackages());
      assert.deepEqual(
        project.platformFolders().map((folder) => path.basename(folder)),
        [hostPlatform().packageName.replace("@socket.io/", "")],
      );
      assert.deepEqual(registry.refused, []);
    });

    for (const program of servers()) {
      it(`runs ${program.file} of the README, twice, in one cluster`, async () => {
        await runServers(project, await save(project, program));
      });
    }

    const others = /** @type {const} */ ([
      [clients(), runClient],
      [emitters(), runEmitter],
    ]);
    for (const [programs, run] of others) {
      for (const program of programs) {
        it(`runs ${program.file} of the README, with a server`, async () => {
          const [server] = servers();
          assert.ok(server);
          const file = await save(project, server);
          await run(project, file, await save(project, program));
        });
      }
    }
  });
}

for (const { title, tools } of isWhole
  ? allCombinations()
  : someCombinations()) {
  describe(`installed by ${title}, with nothing but TypeScript`, () => {
    /** @type {Project} */
    let project;
    before(async () => {
      project = new Project(await tools(), registry.url);
      await project.install([NAME, "typescript"]);
      project.write("typed.ts", TYPED);
    });
    after(() => project?.dispose());

    for (const skipLibCheck of ["false", "true"]) {
      it(`has types, with --skipLibCheck ${skipLibCheck}`, async () => {
        const flags = `--noEmit --strict --target es2022 --module nodenext --skipLibCheck ${skipLibCheck}`;
        await project.run([COMPILER, ...flags.split(" "), "typed.ts"]);
      });
    }
  });
}

describe("installed without optional dependencies", () => {
  it("says what is missing, and what to do", async (t) => {
    const [some] = someCombinations();
    assert.ok(some);
    const project = new Project(await some.tools(), registry.url);
    t.after(() => project.dispose());
    await project.install(["--omit=optional", NAME, "socket.io"]);
    const script = `try { require("${NAME}") } catch (e) { console.log(e.code, e.message) }`;
    const output = await project.run(["-e", script]);
    const { packageName } = hostPlatform();
    const begin = `ERR_NO_BINARY ${NAME} ${VERSION} has no native binary that runs here`;
    assert.equal(output.slice(0, begin.length), begin);
    assert.ok(output.includes(`The package ${packageName}, an optional`));
    assert.ok(output.includes("Install without --omit=optional"));
  });
});

describe("the README", () => {
  it("has a server for each kind of program, a client and an emitter", () => {
    const kinds = servers().map(({ file }) => path.extname(file));
    assert.deepEqual(kinds.sort(), [".cjs", ".mjs", ".ts"]);
    assert.equal(clients().length, 1);
    assert.equal(emitters().length, 1);
  });

  it("says what to install", () => {
    const packages = ["socket.io", "socket.io-client", "pg", "typescript"];
    for (const wanted of [NAME, ...packages]) {
      assert.ok(installedPackages().includes(wanted), wanted);
    }
  });
});
