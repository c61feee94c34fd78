"use strict";

const assert = require("node:assert/strict");
const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { setImmediate } = require("node:timers/promises");
const { afterEach, beforeEach, describe, it } = require("node:test");
const { withLock } = require("../../scripts/lock-file.js");

/** @type {string} */
let folder;
/** @type {string} */
let file;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "lock-test-"));
  file = path.join(folder, "below", "lock");
});

afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

/** @param {number} pid */
function writeLock(pid) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(
    file,
    JSON.stringify({ pid, host: os.hostname(), token: "other" }),
  );
}

describe("withLock()", () => {
  it("lets one work at a time, and tells the others whom they wait for", async () => {
    let working = 0;
    /** @type {(number | undefined)[]} */
    const waitedFor = [];
    const work = async () => {
      working += 1;
      assert.equal(working, 1);
      for (let i = 0; i < 10; i += 1) await setImmediate();
      working -= 1;
    };
    const onWait = (/** @type {number | undefined} */ pid) =>
      waitedFor.push(pid);
    await Promise.all([1, 2, 3].map(() => withLock(file, work, { onWait })));
    assert.deepEqual(waitedFor, [process.pid, process.pid]);
    assert.deepEqual(fs.readdirSync(path.dirname(file)), []);
  });

  it("takes over from a process that has ended", async () => {
    const { pid } = spawnSync(process.execPath, ["--version"]);
    writeLock(pid);
    assert.equal(await withLock(file, async () => "done"), "done");
    assert.equal(fs.existsSync(file), false);
  });

  it("releases the lock when the work fails", async () => {
    await assert.rejects(
      withLock(file, () => Promise.reject(new Error("broken"))),
      /broken/,
    );
    assert.equal(fs.existsSync(file), false);
  });

  it("can be given up while it waits, and leaves the lock of the other alone", async () => {
    writeLock(process.pid);
    const controller = new AbortController();
    const waiting = withLock(file, async () => "done", {
      signal: controller.signal,
      onWait: () => controller.abort(),
    });
    await assert.rejects(waiting, { name: "AbortError" });
    assert.equal(fs.existsSync(file), true);
  });
});
