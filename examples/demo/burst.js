"use strict";

const { setImmediate: nextTurn } = require("node:timers/promises");
const { now } = require("./clock.js");

/** Everybody in it counts the messages of a burst. */
const BURST_ROOM = "burst";

const BURST_SIZE = 10_000;

/** So many messages are sent in one turn of the event loop, as by a server that has other things to do as well. */
const MESSAGES_A_TURN = 50;

/**
 * Sends numbered messages to the clients of all servers that count them.
 *
 * @param {import('socket.io').Server} io
 * @param {number} id of this burst
 * @returns {Promise<void>} when all calls are made
 */
async function sendBurst(io, id) {
  const startedAt = now();
  for (let number = 0; number < BURST_SIZE; number += 1) {
    io.to(BURST_ROOM).emit("burst", id, number, startedAt);
    if (number % MESSAGES_A_TURN === MESSAGES_A_TURN - 1) await nextTurn();
  }
}

module.exports = { BURST_ROOM, BURST_SIZE, sendBurst };
