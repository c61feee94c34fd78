"use strict";

// Numbered broadcasts of every server, and who received which.

const assert = require("node:assert/strict");

const { until } = require("../support/wait.js");

/** @typedef {import("./member.js").Member} Member */
/** @typedef {import("../support/server.js").ClientSocket} ClientSocket */

/** Between two broadcasts of a server, in milliseconds. */
const INTERVAL_MS = 20;

/** That many in a row are traffic. */
const ENOUGH = 10;

/** What one client received: the numbers of each server, in the order of their arrival. */
class Received {
  /** @param {ClientSocket} client */
  constructor(client) {
    /** @type {Map<string, number[]>} by name of the server */
    this._numbers = new Map();
    client.on("tick", (name, number) => {
      const numbers = this.from(name);
      numbers.push(number);
      this._numbers.set(name, numbers);
    });
  }

  /** @param {string} name of a server */
  from(name) {
    return this._numbers.get(name) ?? [];
  }

  /**
   * @param {string} name of a server
   * @param {number} first
   * @param {number} last
   * @returns {number[]} those that are missing
   */
  missing(name, first, last) {
    const received = new Set(this.from(name));
    const missing = [];
    for (let number = first; number <= last; number += 1) {
      if (!received.has(number)) missing.push(number);
    }
    return missing;
  }
}

/**
 * What a sender sent while a receiver was known to listen.
 *
 * @typedef {object} Stretch
 * @property {Member} sender
 * @property {Member} receiver
 * @property {number} first
 * @property {number} [last] when the sender has stopped
 */

class Traffic {
  constructor() {
    /** @type {Map<ClientSocket, Received>} */
    this._received = new Map();
    /** @type {Stretch[]} */
    this._stretches = [];
  }

  /** @param {Member} member */
  async start(member) {
    for (const client of member.clients) {
      this._received.set(client, new Received(client));
    }
    await member.call("startTraffic", INTERVAL_MS);
  }

  /**
   * From now on each server has to hear all of each other one. It is called when everybody is known to everybody: to
   * be sure that a server listens, something of the other one must have arrived there.
   *
   * @param {Member[]} members
   */
  async expectAll(members) {
    for (const sender of members) {
      for (const receiver of members) {
        if (this._stretch(sender, receiver)) continue;
        await until(
          () =>
            this._of(receiver).every(
              (received) => received.from(sender.name).length > 0,
            ),
          { message: `${receiver.name} hears ${sender.name}` },
        );
        // what is sent from now on is committed after the receiver has begun to listen
        const first = (await sender.call("sent")) + 1;
        this._stretches.push({ sender, receiver, first });
      }
    }
  }

  /** Waits until each server has sent something to each other one since everybody was known. */
  async untilFlowing() {
    await until(
      () =>
        this._stretches.every(({ sender, receiver, first, last }) =>
          this._of(receiver).every(
            (received) =>
              last !== undefined ||
              received.from(sender.name).some((n) => n >= first + ENOUGH),
          ),
        ),
      { message: "broadcasts from each server to each" },
    );
  }

  /**
   * A server has sent its last number: these have to get it.
   *
   * @param {Member} sender
   * @param {number} last
   * @param {Member[]} receivers
   */
  async untilComplete(sender, last, receivers) {
    for (const receiver of receivers) {
      const stretch = this._stretch(sender, receiver);
      assert.ok(stretch, `${receiver.name} heard ${sender.name}`);
      assert.ok(last >= stretch.first + ENOUGH, "there was something to hear");
      stretch.last = last;
      await this._untilComplete(stretch);
    }
  }

  /**
   * Nobody has to hear anything on a server that goes: its clients are disconnected.
   *
   * @param {Member} receiver
   */
  forget(receiver) {
    this._stretches = this._stretches.filter(
      (stretch) => stretch.receiver !== receiver,
    );
  }

  /** @param {Stretch} stretch */
  async _untilComplete({ sender, receiver, first, last = 0 }) {
    for (const received of this._of(receiver)) {
      await until(
        () => received.missing(sender.name, first, last).length === 0,
        {
          message: () =>
            `${receiver.name} misses of ${sender.name}, ${first} to ${last}: ${received.missing(sender.name, first, last)}`,
        },
      );
    }
  }

  /** Nobody got anything twice, from whatever server and at whatever time. */
  assertNothingTwice() {
    for (const [client, { _numbers }] of this._received) {
      for (const [name, numbers] of _numbers) {
        const distinct = new Set(numbers);
        assert.equal(distinct.size, numbers.length, `${client.id} of ${name}`);
      }
    }
  }

  /**
   * Ours keep the order of the calls.
   *
   * @param {Member[]} members
   */
  assertInOrder(members) {
    const ours = members.filter(({ kind }) => kind === "native");
    for (const { _numbers } of ours.flatMap((member) => this._of(member))) {
      for (const { name } of ours) {
        const numbers = _numbers.get(name) ?? [];
        assert.deepEqual(
          numbers,
          [...numbers].sort((a, b) => a - b),
          name,
        );
      }
    }
  }

  /** @param {Member} member */
  _of(member) {
    return member.clients.map((client) => {
      const received = this._received.get(client);
      assert.ok(received);
      return received;
    });
  }

  /**
   * @param {Member} sender
   * @param {Member} receiver
   */
  _stretch(sender, receiver) {
    return this._stretches.find(
      (stretch) => stretch.sender === sender && stretch.receiver === receiver,
    );
  }
}

module.exports = { Traffic };
