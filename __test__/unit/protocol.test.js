"use strict";

// The numbers that this package has written down, since an emitter runs without those who define them.

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");
const { MessageType } = require("socket.io-adapter");

const { MESSAGE_TYPE } = require("../../lib/protocol.js");

describe("the protocol", () => {
  it("has the types of messages of socket.io-adapter", () => {
    const theirs = Object.entries(MessageType).filter(
      ([, value]) => typeof value === "number",
    );
    assert.deepEqual(MESSAGE_TYPE, Object.fromEntries(theirs));
  });
});
