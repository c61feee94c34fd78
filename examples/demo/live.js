"use strict";

// What pages see of the whole cluster, as server-sent events: they come from the process that started everything, so
// that a page sees on when its own server is killed.

/** How often the state is sent, in milliseconds. */
const STATE_MS = 500;

/** A lost page asks again after this many milliseconds. */
const RETRY_MS = 1_000;

/** @typedef {import('node:http').ServerResponse} ServerResponse */

/**
 * @param {string} name
 * @param {unknown} data
 */
function encode(name, data) {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

class Live {
  /**
   * @param {() => unknown} state
   * @param {import('./journal.js').Journal} journal
   */
  constructor(state, journal) {
    this.state = state;
    this.journal = journal;
    /** @type {Set<ServerResponse>} */
    this.pages = new Set();
    journal.on("entry", (entry) => this.send("entry", entry));
    this.timer = setInterval(() => this.sendState(), STATE_MS);
  }

  /** @param {ServerResponse} response of a page that wants to see */
  add(response) {
    response.writeHead(200, {
      "content-type": "text/event-stream",
      "cache-control": "no-store",
    });
    response.write(`retry: ${RETRY_MS}\n\n`);
    response.write(encode("journal", this.journal.entries));
    response.write(encode("state", this.state()));
    this.pages.add(response);
    response.once("close", () => this.pages.delete(response));
  }

  sendState() {
    if (this.pages.size > 0) this.send("state", this.state());
  }

  /**
   * @param {string} name
   * @param {unknown} data
   */
  send(name, data) {
    const text = encode(name, data);
    for (const page of this.pages) {
      // A page that does not read would fill the memory of this process. It asks again when it reads on.
      if (page.writableNeedDrain) page.destroy();
      else page.write(text);
    }
  }

  stop() {
    clearInterval(this.timer);
    for (const page of this.pages) page.end();
  }
}

module.exports = { Live };
