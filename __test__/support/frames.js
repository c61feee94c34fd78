"use strict";

// What servers of this package say to each other in frames, read and forged independently of it. The format is described
// in src/wire/frame.rs.

const { createHash, randomInt } = require("node:crypto");

const { decode } = require("@msgpack/msgpack");
const { Client } = require("pg");

const { until } = require("./wait.js");

/** @typedef {import("./postgres.js").TestDatabase} TestDatabase */
/** @typedef {import("./server.js").TestServer} TestServer */

const BROADCAST = 3;
const MOST_START_BYTES = 30;

/** So many bytes become a segment of the text of a block. */
const SEGMENT_BYTES = 105;
const SEGMENT_CHARACTERS = 121;

/** In a segment there is no further NUL character. */
const NO_FURTHER = 127;

/** The first byte of a block. */
const PLAIN = 0;
const COMPRESSED = 1;

/** The type of an entry that is an event for clients. */
const EVENT = 0;

/** Stands in the data of an entry for each binary part. */
const PART = "\u0001";

/**
 * @param {string} [prefix] in ASCII
 * @returns {string} the channel of the frames
 */
function frameChannel(prefix = "socket.io") {
  const filler = "-".repeat(MOST_START_BYTES);
  const start = `${prefix}#frames${filler}`.slice(0, MOST_START_BYTES);
  const hash = createHash("sha256").update(`${prefix}\0frames`).digest("hex");
  return `${start}~${hash.slice(0, 32)}`;
}

/** @param {Uint8Array} bytes */
function toText(bytes) {
  let text = "";
  for (let start = 0; start < bytes.length; start += SEGMENT_BYTES) {
    const segment = [...bytes.subarray(start, start + SEGMENT_BYTES)];
    const bits = segment
      .map((byte) => byte.toString(2).padStart(8, "0"))
      .join("");
    const septets = (bits.match(/.{1,7}/g) ?? []).map((septet) =>
      parseInt(septet.padEnd(7, "1"), 2),
    );
    const codes = [0, ...septets];
    // each NUL, and the character before the first one, tells where the next one is
    const places = codes.flatMap((code, place) => (code === 0 ? place : []));
    places.forEach((place, index) => {
      const next = places[index + 1];
      codes[place] = next === undefined ? NO_FURTHER : next - place;
    });
    text += String.fromCharCode(...codes);
  }
  return text;
}

/** @param {string} text */
function fromText(text) {
  const bytes = [];
  for (let start = 0; start < text.length; start += SEGMENT_CHARACTERS) {
    const codes = Array.from(
      text.slice(start, start + SEGMENT_CHARACTERS),
      (character) => character.charCodeAt(0),
    );
    for (let place = 0, step = 0; step !== NO_FURTHER; place += step) {
      step = codes[place] ?? 0;
      if (!(step > 0 && step < 128)) throw new Error("a text of another kind");
      codes[place] = 0;
    }
    const bits = codes
      .slice(1)
      .map((code) => code.toString(2).padStart(7, "0"))
      .join("");
    for (const byte of bits.match(/.{8}/g) ?? []) bytes.push(parseInt(byte, 2));
  }
  return Buffer.from(bytes);
}

/**
 * The block format of LZ4.
 * @param {Uint8Array} source
 * @param {number} length of the original, in bytes
 */
function decompress(source, length) {
  const target = Buffer.alloc(length);
  let at = 0;
  let end = 0;
  const next = () => {
    const byte = source[at];
    if (byte === undefined)
      throw new Error("the compressed content ends early");
    at += 1;
    return byte;
  };
  /** @param {number} start */
  const nextLength = (start) => {
    let sum = start;
    for (let more = start === 15; more;) {
      const byte = next();
      sum += byte;
      more = byte === 255;
    }
    return sum;
  };
  while (at < source.length) {
    const token = next();
    for (let left = nextLength(token >> 4); left > 0; left -= 1) {
      target[end++] = next();
    }
    if (at === source.length) break;
    const offset = next() + 256 * next();
    for (let left = nextLength(token & 15) + 4; left > 0; left -= 1) {
      target[end] = /** @type {number} */ (target[end - offset]);
      end += 1;
    }
  }
  if (end !== length) throw new Error("another length than promised");
  return target;
}

/** @param {Buffer} block */
function unpack(block) {
  if (block[0] === PLAIN) return block.subarray(1);
  if (block[0] !== COMPRESSED) throw new Error("a block of an unknown kind");
  return decompress(block.subarray(5), block.readUInt32LE(1));
}

/** Reads numbers and bytes, one after the other. */
class Reader {
  /** @param {Buffer} bytes */
  constructor(bytes) {
    this._bytes = bytes;
    this._at = 0;
  }

  get isAtEnd() {
    return this._at === this._bytes.length;
  }

  /** @param {number} length */
  bytes(length) {
    const bytes = this._bytes.subarray(this._at, this._at + length);
    if (bytes.length < length) throw new Error("the entries end early");
    this._at += length;
    return bytes;
  }

  number() {
    let number = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = Number(this.bytes(1)[0]);
      number += (byte & 127) * factor;
      if (byte < 128) return number;
    }
  }
}

/**
 * @param {string} text JSON, with a control character for each binary part
 * @param {Buffer[]} parts
 */
function parse(text, parts) {
  let index = 0;
  const json = text.replaceAll(PART, () => `{"$part":${index++}}`);
  return JSON.parse(json, (_, value) =>
    value?.$part === undefined ? value : parts[value.$part],
  );
}

/**
 * A message as it was heard.
 * @typedef {object} Heard
 * @property {boolean} framed
 * @property {string} uid
 * @property {number} type
 * @property {string} [nsp]
 * @property {any} [data]
 * @property {boolean} [wasFramed]
 * @property {string} [attachmentId]
 */

/**
 * @param {string} uid
 * @param {Buffer} entries
 * @returns {Heard[]}
 */
function readEntries(uid, entries) {
  const reader = new Reader(entries);
  const messages = [];
  while (!reader.isAtEnd) {
    const code = reader.number();
    const lengths = [reader.number(), reader.number(), reader.number()];
    const partLengths = Array.from({ length: reader.number() }, () =>
      reader.number(),
    );
    const [nsp = "", options = "", text = ""] = lengths.map((length) =>
      reader.bytes(length).toString(),
    );
    const parts = partLengths.map((length) => reader.bytes(length));
    const data = parse(text, parts);
    const isEvent = code === EVENT;
    messages.push({
      framed: true,
      uid,
      type: isEvent ? BROADCAST : code,
      nsp,
      data: isEvent
        ? { packet: { data }, opts: options && JSON.parse(options) }
        : data,
    });
  }
  return messages;
}

/** Hears all that servers say, in the order of the commits. */
class FrameTap {
  /** @param {TestDatabase} database */
  constructor(database) {
    this._client = new Client({ connectionString: database.connectionString });
    /** @type {Heard[]} */
    this.heard = [];
    /** How many notifications were no messages. */
    this.garbage = 0;
    /** @type {Map<string, string[]>} the pieces of the blocks that are not complete, by stream */
    this._pieces = new Map();
    /** @type {Map<string, string>} the stream of each server */
    this.streams = new Map();
    this._marks = 0;
    this._markHeard = 0;
  }

  /**
   * @param {string} prefix
   * @param {string[]} namespaces
   */
  async open(prefix, namespaces) {
    const frames = frameChannel(prefix);
    const channels = namespaces.map((nsp) => `${prefix}#${nsp}`);
    await this._client.connect();
    this._client.on("notification", ({ channel, payload = "" }) => {
      if (channel === "mark") {
        this._markHeard = Math.max(this._markHeard, Number(payload));
        return;
      }
      try {
        if (channel === frames) this._hearPiece(payload);
        else this.heard.push({ framed: false, ...JSON.parse(payload) });
      } catch {
        this.garbage += 1;
      }
    });
    for (const channel of ["mark", frames, ...channels]) {
      await this._client.query(`LISTEN "${channel}"`);
    }
  }

  /** @param {string} payload */
  _hearPiece(payload) {
    const end = payload.indexOf("\n");
    const [, uid = "", stream = "", , index, count] = payload
      .slice(0, end)
      .split(" ");
    this.streams.set(uid, stream);
    const pieces = index === "0" ? [] : (this._pieces.get(stream) ?? []);
    pieces.push(payload.slice(end + 1));
    this._pieces.set(stream, pieces);
    if (pieces.length === Number(count)) {
      this._pieces.delete(stream);
      const block = fromText(pieces.join(""));
      this.heard.push(...readEntries(uid, unpack(block)));
    }
  }

  /**
   * Waits until all that was committed before is heard.
   * @returns {Promise<number>} the place in `heard` of what comes from now on
   */
  async mark() {
    const mark = (this._marks += 1);
    await this._client.query("SELECT pg_notify('mark', $1)", [String(mark)]);
    await until(() => this._markHeard >= mark, { message: "the tap's mark" });
    return this.heard.length;
  }

  /**
   * What is said while something is done.
   * @param {() => Promise<void>} body
   * @returns {Promise<Heard[]>}
   */
  async during(body) {
    const start = await this.mark();
    await body();
    return this.heard.slice(start, await this.mark());
  }

  /**
   * @param {Heard[]} messages
   * @returns {Promise<Heard[]>} with what is in the table instead of the headers
   */
  async withAttachments(messages) {
    const ids = messages.flatMap(({ attachmentId }) => attachmentId ?? []);
    const { rows } = await this._client.query(
      "SELECT id, payload FROM socket_io_attachments WHERE id = ANY($1)",
      [ids],
    );
    const stored = new Map(rows.map(({ id, payload }) => [id, payload]));
    return messages.map((message) =>
      message.attachmentId === undefined
        ? message
        : {
            .../** @type {any} */ (decode(stored.get(message.attachmentId))),
            framed: false,
          },
    );
  }

  /** @returns {Promise<number>} how many messages are in the table */
  async attachmentCount() {
    const { rows } = await this._client.query(
      "SELECT count(*)::int AS count FROM socket_io_attachments",
    );
    return rows[0].count;
  }

  async close() {
    await this._client.end();
  }
}

/**
 * @param {TestDatabase} database before which it is closed
 * @param {{ prefix?: string, namespaces?: string[] }} [options]
 * @returns {Promise<FrameTap>}
 */
async function openTap(
  database,
  { prefix = "socket.io", namespaces = ["/"] } = {},
) {
  const tap = new FrameTap(database);
  database.closeFirst(() => tap.close());
  await tap.open(prefix, namespaces);
  return tap;
}

/**
 * Waits until servers send what they say in a namespace in frames.
 * @param {FrameTap} tap
 * @param {TestServer[]} servers
 * @param {{ namespace?: string, timeout?: number }} [options] milliseconds
 */
async function untilFramed(tap, servers, { namespace = "/", timeout } = {}) {
  const start = await tap.mark();
  await until(
    () => {
      servers.forEach(({ io }) => io.of(namespace).emit("are these frames"));
      const heard = tap.heard.slice(start);
      return servers.every((server) =>
        heard.some(
          ({ framed, uid, nsp }) =>
            framed &&
            uid === server.adapter(namespace).uid &&
            nsp === namespace,
        ),
      );
    },
    { timeout, message: `frames of ${servers.length} servers` },
  );
}

/** @param {number} number */
function numberBytes(number) {
  const bytes = [];
  for (; number > 127; number = Math.floor(number / 128)) {
    bytes.push((number % 128) + 128);
  }
  return Buffer.from([...bytes, number]);
}

/**
 * An entry as it should not be, or as it should.
 * @typedef {object} ForgedEntry
 * @property {number} [type]
 * @property {string} [nsp]
 * @property {string} [options]
 * @property {string | Buffer} data text of JSON, with a control character for each binary part
 * @property {Uint8Array[]} [parts]
 */

/**
 * @param {ForgedEntry} entry
 * @returns {Buffer}
 */
function entryBytes({
  type = EVENT,
  nsp = "/",
  options = "",
  data,
  parts = [],
}) {
  const texts = [nsp, options, data].map((text) => Buffer.from(text));
  const lengths = [
    ...texts.map(({ length }) => length),
    parts.length,
    ...parts.map(({ length }) => length),
  ];
  return Buffer.concat([
    ...[type, ...lengths].map(numberBytes),
    ...texts,
    ...parts,
  ]);
}

/**
 * @param {number} count at least 25
 * @returns {Buffer} a block of so many zeros, compressed to a 255th of that
 */
function packedZeros(count) {
  const header = Buffer.alloc(5);
  header[0] = COMPRESSED;
  header.writeUInt32LE(count, 1);
  // one zero, as many more as are wanted, and the five that must stand at the end as they are
  const repeated = count - 1 - 5 - (4 + 15);
  const length = Buffer.alloc(Math.floor(repeated / 255) + 1, 255);
  length[length.length - 1] = repeated % 255;
  return Buffer.concat([
    header,
    Buffer.of(0x1f, 0, 1, 0),
    length,
    Buffer.of(0x50, 0, 0, 0, 0, 0),
  ]);
}

/**
 * @param {Uint8Array} block
 * @param {string} [uid]
 * @returns {string} a notification with all of a block, in a stream of its own
 */
function forgedPiece(block, uid = "emitter") {
  const stream = randomInt(2 ** 47);
  return `${uid.length} ${uid} ${stream} 1 0 1\n${toText(block)}`;
}

/**
 * @param {(ForgedEntry | Buffer)[]} entries
 * @param {string} [uid]
 * @returns {string} a notification with all of them
 */
function forgedFrame(entries, uid) {
  const bytes = entries.map((entry) =>
    Buffer.isBuffer(entry) ? entry : entryBytes(entry),
  );
  return forgedPiece(Buffer.concat([Buffer.of(PLAIN), ...bytes]), uid);
}

module.exports = {
  entryBytes,
  forgedFrame,
  forgedPiece,
  frameChannel,
  FrameTap,
  openTap,
  packedZeros,
  untilFramed,
};
