"use strict";

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");
const {
  ERROR_CODES,
  PostgresAdapterError,
  describeType,
  fromNative,
} = require("../../lib/errors.js");

describe("PostgresAdapterError", () => {
  it("has a code, a message and a cause", () => {
    const cause = new Error("refused");
    const error = new PostgresAdapterError("ERR_CONNECTION", "no way", {
      cause,
    });
    assert.ok(error instanceof Error);
    assert.equal(error.name, "PostgresAdapterError");
    assert.equal(error.code, "ERR_CONNECTION");
    assert.equal(error.message, "no way");
    assert.equal(error.cause, cause);
    assert.match(String(error.stack), /^PostgresAdapterError: no way/);
  });

  it("has codes that are all explained", () => {
    for (const [code, meaning] of Object.entries(ERROR_CODES)) {
      assert.match(code, /^ERR_[A-Z_]+$/);
      assert.ok(meaning.length > 0);
    }
    assert.ok(Object.isFrozen(ERROR_CODES));
  });
});

describe("fromNative()", () => {
  it("keeps what PostgreSQL said as the cause", () => {
    const error = fromNative({
      code: "ERR_PUBLISH",
      message: "cannot publish",
      cause: {
        message: "permission denied",
        code: "42501",
        hint: "GRANT",
        detail: undefined,
      },
    });
    const cause = /** @type {any} */ (error.cause);
    assert.ok(error instanceof PostgresAdapterError);
    assert.equal(error.code, "ERR_PUBLISH");
    assert.ok(cause instanceof Error);
    assert.deepEqual({ ...cause }, { code: "42501", hint: "GRANT" });
    assert.equal(cause.message, "permission denied");
  });

  it("keeps further properties, but none that belong to the error", () => {
    const error = fromNative({
      code: "ERR_BUFFER_OVERFLOW",
      message: "full",
      dropped: 3,
      name: "x",
      stack: "x",
    });
    assert.equal(error["dropped"], 3);
    assert.equal(error.name, "PostgresAdapterError");
    assert.match(String(error.stack), /full/);
  });

  it("does without a cause and without a code", () => {
    const error = fromNative({ code: "", message: "odd", cause: null });
    assert.equal(error.code, "ERR_INTERNAL");
    assert.ok(!("cause" in error));
  });
});

describe("describeType()", () => {
  it("tells the kind and not the content", () => {
    const cases = [
      [undefined, "undefined"],
      [null, "null"],
      ["secret", "a string"],
      [1, "a number"],
      [[], "an array"],
      [{}, "an object"],
      [Object.create(null), "an object"],
      [new Date(), "an instance of Date"],
      [() => 1, "a function"],
    ];
    for (const [value, expected] of cases) {
      assert.equal(describeType(value), expected);
    }
  });
});
