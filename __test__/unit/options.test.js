"use strict";

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");
const { resolveOptions } = require("../../lib/options.js");

/** @param {any} options */
function refusal(options) {
  try {
    resolveOptions(options);
  } catch (error) {
    return /** @type {Error & { code: string }} */ (error);
  }
  return assert.fail("the options were accepted");
}

describe("the defaults of the options", () => {
  it("are the documented ones", () => {
    const { uid, errorHandler, ...others } = resolveOptions();
    assert.match(uid, /^[0-9a-f]{16}$/);
    assert.equal(typeof errorHandler, "function");
    assert.deepEqual(others, {
      channelPrefix: "socket.io",
      tableName: "socket_io_attachments",
      payloadThreshold: 8000,
      maxAttachmentSize: 64 * 1024 * 1024,
      requestsTimeout: 5000,
      heartbeatInterval: 5000,
      heartbeatTimeout: 10_000,
      cleanupInterval: 30_000,
      maxBufferSize: 64 * 1024 * 1024,
      maxBufferAge: 120_000,
    });
  });

  it("hold where an option is undefined", () => {
    const defaults = resolveOptions();
    const names = Object.keys(defaults);
    const given = Object.fromEntries(names.map((name) => [name, undefined]));
    assert.deepEqual({ ...resolveOptions(given), uid: defaults.uid }, defaults);
  });

  it("include a different uid each time", () => {
    assert.notEqual(resolveOptions().uid, resolveOptions().uid);
  });
});

describe("given options", () => {
  it("are kept", () => {
    const options = {
      uid: "é".repeat(255),
      channelPrefix: "",
      tableName: 'chat."Attachments"',
      payloadThreshold: 1,
      maxAttachmentSize: 2 ** 30,
      requestsTimeout: 1,
      heartbeatInterval: 2 ** 31 - 2,
      heartbeatTimeout: 2 ** 31 - 1,
      cleanupInterval: 2 ** 31 - 1,
      maxBufferSize: 2 ** 30,
      maxBufferAge: 0,
      errorHandler() {},
    };
    assert.deepEqual(resolveOptions(options), options);
  });

  it("may come with a prototype", () => {
    assert.equal(resolveOptions(Object.create({ uid: "a" })).uid, "a");
  });
});

describe("options of a wrong type", () => {
  const numbers = [
    "payloadThreshold",
    "maxAttachmentSize",
    "requestsTimeout",
    "heartbeatInterval",
    "heartbeatTimeout",
    "cleanupInterval",
    "maxBufferSize",
    "maxBufferAge",
  ];
  const texts = ["uid", "channelPrefix", "tableName"];

  it("are refused by name", () => {
    const cases = [
      ...numbers.map((name) => ({ name, value: "10", given: "a string" })),
      ...texts.map((name) => ({ name, value: 1, given: "a number" })),
      { name: "errorHandler", value: {}, given: "an object" },
      ...[...numbers, ...texts, "errorHandler"].map((name) => ({
        name,
        value: null,
        given: "null",
      })),
    ];
    for (const { name, value, given } of cases) {
      const error = refusal({ [name]: value });
      assert.ok(error instanceof TypeError, name);
      assert.equal(error.code, "ERR_OPTIONS");
      assert.ok(error.message.startsWith(`the option "${name}" must be a`));
      assert.ok(error.message.endsWith(`, got ${given}`), error.message);
    }
  });

  it("are refused without a word of their content", () => {
    const { message } = refusal({ payloadThreshold: "secret" });
    assert.doesNotMatch(message, /secret/);
  });

  it("are refused as a whole when they are no object", () => {
    for (const options of [null, "x", 1, [], () => {}]) {
      const error = refusal(options);
      assert.ok(error instanceof TypeError);
      assert.match(error.message, /^the options must be an object/);
    }
  });
});

describe("options out of range", () => {
  it("are refused by name", () => {
    const tooLarge = 2 ** 31;
    /** @type {[name: string, values: unknown[]][]} */
    const cases = [
      ["payloadThreshold", [0, -1, 1.5, 8001, NaN, Infinity]],
      ["maxAttachmentSize", [0, 1.5, 2 ** 30 + 1]],
      ["requestsTimeout", [0, 0.5, tooLarge, NaN]],
      ["heartbeatInterval", [0, tooLarge]],
      ["heartbeatTimeout", [0, tooLarge]],
      ["cleanupInterval", [0, tooLarge]],
      ["maxBufferSize", [-1, 0.5, 2 ** 30 + 1, NaN]],
      ["maxBufferAge", [-1, tooLarge]],
      ["uid", ["", "a".repeat(256), "a\0b", "emitter"]],
      ["channelPrefix", ["a".repeat(256), "\0"]],
      ["tableName", ["", "a".repeat(256), "a\0"]],
    ];
    for (const [name, values] of cases) {
      for (const value of values) {
        const error = refusal({ [name]: value });
        assert.ok(error instanceof RangeError, `${name}: ${value}`);
        assert.equal(error.code, "ERR_OPTIONS");
        assert.ok(error.message.startsWith(`the option "${name}" must`));
      }
    }
  });

  it("are explained where the reason is not plain", () => {
    assert.match(refusal({ uid: "emitter" }).message, /reserved for emitters/);
    const error = refusal({ heartbeatInterval: 10_000 });
    assert.ok(error instanceof RangeError);
    assert.match(
      error.message,
      /"heartbeatTimeout" \(10000\).*"heartbeatInterval" \(10000\)/s,
    );
  });
});

describe("a table name", () => {
  it("is checked at once", () => {
    for (const tableName of ['my"table', '"open', "a.b.c.d", "a..b"]) {
      assert.throws(
        () => resolveOptions({ tableName }),
        (/** @type {any} */ error) =>
          error instanceof RangeError &&
          /** @type {any} */ (error).code === "ERR_OPTIONS" &&
          error.message.includes(JSON.stringify(tableName)),
        tableName,
      );
    }
  });

  it("may be qualified and quoted", () => {
    for (const tableName of ['chat."my""table"', "Chat.Table", '"it\'s"']) {
      assert.equal(resolveOptions({ tableName }).tableName, tableName);
    }
  });
});

describe("a warning of the process", () => {
  /**
   * @param {any} options
   * @returns {(Error & { code?: string })[]} what is warned of, in the order of the options
   */
  function warningsOf(options) {
    /** @type {(Error & { code?: string })[]} */
    const warnings = [];
    const { emitWarning } = process;
    process.emitWarning = (
      /** @type {any} */ message,
      /** @type {any} */ kind,
    ) => {
      const { type, code } = kind;
      warnings.push(Object.assign(new Error(message), { name: type, code }));
    };
    try {
      resolveOptions(options);
    } finally {
      process.emitWarning = emitWarning;
    }
    return warnings;
  }

  it("tells of an unknown option, with the name that it is closest to", () => {
    const warnings = warningsOf({ HeartbeatTimout: 3, tablename: "t" });
    assert.equal(warnings.length, 2);
    assert.match(
      String(warnings[0]),
      /^PostgresAdapterWarning: .*"HeartbeatTimout".*"heartbeatTimeout"\?/,
    );
    assert.match(String(warnings[1]), /"tablename".*"tableName"\?/);
    assert.equal(warnings[0]?.code, "WARN_UNKNOWN_OPTION");
  });

  it("tells of an option that resembles none", () => {
    const [warning] = warningsOf({ colour: "red" });
    assert.match(String(warning), /"colour" is unknown, and ignored$/);
  });

  it("is not given where all is known", () => {
    const listenPool = "postgres://db/";
    const warnings = warningsOf({ uid: "a", tableName: undefined, listenPool });
    assert.deepEqual(warnings, []);
  });
});
