"use strict";

/** Without any news the list is still read again after this many milliseconds: a killed server says no goodbye. */
const REFRESH_MS = 5_000;

/** Changes that come together are answered together, in milliseconds. */
const GATHER_MS = 50;

/**
 * @typedef {object} Person
 * @property {string} id of the socket
 * @property {string} name
 * @property {string} room
 * @property {string} server
 * @property {boolean} simulated
 */

/** @typedef {{ id: string, data: any }} AnySocket of this server or another one */

/**
 * @param {AnySocket} socket
 * @returns {boolean} false for those that only count bursts
 */
function isVisitor({ data }) {
  return data.name !== undefined;
}

/**
 * @param {AnySocket} socket
 * @returns {Person}
 */
function toPerson({ id, data: { name, room, server, simulated } }) {
  return { id, name, room, server, simulated };
}

/** Tells the visitors of this server who is connected to which server of the cluster. */
class Presence {
  /**
   * @param {import('socket.io').Server} io
   * @param {import('./link.js').Link} link
   */
  constructor(io, link) {
    this.io = io;
    this.link = link;
    this.refreshing = false;
    this.stopped = false;
    /** @type {NodeJS.Timeout | undefined} */
    this.gathering = undefined;
    this.timer = setInterval(() => this.refreshSoon(), REFRESH_MS);
    io.on("presence changed", () => this.refreshSoon());
    link.on("change", () => this.refreshSoon());
  }

  /** Something changed on this server: every server reads the list again. */
  changed() {
    if (this.stopped) return;
    this.io.serverSideEmit("presence changed");
    this.refreshSoon();
  }

  refreshSoon() {
    if (this.stopped) return;
    this.gathering ??= setTimeout(() => {
      this.gathering = undefined;
      void this.refresh();
    }, GATHER_MS);
  }

  async refresh() {
    if (this.refreshing) {
      this.refreshSoon();
      return;
    }
    this.refreshing = true;
    try {
      this.io.local.emit("presence", await this.read());
    } finally {
      this.refreshing = false;
    }
  }

  /** @returns {Promise<{ people: Person[], complete: boolean }>} complete: false when other servers did not answer */
  async read() {
    if (this.link.state.up) {
      try {
        return this.list(await this.io.fetchSockets(), true);
      } catch {
        // A server died a moment ago, or the database went away meanwhile. The next refresh knows more.
      }
    }
    return this.list(await this.io.local.fetchSockets(), false);
  }

  /**
   * @param {AnySocket[]} sockets
   * @param {boolean} complete
   */
  list(sockets, complete) {
    return { people: sockets.filter(isVisitor).map(toPerson), complete };
  }

  stop() {
    this.stopped = true;
    clearInterval(this.timer);
    clearTimeout(this.gathering);
  }
}

module.exports = { Presence, isVisitor, toPerson };
