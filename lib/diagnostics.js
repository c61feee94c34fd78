"use strict";

// What an engine tells those who watch it: lines of `debug`, and messages of `node:diagnostics_channel`.

const { channel } = require("node:diagnostics_channel");
const createDebug = require("debug");

const NAME = "socket.io-postgres-adapter";

/** Lines about single topics, as the engine names them. */
const LINES = {
  connection: createDebug(`${NAME}:connection`),
  membership: createDebug(`${NAME}:membership`),
  error: createDebug(`${NAME}:error`),
};

const CHANNELS = {
  connect: channel(`${NAME}:connect`),
  disconnect: channel(`${NAME}:disconnect`),
  peerJoined: channel(`${NAME}:peer-joined`),
  peerLeft: channel(`${NAME}:peer-left`),
  dropped: channel(`${NAME}:dropped`),
};

/** Whether anybody reads lines that the engine would have to write. */
function readsLines() {
  return Object.values(LINES).some(({ enabled }) => enabled);
}

/**
 * @param {keyof typeof LINES} topic
 * @param {string} line
 */
function writeLine(topic, line) {
  LINES[topic]("%s", line);
}

/** @param {any} err */
function writeError(err) {
  LINES.error("%s: %s", err?.code ?? err?.name ?? "error", err?.message ?? err);
}

/**
 * @param {keyof typeof CHANNELS} name
 * @param {() => object} message - called when somebody subscribed
 */
function publish(name, message) {
  if (CHANNELS[name].hasSubscribers) {
    CHANNELS[name].publish(message());
  }
}

module.exports = { publish, readsLines, writeError, writeLine };
