"use strict";

// Watches what servers say to each other in a namespace, and speaks in the name of one, with a plain `pg` client.

const { decode } = require("@msgpack/msgpack");
const { Client } = require("pg");

const { until } = require("../support/wait.js");

/** @typedef {{ channel: string, payload: string, row: Buffer | null }} Sent what travelled, as it travelled */

/**
 * @typedef {object} Decoded what the JavaScript adapter would read
 * @property {Sent} sent
 * @property {any} header the notification
 * @property {any} message the same, or what is in the row
 */

class WireWatch {
  /** @param {string} connectionString */
  constructor(connectionString) {
    this._client = new Client({ connectionString });
    /** @type {Decoded[]} */
    this._seen = [];
    /** @type {Error | undefined} */
    this._failure = undefined;
    this._rows = Promise.resolve();
  }

  /** @param {string} channel */
  async open(channel) {
    await this._client.connect();
    this._client.on("notification", ({ payload }) => {
      // one after the other, so that they stay in order
      this._rows = this._rows
        .then(() => this._read(channel, String(payload)))
        .catch((err) => {
          this._failure = err;
        });
    });
    await this._client.query(`LISTEN "${channel}"`);
  }

  /**
   * @param {string} channel
   * @param {string} payload
   */
  async _read(channel, payload) {
    const header = JSON.parse(payload);
    if (header.attachmentId === undefined) {
      const sent = { channel, payload, row: null };
      this._seen.push({ sent, header, message: header });
      return;
    }
    const { rows } = await this._client.query(
      "SELECT payload FROM socket_io_attachments WHERE id = $1",
      [header.attachmentId],
    );
    const row = rows[0].payload;
    const sent = { channel, payload, row };
    this._seen.push({ sent, header, message: decode(row) });
  }

  /**
   * Waits for a message, and takes it.
   *
   * @param {string} uid of the sender
   * @param {number} type
   * @param {(message: any) => boolean} [condition]
   * @returns {Promise<Decoded>}
   */
  async take(uid, type, condition = () => true) {
    const found = await until(
      () => {
        if (this._failure) throw this._failure;
        return this._seen.find(
          ({ message }) =>
            message.uid === uid && message.type === type && condition(message),
        );
      },
      {
        message: () =>
          `type ${type} of ${uid}, there is ${this._seen.map(({ sent }) => sent.payload)}`,
      },
    );
    this._seen.splice(this._seen.indexOf(found), 1);
    return found;
  }

  /** @returns {Decoded[]} what was not taken */
  rest() {
    return this._seen;
  }

  /**
   * @param {string} channel
   * @param {unknown} message text as it is, or a value to be written as JSON
   */
  async say(channel, message) {
    const text =
      typeof message === "string" ? message : JSON.stringify(message);
    await this._client.query("SELECT pg_notify($1, $2)", [channel, text]);
  }

  /**
   * Stores a row under the number by which a notification will name it.
   *
   * @param {string} id
   * @param {Uint8Array} row
   */
  async store(id, row) {
    await this._client.query(
      `INSERT INTO socket_io_attachments (id, payload) VALUES ($1, $2)
        ON CONFLICT (id) DO UPDATE SET payload = $2`,
      [id, Buffer.from(row)],
    );
  }

  async close() {
    await this._rows;
    await this._client.end();
  }
}

module.exports = { WireWatch };
