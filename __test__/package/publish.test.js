"use strict";

// What the release workflow does at last, with a registry on this machine.

const assert = require("node:assert/strict");
const { spawnSync } = require("node:child_process");
const { once } = require("node:events");
const fs = require("node:fs");
const http = require("node:http");
const os = require("node:os");
const path = require("node:path");
const { after, before, beforeEach, describe, it } = require("node:test");
const { PLATFORMS } = require("../../scripts/packaging/platforms.js");
const { runCommand } = require("../../scripts/run-command.js");
const { mainTarball } = require("./packed.js");

const root = path.join(__dirname, "..", "..");
const { name, version } = require("../../package.json");
const TOKEN = "a-token";

/** The packages that were published, by name. @type {Map<string, any>} */
const published = new Map();
/** After so many the registry fails. */
let capacity = Infinity;

/**
 * @param {http.IncomingMessage} request
 * @param {http.ServerResponse} response
 */
async function answer(request, response) {
  const asked = decodeURIComponent(String(request.url)).slice(1);
  const document = published.get(asked);
  if (request.method === "GET") {
    response.statusCode = document ? 200 : 404;
    return response.end(JSON.stringify(document ?? {}));
  }
  const chunks = await request.toArray();
  const isAllowed = request.headers.authorization === `Bearer ${TOKEN}`;
  if (!isAllowed || published.size >= capacity) {
    response.statusCode = isAllowed ? 500 : 403;
    return response.end("{}");
  }
  published.set(asked, JSON.parse(Buffer.concat(chunks).toString()));
  return response.end("{}");
}

const server = http.createServer(answer);
/** @type {string} */
let folder;
let registry = "";

before(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const { port } = /** @type {import("node:net").AddressInfo} */ (address);
  registry = `http://127.0.0.1:${port}/`;
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "publish-test-"));
  fs.copyFileSync(
    mainTarball(),
    path.join(folder, path.basename(mainTarball())),
  );
  // without their binaries, which are not built here
  const folders = PLATFORMS.map((platform) => platform.folder);
  const { status, stderr } = spawnSync(
    "npm",
    ["pack", ...folders, "--pack-destination", folder, "--silent"],
    { cwd: root, encoding: "utf8", shell: process.platform === "win32" },
  );
  assert.equal(status, 0, stderr);
});
beforeEach(() => {
  published.clear();
  capacity = Infinity;
});
after(() => {
  server.closeAllConnections();
  server.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

/** @returns {Promise<{ code: number | null, output: string }>} */
async function publish() {
  /** @type {string[]} */
  const lines = [];
  const { code } = await runCommand(
    process.execPath,
    [path.join(root, "scripts", "publish.js")],
    {
      env: {
        ...process.env,
        PACKAGES_FOLDER: folder,
        NODE_AUTH_TOKEN: TOKEN,
        npm_config_registry: registry,
        npm_config_fetch_retries: "0",
        npm_config_cache: path.join(folder, "cache"),
      },
      onLine: (line) => lines.push(line),
    },
  );
  return { code, output: lines.join("\n") };
}

const ORDER = [...PLATFORMS.map(({ packageName }) => packageName), name];

describe("publishing", () => {
  it("is refused for the folder, whose manifest is that of a clone", () => {
    const { status, stdout } = spawnSync("npm", ["publish", "--dry-run"], {
      cwd: root,
      encoding: "utf8",
      shell: process.platform === "win32",
      env: { ...process.env, npm_config_registry: registry },
    });
    assert.notEqual(status, 0);
    assert.match(stdout, /Publish what npm run pack has made/);
  });

  it("begins with the binaries, ends with the package, and goes on after a failure", async () => {
    capacity = 3;
    const { code, output } = await publish();
    assert.equal(code, 1, output);
    assert.deepEqual([...published.keys()], ORDER.slice(0, capacity));

    capacity = Infinity;
    const again = await publish();
    assert.equal(again.code, 0, again.output);
    assert.equal(again.output.match(/is there already/g)?.length, 3);
    assert.deepEqual([...published.keys()], ORDER);
    for (const document of published.values()) {
      const tag = version.includes("-") ? "next" : "latest";
      assert.deepEqual(document["dist-tags"], { [tag]: version });
      assert.equal(document.access, "public");
    }
  });

  it("does not begin while one is missing", async () => {
    const file = path.join(folder, path.basename(mainTarball()));
    fs.renameSync(file, `${file}.aside`);
    try {
      const { code, output } = await publish();
      assert.equal(code, 1);
      assert.match(output, /^There is no .*\.tgz$/);
      assert.equal(published.size, 0);
    } finally {
      fs.renameSync(`${file}.aside`, file);
    }
  });
});
