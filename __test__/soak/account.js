"use strict";

// Where every message went. What did not arrive, or arrived twice, has to be explained by a connection that was down or
// a server that was not there; what arrived has to be whole, meant for its receiver and, between our servers, in order.

const { Departures } = require("./departures.js");
const { Tally } = require("./tally.js");

/** @typedef {import("./life.js").Life} Life */
/** @typedef {import("./life.js").Delivery} Delivery */
/** @typedef {import("./windows.js").Windows} Windows */

/** What a message may take beyond the slowest one that was seen, in milliseconds. */
const MARGIN_MS = 1_000;

/** What the slowest one may take, so that no margin explains everything. Machines are busy. */
const MOST_DELAY_MS = 10_000;

/**
 * @param {string} target see traffic.js
 * @param {string} receiver the index of a client, or `server`
 * @param {Life} life of the receiver
 * @param {boolean} isOwn whether the receiver is on the server that sent it
 */
function isMeantFor(target, receiver, life, isOwn) {
  switch (target) {
    case "*":
      return receiver !== "server";
    case "room":
      return receiver === "1";
    case "server":
      return receiver === "server" && !isOwn;
    default:
      return target === `client:${life.place}:${receiver}`;
  }
}

/**
 * @param {Life} life
 * @param {(sender: string, delivery: Delivery) => number} delayOf milliseconds
 */
function slowestTo(life, delayOf) {
  let slowest = 0;
  for (const senders of life.deliveries.values()) {
    for (const [sender, deliveries] of senders) {
      for (const delivery of deliveries) {
        slowest = Math.max(slowest, delayOf(sender, delivery));
      }
    }
  }
  return slowest;
}

class Account {
  /**
   * @param {Life[]} lives
   * @param {Windows} windows
   */
  constructor(lives, windows) {
    this._lives = lives;
    this._windows = windows;
    this.tally = new Tally();
    this._departures = new Departures(lives);
    this._byName = new Map(lives.map((life) => [life.name, life]));
    /** @type {Map<Life, number>} */
    this._margins = new Map();
    this.slowest = this._slowestDelivery();
    this._margin = MARGIN_MS + this.slowest;
  }

  /** @returns {number} milliseconds, between ours, of what was sent while nothing was wrong */
  _slowestDelivery() {
    const isOurs = (/** @type {Life} */ { isNative }) => isNative;
    const delays = this._lives.filter(isOurs).map((life) =>
      slowestTo(life, (sender, { number, at }) => {
        const sentAt = this._life(sender).sent.get(number)?.at ?? at;
        const isCalm = !this._windows.touches(sentAt, at, 0);
        return isCalm && this._life(sender).isNative ? at - sentAt : 0;
      }),
    );
    return Math.max(0, ...delays);
  }

  /**
   * What may be under way when a server ends. One of the JavaScript adapter reads attachments one by one, and may be
   * behind with that at any time.
   *
   * @param {Life} life of the receiver
   */
  _marginOf(life) {
    if (life.isNative) return this._margin;
    const known = this._margins.get(life);
    if (known !== undefined) return known;
    const slowest = slowestTo(
      life,
      (sender, { number, at }) =>
        at - Math.min(at, this._departures.of(this._life(sender), number)),
    );
    const margin = Math.max(this._margin, MARGIN_MS + slowest);
    this._margins.set(life, margin);
    return margin;
  }

  /** @param {string} name */
  _life(name) {
    const life = this._byName.get(name);
    if (!life) throw new Error(`a message of ${name}, which never lived`);
    return life;
  }

  settle() {
    if (this.slowest > MOST_DELAY_MS) {
      this.tally.fail(`the slowest delivery took ${this.slowest} ms`);
    }
    for (const life of this._lives) {
      for (const receiver of ["0", "1", "server"]) {
        for (const sender of this._lives) {
          this._settlePair(sender, life, receiver);
        }
      }
    }
    return this.tally;
  }

  /**
   * @param {Life} sender
   * @param {Life} life
   * @param {string} receiver
   */
  _settlePair(sender, life, receiver) {
    const deliveries = life.deliveries.get(receiver)?.get(sender.name) ?? [];
    const where = `${sender.name} -> ${life.name}/${receiver}`;
    const arrived = new Set();
    let last = 0;
    for (const { number, at, isWhole } of deliveries) {
      const what = `${where} number ${number}`;
      const sent = sender.sent.get(number);
      if (!sent) {
        this.tally.fail(`${what} was never sent`);
        continue;
      }
      if (!isWhole) this.tally.fail(`${what} is not what was sent`);
      if (!isMeantFor(sent.target, receiver, life, sender === life)) {
        this._excuse("astray", what, this._faultOf(sender, life, sent.at));
      }
      if (arrived.has(number)) {
        const fault = this._windows.faultOf(
          sender.name,
          sent.at,
          sent.at,
          this._margin,
        );
        this._excuse("twice", what, fault !== undefined && `sender: ${fault}`);
        continue;
      }
      arrived.add(number);
      this.tally.delivered(sender === life);
      if (sender.isNative && life.isNative && number < last) {
        this.tally.fail(`${what} came after ${last} (${at - sent.at} ms)`);
      }
      last = Math.max(last, number);
    }
    this._explainMissing(sender, life, receiver, arrived);
  }

  /**
   * @param {Life} sender
   * @param {Life} life
   * @param {string} receiver
   * @param {Set<number>} arrived
   */
  _explainMissing(sender, life, receiver, arrived) {
    for (const [number, { at, target }] of sender.sent) {
      const isMeant = isMeantFor(target, receiver, life, sender === life);
      if (!isMeant || arrived.has(number)) continue;
      const until = this._departures.of(sender, number);
      const margin = this._marginOf(life);
      if (at < life.from + margin || at > life.to - margin) continue;
      const what = `${sender.name} -> ${life.name}/${receiver} number ${number} (${target})`;
      this._excuse("lost", what, this._faultOf(sender, life, at, until));
    }
  }

  /**
   * @param {Life} sender
   * @param {Life} life
   * @param {number} at
   * @param {number} [until] when it had left the sender
   * @returns {string | false} why a message of that time may have missed its receiver
   */
  _faultOf(sender, life, at, until = at) {
    // local delivery depends on nothing
    if (sender === life && life.isNative) return false;
    if (until === Infinity) return "sender ended before it sent it";
    const windows = this._windows;
    const faults = {
      receiver: windows.faultOf(life.name, at, until, this._marginOf(life)),
      sender: windows.faultOf(sender.name, at, until, this._margin),
    };
    if (faults.receiver) return `receiver: ${faults.receiver}`;
    if (faults.sender) return `sender: ${faults.sender}`;
    if (until > life.to - this._marginOf(life))
      return "receiver ended before it was sent";
    const isUnderWay = until > sender.to - this._margin;
    const keepsItsWord = sender.isNative && sender.saidGoodbye;
    return isUnderWay && !keepsItsWord && "sender died";
  }

  /**
   * @param {string} fate
   * @param {string} what
   * @param {string | false} reason
   */
  _excuse(fate, what, reason) {
    if (reason === false) this.tally.fail(`${fate}: ${what}`);
    else this.tally.explain(`${fate}, ${reason}`);
  }

  /** Requests end; while nothing is wrong, with an answer of everybody. */
  settleRequests() {
    for (const life of this._lives) {
      for (const [number, request] of life.requests) {
        this._settleRequest(life, `request ${number} of ${life.name}`, request);
      }
    }
  }

  /**
   * @param {Life} life
   * @param {string} what
   * @param {import("./life.js").Request} request
   */
  _settleRequest(life, what, { at, kind, answer }) {
    this.tally.requests += 1;
    if (!answer) {
      // the JavaScript adapter waits for the answers of the dead
      if (life.saidGoodbye && life.isNative) {
        this.tally.fail(`${what} (${kind}) never ended`);
      }
      return;
    }
    const isDisturbed =
      this._windows.touches(at, answer.at, this._margin) ||
      answer.at > life.to - this._margin;
    if (!life.isNative || isDisturbed) return;
    this.tally.undisturbedRequests += 1;
    const servers = this._lives.filter(
      ({ from, to }) => from <= at && at <= to,
    );
    const expected =
      kind === "servers" ? servers.length - 1 : 2 * servers.length;
    if (answer.error !== null || answer.count !== expected) {
      this.tally.fail(
        `${what} (${kind}) took ${answer.at - at} ms and got ${answer.count} answers instead of ${expected}: ${answer.error}`,
      );
    }
  }

  /**
   * Ours report what is wrong while it is, and nothing else.
   */
  settleReports() {
    for (const life of this._lives.filter(({ isNative }) => isNative)) {
      for (const { at, code, message } of life.reports) {
        if (!this._windows.explain(life.name, code, at, this._margin)) {
          this.tally.fail(`${life.name} reported ${code}: ${message}`);
        }
      }
    }
    for (const life of this._lives) {
      for (const { at, reason } of life.disconnects) {
        if (at < life.to) {
          this.tally.fail(
            `a client of ${life.name} was disconnected: ${reason}`,
          );
        }
      }
    }
  }
}

module.exports = { Account };
