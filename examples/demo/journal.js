"use strict";

const { EventEmitter } = require("node:events");

/** What happens to several servers at once is told as one thing: so many milliseconds are waited for the others. */
const GATHER_MS = 700;

/** How much a page that comes later is told. */
const MAX_ENTRIES = 60;

/**
 * @typedef {object} Entry
 * @property {number} id the higher, the later it happened
 * @property {number} at milliseconds since 1970
 * @property {'good' | 'bad' | 'note'} kind
 * @property {string} text
 */

/**
 * @param {string[]} names
 * @returns {string} such as "server-1, server-2 and server-3"
 */
function joinNames(names) {
  const sorted = [...names].sort();
  const last = sorted.pop() ?? "";
  return sorted.length === 0 ? last : `${sorted.join(", ")} and ${last}`;
}

/** What happened, in sentences. Emits `entry`. */
class Journal extends EventEmitter {
  constructor() {
    super();
    /** @type {Entry[]} */
    this.entries = [];
    this.lastId = 0;
    /** @type {Map<string, { names: Set<string>, timer: NodeJS.Timeout }>} */
    this.gathered = new Map();
  }

  /** @returns {Pick<Entry, 'id' | 'at'>} the place of what happens now, whenever it is told */
  place() {
    return { id: ++this.lastId, at: Date.now() };
  }

  /**
   * @param {Entry['kind']} kind
   * @param {string} text
   * @param {Pick<Entry, 'id' | 'at'>} [place]
   */
  add(kind, text, place = this.place()) {
    const entry = { ...place, kind, text };
    this.entries = [...this.entries, entry]
      .sort((a, b) => a.id - b.id)
      .slice(-MAX_ENTRIES);
    this.emit("entry", entry);
  }

  /**
   * @param {string} topic what of the same topic comes soon becomes one entry
   * @param {string} name the server that it happened to
   * @param {(names: string[]) => [Entry['kind'], string]} describe
   */
  gather(topic, name, describe) {
    const known = this.gathered.get(topic);
    if (known !== undefined) {
      known.names.add(name);
      return;
    }
    const place = this.place();
    const names = new Set([name]);
    const timer = setTimeout(() => {
      this.gathered.delete(topic);
      this.add(...describe([...names]), place);
    }, GATHER_MS);
    this.gathered.set(topic, { names, timer });
  }

  stop() {
    for (const { timer } of this.gathered.values()) clearTimeout(timer);
  }
}

module.exports = { Journal, joinNames };
