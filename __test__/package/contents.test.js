"use strict";

// What is in the tarballs, and what is not.

const assert = require("node:assert/strict");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { before, describe, it } = require("node:test");
const { GLIBC, checkBinary } = require("../../scripts/packaging/binary.js");
const { readElf } = require("../../scripts/packaging/elf.js");
const {
  hostPlatform,
  PLATFORMS,
} = require("../../scripts/packaging/platforms.js");
const { LOCAL_ONLY } = require("../../scripts/packaging/stage.js");
const { readTarball } = require("../../scripts/packaging/tarball.js");
const { mainTarball, platformTarball } = require("./packed.js");
const { README } = require("./readme.js");

const root = path.join(__dirname, "..", "..");
const manifest = require("../../package.json");

/** How far the README's figure may be from what was measured, as a share of that. */
const TOLERANCE = 0.1;

/**
 * @param {Map<string, Buffer>} files
 * @param {string} name
 */
function jsonOf(files, name) {
  return JSON.parse(String(files.get(name)));
}

/** @returns {string | false} */
function reasonNotToCheckLibc() {
  if (process.platform !== "linux") return "only Linux has a choice of libc";
  return fs.existsSync(LOCAL_ONLY) && "left out: linked without zig";
}

/** @param {Map<string, Buffer>} files */
function sizeOf(files) {
  return [...files.values()].reduce((sum, { length }) => sum + length, 0);
}

describe("the package", () => {
  /** @type {Map<string, Buffer>} */
  let files;
  before(() => (files = readTarball(mainTarball())));

  it("holds what runs, what describes it, and nothing else", () => {
    const library = fs.readdirSync(path.join(root, "lib"));
    const documents = fs
      .readdirSync(path.join(root, "docs"))
      .filter((name) => name.endsWith(".md"))
      .map((name) => `docs/${name}`)
      .concat("LICENSE", "README.md", "package.json");
    const expected = library
      .map((name) => `lib/${name}`)
      .concat(documents, "binding.js", "index.d.ts", "index.js");
    assert.deepEqual([...files.keys()], expected.sort());
    assert.ok(library.every((name) => name.endsWith(".js")));
  });

  it("holds the files as they are in this folder", () => {
    const generated = new Set(["binding.js", "package.json"]);
    for (const [name, content] of files) {
      if (generated.has(name)) continue;
      const own = fs.readFileSync(path.join(root, name));
      assert.ok(own.equals(content), `${name} differs: npm run pack`);
    }
  });

  it("holds the documents that it names", () => {
    const named = [...files].flatMap(([name, content]) =>
      /\.(md|ts|js)$/.test(name)
        ? (String(content).match(/(?<![\w/])docs\/[\w-]+\.md/g) ?? [])
        : [],
    );
    assert.ok(named.length > 20);
    const missing = named.filter((name) => !files.has(name));
    assert.deepEqual(missing, []);
  });

  it("has a loader of its own version", () => {
    const versions = String(files.get("binding.js")).match(/!== '[^']+'/g);
    const expected = `!== '${manifest.version}'`;
    const others = versions?.filter(
      (text) => /\d+\.\d+/.test(text) && text !== expected,
    );
    assert.deepEqual(others, []);
  });

  it("depends on the packages of all platforms, in the same version", () => {
    const { optionalDependencies } = jsonOf(files, "package.json");
    assert.deepEqual(
      optionalDependencies,
      Object.fromEntries(
        PLATFORMS.map(({ packageName }) => [packageName, manifest.version]),
      ),
    );
  });

  it("has the manifest of this folder, without what is for development", () => {
    const {
      optionalDependencies: _o,
      // which a workflow adds
      repository: _r,
      homepage: _h,
      bugs: _b,
      ...packed
    } = jsonOf(files, "package.json");
    const expected = Object.entries(manifest).filter(
      ([name]) => name in packed,
    );
    assert.deepEqual(packed, Object.fromEntries(expected));
    assert.deepEqual(
      Object.keys(manifest).filter((name) => !(name in packed)),
      ["napi", "scripts", "devDependencies", "allowScripts", "overrides"],
    );
  });
});

describe("the package of this platform", () => {
  const platform = hostPlatform();
  /** @type {Map<string, Buffer>} */
  let files;
  before(() => (files = readTarball(platformTarball())));

  it("holds the binary, what describes it, and nothing else", () => {
    assert.deepEqual(
      [...files.keys()],
      ["LICENSE", "README.md", "package.json", platform.binary],
    );
  });

  it("names no folder of the machine that built it", () => {
    const binary = /** @type {Buffer} */ (files.get(platform.binary));
    for (const folder of [root, os.homedir()]) {
      if (folder.length > 1) assert.equal(binary.indexOf(folder), -1, folder);
    }
  });

  it(
    `runs with glibc ${GLIBC}, and holds nothing for a debugger`,
    { skip: reasonNotToCheckLibc() },
    () => {
      const binary = /** @type {Buffer} */ (files.get(platform.binary));
      assert.deepEqual(readElf(binary).debug, []);
      const needs = checkBinary(platform, binary, true);
      assert.match(String(needs), /^(no glibc|glibc 2\.(\d|1[0-7]))$/);
    },
  );
});

describe("the README", () => {
  it("says how large the installed package is", () => {
    const size = [mainTarball(), platformTarball()]
      .map((file) => sizeOf(readTarball(file)))
      .reduce((sum, part) => sum + part);
    const text = fs.readFileSync(README, "utf8");
    const [, figure] = /about (\d+\.\d+) MB installed/.exec(text) ?? [];
    assert.ok(figure, 'there is no "about N.N MB installed"');
    const said = Number(figure) * 1e6;
    const off = Math.abs(said - size) / size;
    assert.ok(off <= TOLERANCE, `it says ${said} bytes, and it has ${size}`);
  });
});

describe("npm/", () => {
  for (const { suffix, packageName, folder, binary } of PLATFORMS) {
    it(`${suffix} is complete`, () => {
      const own = JSON.parse(
        fs.readFileSync(path.join(folder, "package.json"), "utf8"),
      );
      const [system, cpu, abi = ""] = suffix.split("-");
      const libc = { gnu: ["glibc"], musl: ["musl"] }[abi];
      const { description, ...rest } = own;
      assert.deepEqual(rest, {
        name: packageName,
        version: manifest.version,
        license: manifest.license,
        main: binary,
        files: [binary],
        os: [system],
        cpu: [cpu],
        ...(libc && { libc }),
        engines: manifest.engines,
      });
      assert.match(description, /^The native binary of .* for /);
      const readme = fs.readFileSync(path.join(folder, "README.md"), "utf8");
      assert.ok(readme.startsWith(`# ${packageName}\n`));
    });
  }
});
