"use strict";

// What scripts/record-wire-fixtures.js recorded.

const { decode, encode } = require("@msgpack/msgpack");

/** @typedef {import("../../scripts/record-wire-fixtures.js").Message} Message */
/** @typedef {{ package: string, channel: string, messages: Message[] }} Fixture */

/** @type {Record<string, Fixture>} */
const FIXTURES = {
  "adapter 0.5": require("../fixtures/wire/adapter-0.5.json"),
  "adapter 0.4": require("../fixtures/wire/adapter-0.4.json"),
  "emitter 0.1": require("../fixtures/wire/emitter-0.1.json"),
};

const FORMS = ["inline", "attachment"];

/**
 * @param {Message} recorded
 * @returns {any} the message, as its sender would read it
 */
function read({ payload, row }) {
  return row ? decode(Buffer.from(row, "hex")) : JSON.parse(payload);
}

/**
 * @param {Message} recorded
 * @param {string} requestId instead of the recorded one
 * @returns {Message}
 */
function answerTo(recorded, requestId) {
  const message = read(recorded);
  message.data.requestId = requestId;
  return recorded.row
    ? { ...recorded, row: Buffer.from(encode(message)).toString("hex") }
    : { ...recorded, payload: JSON.stringify(message) };
}

/**
 * Replays a message, byte by byte as it was recorded.
 *
 * @param {import("./wire-watch.js").WireWatch} watch
 * @param {string} channel
 * @param {Message} recorded
 */
async function replay(watch, channel, { payload, row }) {
  if (row) {
    const { attachmentId } = JSON.parse(payload);
    await watch.store(attachmentId, Buffer.from(row, "hex"));
  }
  await watch.say(channel, payload);
}

module.exports = { answerTo, FIXTURES, FORMS, read, replay };
