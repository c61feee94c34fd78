"use strict";

// The package as it is installed, without a binary, or with one that does not fit: in a folder of its own, loaded by a
// process that takes itself for one of another platform.

const assert = require("node:assert/strict");
const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { after, before, describe, it } = require("node:test");
const { PLATFORMS } = require("../../lib/no-binary.js");

const root = path.join(__dirname, "..", "..");
const NAME = "@socket.io/postgres-adapter-rs";
const { version } = require(path.join(root, "package.json"));

/** @type {string} */
let folder;
/** @type {string} */
let scope;

before(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "no-binary-"));
  scope = path.join(folder, "node_modules", "@socket.io");
  const target = path.join(folder, "node_modules", NAME);
  for (const file of ["package.json", "index.js", "binding.js", "lib"]) {
    fs.cpSync(path.join(root, file), path.join(target, file), {
      recursive: true,
    });
  }
  const debug = path.dirname(require.resolve("debug/package.json"));
  fs.symlinkSync(debug, path.join(folder, "node_modules", "debug"), "junction");
});

after(() => fs.rmSync(folder, { recursive: true, force: true }));

/**
 * @typedef {object} System what the process takes itself for
 * @property {string} platform
 * @property {string} arch
 * @property {string} [glibc] its version; musl without one
 */

/** @param {System} system */
function pretend({ platform, arch, glibc }) {
  const header = JSON.stringify({ glibcVersionRuntime: glibc });
  const ldd = glibc === undefined ? "musl" : "glibc";
  return `
    const fs = require("node:fs");
    const { readFileSync } = fs;
    fs.readFileSync = (file, ...rest) =>
      file === "/usr/bin/ldd" ? "${ldd}" : readFileSync(file, ...rest);
    process.report.getReport = () => ({ header: ${header} });
    Object.defineProperty(process, "platform", { value: "${platform}" });
    Object.defineProperty(process, "arch", { value: "${arch}" });
  `;
}

/**
 * Loads the package, which fails.
 *
 * @param {System | undefined} system this one when undefined
 * @param {NodeJS.ProcessEnv} [env] further variables
 * @returns {{ code: string, name: string, message: string, cause: string }}
 */
function load(system, env = {}) {
  const program = `
    ${system === undefined ? "" : pretend(system)}
    try {
      require(${JSON.stringify(NAME)});
    } catch (err) {
      const { code, name, message, cause } = err;
      console.log(JSON.stringify({ code, name, message, cause: String(cause) }));
    }
  `;
  const { stdout, stderr } = spawnSync(process.execPath, ["-e", program], {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
  assert.notEqual(stdout, "", `the package was loaded: ${stderr}`);
  return JSON.parse(stdout);
}

/**
 * @param {string} platform
 * @param {Record<string, string | Buffer>} files and what is in them
 */
function installPlatform(platform, files) {
  const target = path.join(scope, `postgres-adapter-rs-${platform}`);
  fs.mkdirSync(target);
  for (const [file, content] of Object.entries(files)) {
    fs.writeFileSync(path.join(target, file), content);
  }
  return () => fs.rmSync(target, { recursive: true });
}

/** @param {string} platform */
function manifestOf(platform) {
  return fs.readFileSync(
    path.join(root, "npm", platform, "package.json"),
    "utf8",
  );
}

describe("without a binary", () => {
  it("the error tells the platform, what was looked for, and what to do", () => {
    const { code, name, message, cause } = load({
      platform: "linux",
      arch: "x64",
      glibc: "2.36",
    });
    assert.equal(code, "ERR_NO_BINARY");
    assert.equal(name, "PostgresAdapterError");
    const node = process.versions.node;
    const begin = `${NAME} ${version} has no native binary that runs here, on linux x64 (glibc 2.36), Node.js ${node}. The package ${NAME}-linux-x64-gnu, an optional dependency that holds it, is not installed.`;
    assert.equal(message.slice(0, begin.length), begin);
    assert.match(message, /without --omit=optional/);
    assert.match(message, /remove node_modules and the lock file/);
    assert.match(cause, /Cannot find native binding/);
  });

  const supported = /** @type {const} */ ([
    ["linux-x64-musl", { platform: "linux", arch: "x64" }],
    ["linux-arm64-gnu", { platform: "linux", arch: "arm64", glibc: "2.17" }],
    ["linux-arm64-musl", { platform: "linux", arch: "arm64" }],
    ["darwin-x64", { platform: "darwin", arch: "x64" }],
    ["darwin-arm64", { platform: "darwin", arch: "arm64" }],
    ["win32-x64-msvc", { platform: "win32", arch: "x64" }],
    ["win32-arm64-msvc", { platform: "win32", arch: "arm64" }],
  ]);
  for (const [suffix, system] of supported) {
    it(`${suffix} is what is missing there`, () => {
      const { message } = load(system);
      assert.match(message, new RegExp(`${suffix}[^.]*is not installed`));
    });
  }

  it("tells musl from glibc", () => {
    assert.match(
      load({ platform: "linux", arch: "x64" }).message,
      /linux x64 \(musl\)/,
    );
  });

  const unsupported = [
    { platform: "freebsd", arch: "x64" },
    { platform: "sunos", arch: "x64" },
    { platform: "linux", arch: "riscv64", glibc: "2.36" },
    { platform: "linux", arch: "mips", glibc: "2.36" },
    { platform: "win32", arch: "ia32" },
  ];
  for (const system of unsupported) {
    it(`${system.platform} ${system.arch} has none, and can build one`, () => {
      const { code, message } = load(system);
      assert.equal(code, "ERR_NO_BINARY");
      assert.match(message, new RegExp(`${system.platform} ${system.arch}`));
      assert.match(message, /no package with one for this platform/);
      for (const platform of PLATFORMS) assert.ok(message.includes(platform));
      assert.match(message, /`npm run build`.*NAPI_RS_NATIVE_LIBRARY_PATH/);
    });
  }

  it("a package for another platform shows that node_modules was copied", () => {
    const remove = installPlatform("darwin-arm64", {
      "package.json": manifestOf("darwin-arm64"),
    });
    try {
      const { message } = load({ platform: "linux", arch: "arm64" });
      assert.match(message, /linux-arm64-musl.*is not installed/);
      assert.match(message, /Installed is .*-darwin-arm64, .*copying/);
    } finally {
      remove();
    }
  });
});

describe("with a binary that does not fit", () => {
  it("the error says why", () => {
    const remove = installPlatform("linux-x64-gnu", {
      "package.json": manifestOf("linux-x64-gnu"),
      "postgres-adapter-rs.linux-x64-gnu.node": "no binary",
    });
    try {
      const { code, message } = load({
        platform: "linux",
        arch: "x64",
        glibc: "2.36",
      });
      assert.equal(code, "ERR_NO_BINARY");
      assert.match(
        message,
        /One is there, but it cannot be loaded: .*postgres-adapter-rs/,
      );
      assert.match(message, /npm run build/);
    } finally {
      remove();
    }
  });

  it("one whose file is gone, too", () => {
    const remove = installPlatform("linux-x64-gnu", {
      "package.json": manifestOf("linux-x64-gnu"),
    });
    try {
      const { message } = load({
        platform: "linux",
        arch: "x64",
        glibc: "2.36",
      });
      assert.match(message, /cannot be loaded: .*linux-x64-gnu\.node/);
    } finally {
      remove();
    }
  });

  const glibc = /** @type {any} */ (process.report).getReport().header
    .glibcVersionRuntime;
  it(
    "one that needs a newer C library, too",
    { skip: glibc === undefined && "there is no glibc here" },
    () => {
      const platform = `linux-${process.arch}-gnu`;
      const file = `postgres-adapter-rs.${platform}.node`;
      // the binary of this platform, but for the version of a symbol, which no glibc has
      const binary = fs.readFileSync(path.join(root, file));
      const [needed = ""] = /GLIBC_2\.\d\d/.exec(String(binary)) ?? [];
      binary.write("GLIBC_2.99", binary.indexOf(`${needed}\0`), "latin1");
      const remove = installPlatform(platform, {
        "package.json": manifestOf(platform),
        [file]: binary,
      });
      try {
        const { code, message } = load(undefined);
        assert.equal(code, "ERR_NO_BINARY");
        assert.ok(message.includes(`linux ${process.arch} (glibc ${glibc})`));
        assert.match(message, /cannot be loaded: .*GLIBC_2\.99' not found/);
        assert.match(message, /too old: the binary needs glibc 2\.99 or newer/);
      } finally {
        remove();
      }
    },
  );
});

describe("NAPI_RS_NATIVE_LIBRARY_PATH", () => {
  const name = "NAPI_RS_NATIVE_LIBRARY_PATH";

  it("is named when what it leads to cannot be loaded", () => {
    const { code, message } = load(undefined, { [name]: "/no/such/file.node" });
    assert.equal(code, "ERR_NO_BINARY");
    assert.match(
      message,
      /NAPI_RS_NATIVE_LIBRARY_PATH.*\/no\/such\/file\.node/,
    );
  });

  it("leads to a binary that was built from source", () => {
    const built = fs.readdirSync(root).find((file) => file.endsWith(".node"));
    assert.ok(built);
    const program = `console.log(Object.keys(require(${JSON.stringify(NAME)})).join())`;
    const { stdout, stderr } = spawnSync(process.execPath, ["-e", program], {
      cwd: folder,
      encoding: "utf8",
      env: { ...process.env, [name]: path.join(root, built) },
    });
    assert.match(stdout, /createAdapter/, stderr);
  });
});

describe("a clone that was not built", () => {
  it("says so", () => {
    const binding = path.join(folder, "node_modules", NAME, "binding.js");
    fs.renameSync(binding, `${binding}.aside`);
    try {
      const { code, message } = load(undefined);
      assert.equal(code, "ERR_NO_BINARY");
      assert.match(message, /clone that is not built: run `npm run build`/);
    } finally {
      fs.renameSync(`${binding}.aside`, binding);
    }
  });
});

describe("the platforms of the loader", () => {
  it("are those of the packages", () => {
    assert.deepEqual(
      [...PLATFORMS],
      fs.readdirSync(path.join(root, "npm")).sort(),
    );
  });
});
