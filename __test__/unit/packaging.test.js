"use strict";

// What `npm run pack` looks at.

const assert = require("node:assert/strict");
const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");
const { describe, it } = require("node:test");
const { checkBinary } = require("../../scripts/packaging/binary.js");
const { newestGlibc, readElf } = require("../../scripts/packaging/elf.js");
const {
  hostPlatform,
  platformFor,
  PLATFORMS,
} = require("../../scripts/packaging/platforms.js");
const { addresses } = require("../../scripts/packaging/stage.js");

const root = path.join(__dirname, "..", "..");
const isGlibc =
  process.platform === "linux" && hostPlatform().triple.endsWith("-gnu");
const skip = !isGlibc && "there is no glibc here";

/** @returns {Buffer} the addon as it was built for this machine */
function ownBinary() {
  return fs.readFileSync(path.join(root, hostPlatform().binary));
}

describe("the platforms", () => {
  it("are the targets of Rust, as npm/ names them", () => {
    assert.deepEqual(
      PLATFORMS.map(({ suffix }) => suffix).sort(),
      fs.readdirSync(path.join(root, "npm")).sort(),
    );
    const { suffix, binary } = platformFor("aarch64-unknown-linux-musl");
    assert.equal(suffix, "linux-arm64-musl");
    assert.equal(binary, "postgres-adapter-rs.linux-arm64-musl.node");
  });

  it("have this one among them", () => {
    const { suffix } = hostPlatform();
    assert.ok(suffix.startsWith(`${process.platform}-${process.arch}`));
  });

  it("have no other ones", () => {
    assert.throws(
      () => platformFor("mips-unknown-linux-gnu"),
      /no package for mips-unknown-linux-gnu\. .* x86_64-apple-darwin/,
    );
  });
});

describe("readElf()", () => {
  it("tells the libraries and versions of a program", { skip }, () => {
    const { libraries, glibc } = readElf(fs.readFileSync(process.execPath));
    assert.ok(libraries.includes("libc.so.6"), libraries.join());
    assert.match(String(glibc), /^2\.\d+$/);
  });

  const hasReadelf = spawnSync("readelf", ["--version"]).status === 0;
  it(
    "agrees with readelf",
    { skip: skip || (!hasReadelf && "left out: readelf is not installed") },
    () => {
      const file = path.join(root, hostPlatform().binary);
      const { libraries, glibc } = readElf(fs.readFileSync(file));
      const flags = ["--wide", "--dynamic", "--version-info", file];
      const { stdout } = spawnSync("readelf", flags, { encoding: "utf8" });
      const needed = [...stdout.matchAll(/\(NEEDED\).*\[(.*)\]/g)];
      const versions = [...stdout.matchAll(/Name: (GLIBC_\S+)/g)];
      assert.deepEqual(
        libraries,
        needed.map(([, library]) => library),
      );
      assert.equal(
        glibc,
        newestGlibc(versions.map(([, version]) => String(version))),
      );
    },
  );

  it("refuses what is none", () => {
    assert.throws(() => readElf(Buffer.from("MZ, a program")), /no 64-bit/);
  });

  it("takes the numbers of versions for numbers", () => {
    const versions = ["GLIBC_2.9", "GLIBC_2.17", "GLIBC_2.2.5", "GCC_4.3.0"];
    assert.equal(newestGlibc(versions), "2.17");
    assert.equal(newestGlibc(["GCC_4.3.0"]), undefined);
  });
});

describe("checkBinary()", { skip }, () => {
  it("refuses a binary that needs a newer glibc", () => {
    const binary = ownBinary();
    const own = String(readElf(binary).glibc);
    const at = binary.indexOf(`GLIBC_${own}\0`);
    binary.write(`GLIBC_2.${"9".repeat(own.length - 2)}`, at, "latin1");
    // a library that an older compiler asks for is a reason of its own
    const libraries = binary.indexOf("libgcc_s.so.1\0");
    if (libraries > 0) binary.write("libc.so.6\0", libraries, "latin1");
    assert.throws(
      () => checkBinary(hostPlatform(), binary, true),
      /needs glibc 2\.9+\.$/,
    );
    assert.match(
      String(checkBinary(hostPlatform(), binary, false)),
      /^glibc 2\.9+, as this machine has it$/,
    );
  });

  it("refuses a binary with symbols for a debugger", () => {
    const program = fs.readFileSync(process.execPath);
    const { debug } = readElf(program);
    const check = () => checkBinary(hostPlatform(), program, true);
    assert.throws(check, debug.length > 0 ? /has debug symbols/ : /needs /);
  });

  it("refuses a binary that needs other libraries", () => {
    const binary = ownBinary();
    const at = binary.indexOf("libm.so.6\0");
    assert.ok(at > 0);
    binary.write("libx", at, "latin1");
    assert.throws(
      () => checkBinary(hostPlatform(), binary, true),
      /needs .*libx\.so\.6/,
    );
  });
});

describe("the addresses in a package", () => {
  it("are those of the repository whose workflow packs it", () => {
    const url = "https://git.example/owner/name";
    const env = {
      GITHUB_SERVER_URL: "https://git.example",
      GITHUB_REPOSITORY: "owner/name",
    };
    assert.deepEqual(addresses(env), {
      repository: { type: "git", url: `git+${url}.git` },
      homepage: `${url}#readme`,
      bugs: { url: `${url}/issues` },
    });
  });

  it("are left out elsewhere", () => {
    assert.deepEqual(addresses({}), {});
  });
});

describe("npm run pack", () => {
  const script = path.join(root, "scripts", "pack.js");

  it("says how it is used", () => {
    const { status, stderr } = spawnSync(process.execPath, [script, "--x"], {
      encoding: "utf8",
    });
    assert.equal(status, 1);
    assert.match(stderr, /^Usage: npm run pack, /);
  });

  it("names the platforms when there is none of the name", () => {
    const args = [script, "--build", "mips-unknown-linux-gnu"];
    const { status, stderr } = spawnSync(process.execPath, args, {
      encoding: "utf8",
    });
    assert.equal(status, 1);
    assert.match(stderr, /^There is no package for mips-unknown-linux-gnu\./);
  });
});
