"use strict";

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");
const { Encoder } = require("socket.io-parser");

const {
  EncodedEvent,
  PassingEncoder,
  writesPlainText,
} = require("../../lib/encoded-event.js");

const EVENT = ["a", { b: [1, "ü"] }];

describe("an encoded event", () => {
  for (const nsp of ["/", "/chat"]) {
    it(`is what Socket.IO makes of it in ${nsp}`, () => {
      const encoder = new PassingEncoder(new Encoder());
      const packet = { type: 2, nsp, data: EVENT };
      assert.deepEqual(
        encoder.encode(new EncodedEvent(JSON.stringify(EVENT), nsp)),
        new Encoder().encode(packet),
      );
      assert.deepEqual(encoder.encode(packet), new Encoder().encode(packet));
    });
  }

  it("is parsed once, and only when somebody asks", () => {
    const event = new EncodedEvent(JSON.stringify(EVENT), "/");
    assert.deepEqual(event.data, EVENT);
    assert.equal(event.data, event.data);
    assert.doesNotThrow(() => new EncodedEvent("no JSON", "/").encoded);
  });
});

describe("writesPlainText()", () => {
  it("knows the default encoder", () => {
    assert.equal(writesPlainText(new Encoder()), true);
  });

  it("knows others", () => {
    for (const encode of [
      (/** @type {any} */ packet) => [JSON.stringify(packet)],
      () => [Buffer.from("2")],
      () => [],
      (/** @type {any} */ packet) => [...new Encoder().encode(packet), "more"],
      () => {
        throw new Error("strange");
      },
    ]) {
      assert.equal(writesPlainText({ encode }), false);
    }
  });
});
