"use strict";

const { fork } = require("node:child_process");
const { once } = require("node:events");
const path = require("node:path");

/** The process with the clients that no person sits at. */
class CrowdProcess {
  /**
   * @param {object} options
   * @param {string} options.url of the front
   * @param {number} options.servers how many there are
   * @param {(check: import('./checker.js').Check) => void} options.onCheck
   */
  constructor({ url, servers, onCheck }) {
    this.hasVisitors = false;
    this.child = fork(path.join(__dirname, "crowd.js"), [], {
      env: { ...process.env, FRONT_URL: url, SERVERS: String(servers) },
      execArgv: [],
    });
    this.child.on("message", (/** @type {any} */ { check }) => onCheck(check));
  }

  /** @param {boolean} wanted whether simulated visitors shall be there */
  setVisitors(wanted) {
    this.hasVisitors = wanted;
    this.tell({ visitors: wanted });
  }

  /** @param {string} server that runs again: its simulated visitors go back to it */
  callHome(server) {
    this.tell({ home: server });
  }

  /** @param {object} message */
  tell(message) {
    if (this.child.connected) this.child.send(message);
  }

  async stop() {
    if (!this.child.connected) return;
    const ended = once(this.child, "exit");
    this.child.disconnect();
    await ended;
  }
}

module.exports = { CrowdProcess };
