"use strict";

/**
 * Records what `@msgpack/msgpack` writes and reads, for the Rust tests of `src/wire/msgpack` to compare with.
 *
 * Usage: node scripts/record-msgpack-fixtures.js
 */

const { writeFile } = require("node:fs/promises");
const { join } = require("node:path");
const { encode, decode, ExtData } = require("@msgpack/msgpack");
const { format } = require("prettier");
const { version } = require("@msgpack/msgpack/package.json");

/** Stands in JSON text before the index of a binary part; the NUL shows whether it is escaped well. */
const MARKER = "\u0000bin:";

/**
 * One line of the fixture file.
 *
 * @typedef {object} Fixture
 * @property {string} name
 * @property {string} [json] what JSON.stringify writes for the value before it is encoded; not there where only
 *   reading can be compared
 * @property {string[]} [parts] the binary parts of `json` in hexadecimal digits
 * @property {string} msgpack the bytes in hexadecimal digits
 * @property {string} decodedJson what JSON.stringify writes for the decoded value
 * @property {string[]} decodedParts the binary parts of `decodedJson`
 */

/**
 * @param {unknown} value
 * @returns {{ json: string, parts: string[] }} its JSON text, and what is binary in it
 */
function stringify(value) {
  /** @type {string[]} */
  const parts = [];
  /**
   * @this {Record<string, unknown>}
   * @param {string} key
   * @param {unknown} seen
   */
  function replaceBinary(key, seen) {
    // A Buffer has been through its toJSON() by now.
    const original = this[key];
    if (!(original instanceof Uint8Array)) {
      return seen;
    }
    parts.push(hex(original));
    return MARKER + (parts.length - 1);
  }
  return { json: JSON.stringify(value, replaceBinary), parts };
}

/** @param {Uint8Array} bytes */
function hex(bytes) {
  return Buffer.from(bytes).toString("hex");
}

/**
 * A value that JSON can express: the bytes of both encoders must be equal.
 *
 * @param {string} name
 * @param {unknown} value
 * @returns {Fixture}
 */
function written(name, value) {
  return { name, ...stringify(value), ...read(encode(value)) };
}

/**
 * A value that is another one in JSON: only reading can be compared.
 *
 * @param {string} name
 * @param {unknown} value
 * @returns {Fixture}
 */
function readOnly(name, value) {
  return { name, ...read(encode(value)) };
}

/**
 * Bytes that another encoder might write.
 *
 * @param {string} name
 * @param {...(number | number[] | string | Uint8Array)} pieces bytes; a string stands for its UTF-8
 * @returns {Fixture}
 */
function foreign(name, ...pieces) {
  const buffers = pieces.map((piece) =>
    typeof piece === "number"
      ? Buffer.of(piece)
      : Buffer.from(/** @type {any} */ (piece)),
  );
  return { name, ...read(Buffer.concat(buffers)) };
}

/** @param {Uint8Array} bytes */
function read(bytes) {
  const { json, parts } = stringify(decode(bytes));
  return { msgpack: hex(bytes), decodedJson: json, decodedParts: parts };
}

/** @param {number} length */
function numbers(length) {
  return Array.from({ length }, (_, index) => index % 100);
}

/** @param {number} length */
function members(length) {
  return Object.fromEntries(
    numbers(length).map((value, index) => [`key${index}`, value]),
  );
}

/** @param {number} depth */
function nested(depth) {
  /** @type {unknown} */
  let value = [];
  for (let level = 1; level < depth; level++) {
    value = level % 2 ? { a: value } : [value];
  }
  return value;
}

const INTEGERS = [
  0,
  1,
  0x7f,
  0x80,
  0xff,
  0x100,
  0xffff,
  0x10000,
  0xffffffff,
  0x100000000,
  Number.MAX_SAFE_INTEGER,
  -1,
  -0x20,
  -0x21,
  -0x80,
  -0x81,
  -0x8000,
  -0x8001,
  -0x80000000,
  -0x80000001,
  Number.MIN_SAFE_INTEGER,
];

const FLOATS = [
  0.5,
  -0.1,
  0.1 + 0.2,
  Math.PI,
  1e-6,
  1e-7,
  1.5e-9,
  123456789.123,
  2 ** 53,
  -(2 ** 53) - 2,
  2 ** 63,
  1e20,
  1e21,
  1.25e300,
  Number.MAX_VALUE,
  Number.MIN_VALUE,
  2.2250738585072014e-308,
  5e-324 * 3,
];

const DATES = [
  0,
  1,
  -1,
  999,
  1000,
  1700000000123,
  -62167219200001,
  253402300800000,
  2 ** 32 * 1000,
  2 ** 34 * 1000,
  8.64e15,
  -8.64e15,
];

const broadcast = {
  type: 3,
  data: {
    packet: {
      type: 2,
      data: ["hello", 1, "2", { 3: Buffer.of(4, 5, 6) }],
      nsp: "/",
    },
    opts: {
      rooms: ["room1", "räume"],
      except: [],
      flags: { volatile: true, timeout: 1.5 },
    },
    requestId: "0123456789abcdef",
  },
  uid: "fedcba9876543210",
  nsp: "/",
};

/** @type {Fixture[]} */
const fixtures = [
  written("a broadcast", broadcast),
  written("null, true, false", [null, true, false]),
  ...INTEGERS.map((value) => written(`integer ${value}`, value)),
  ...FLOATS.map((value) => written(`float ${value}`, value)),
  ...[0, 1, 31, 32, 199, 200, 201, 255, 256].map((length) =>
    written(`string of ${length} bytes`, "x".repeat(length)),
  ),
  written(
    "string with every escape",
    '"\\/\b\f\n\r\t\0\u001f\u007f\u2028\u2029',
  ),
  written("string of 2, 3 and 4 bytes a character", "äß€中😀𝄞"),
  written("long string of 4 bytes a character", "😀".repeat(60)),
  written("lone surrogates", [
    "\ud800",
    "a\udfffb",
    "\ude00\ud83d",
    "\ud83d\ud83d\ude00",
  ]),
  written("lone surrogate in a key", { "a\ud800": 1 }),
  ...[0, 1, 255, 256].map((length) =>
    written(`binary of ${length} bytes`, Buffer.alloc(length, 0xa5)),
  ),
  written("several binary parts", [
    Buffer.of(1),
    { a: new Uint8Array([2, 3]), b: [Buffer.of()] },
    "bin:0",
  ]),
  ...[0, 1, 15, 16, 300].map((length) =>
    written(`array of ${length}`, numbers(length)),
  ),
  ...[0, 1, 15, 16, 300].map((length) =>
    written(`object of ${length}`, members(length)),
  ),
  written("keys", {
    "": 1,
    10: 2,
    'ä"\\\n': 3,
    constructor: 4,
    [`long${"x".repeat(300)}`]: 5,
  }),
  written("empty containers", [[], {}, [[]], [{}], { a: {}, b: [] }]),
  written("deepest that the package writes", nested(100)),

  written("-0", [-0]),
  readOnly("long string with a lone surrogate", `${"x".repeat(300)}\ud800`),
  readOnly("NaN and infinities", [NaN, Infinity, -Infinity]),
  readOnly("undefined", { a: undefined, b: [undefined] }),
  ...DATES.map((time) => readOnly(`date ${time}`, new Date(time))),
  readOnly("dates inside", { at: [new Date(12345)] }),
  readOnly("typed array", [
    new Uint16Array([1, 2]),
    new DataView(new ArrayBuffer(3)),
  ]),
  readOnly("unknown extension", {
    a: new ExtData(5, new Uint8Array([1, 2, 3])),
  }),
  ...[0, 1, 2, 4, 8, 16, 17, 256].map((length) =>
    readOnly(
      `unknown extension of ${length} bytes`,
      new ExtData(127, new Uint8Array(length)),
    ),
  ),

  foreign(
    "float 32",
    0x92,
    [0xca, 0x3d, 0xcc, 0xcc, 0xcd],
    [0xca, 0x3f, 0xc0, 0, 0],
  ),
  foreign("float 32 NaN", [0xca, 0x7f, 0xc0, 0, 0]),
  foreign("float 64 of -0", [0xcb, 0x80, 0, 0, 0, 0, 0, 0, 0]),
  foreign("float 64 of a whole number", [0xcb, 0x40, 0x59, 0, 0, 0, 0, 0, 0]),
  foreign(
    "int 8 to 64 of small numbers",
    0x94,
    [0xd0, 5],
    [0xd1, 0, 5],
    [0xd2, 0, 0, 0, 5],
    [0xd3, 0, 0, 0, 0, 0, 0, 0, 5],
  ),
  foreign(
    "uint 8 to 64 of small numbers",
    0x94,
    [0xcc, 5],
    [0xcd, 0, 5],
    [0xce, 0, 0, 0, 5],
    [0xcf, 0, 0, 0, 0, 0, 0, 0, 5],
  ),
  foreign("largest uint 64", 0xcf, Buffer.alloc(8, 0xff)),
  foreign("least int 64", 0xd3, 0x80, Buffer.alloc(7)),
  foreign(
    "str 8, 16, 32 of short strings",
    0x93,
    [0xd9, 1],
    "a",
    [0xda, 0, 1],
    "b",
    [0xdb, 0, 0, 0, 1],
    "c",
  ),
  foreign(
    "bin 16, 32 of short parts",
    0x92,
    [0xc5, 0, 1, 7],
    [0xc6, 0, 0, 0, 1, 8],
  ),
  foreign(
    "array 16, 32 of few",
    [0xdc, 0, 1],
    [0xdd, 0, 0, 0, 1],
    [0xdc, 0, 0],
  ),
  foreign(
    "map 16, 32 of few",
    [0xde, 0, 1, 0xa1],
    "a",
    [0xdf, 0, 0, 0, 1, 0xa1],
    "b",
    [0xde, 0, 0],
  ),
  foreign("ext 8 timestamp of 4 bytes", [0xc7, 4, 0xff, 0, 0, 0, 1]),
  foreign(
    "timestamp with nanoseconds",
    [0xd7, 0xff, 0xee, 0x6b, 0x27, 0xfc, 0, 0, 0, 9],
  ),
  foreign(
    "timestamp with more nanoseconds than a second has",
    [0xd7, 0xff, 0xff, 0xff, 0xff, 0xfc, 0, 0, 0, 9],
  ),
  foreign(
    "timestamp beyond all dates",
    [0xc7, 12, 0xff, 0, 0, 0, 0, 0x7f, 0, 0, 0, 0, 0, 0, 0],
  ),
  foreign("unknown extension of the reserved range", [0xd4, 0xfe, 1]),
  foreign("number as key", 0x81, 7, 0xc0),
  foreign("negative number as key", 0x81, 0xff, 0xc0),
  foreign("float as key", 0x81, [0xcb, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0], 0xc0),
  foreign("-0 as key", 0x81, [0xcb, 0x80, 0, 0, 0, 0, 0, 0, 0], 0xc0),
  foreign("infinity as key", 0x81, [0xca, 0xff, 0x80, 0, 0], 0xc0),
  foreign("NaN as key", 0x81, [0xca, 0x7f, 0xc0, 0, 0], 0xc0),
  foreign(
    "large float as key",
    0x81,
    [0xcb, 0x54, 0xb2, 0x49, 0xad, 0x25, 0x94, 0xc3, 0x7d],
    0xc0,
  ),
  foreign("largest uint 64 as key", 0x81, 0xcf, Buffer.alloc(8, 0xff), 0xc0),
  foreign("least int 64 as key", 0x81, 0xd3, 0x80, Buffer.alloc(7), 0xc0),
  foreign("a key twice", 0x82, 0xa1, "a", 1, 0xa1, "a", 2),
  foreign("surrogates one by one", 0xa6, [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80]),
];

/**
 * The first bytes of something too large to be recorded whole.
 *
 * @param {string} kind
 * @param {number} length
 * @param {unknown} value
 */
function header(kind, length, value) {
  return { kind, length, start: hex(encode(value).subarray(0, 8)) };
}

/** @param {number} length */
function sevens(length) {
  return Array.from({ length }, () => 7);
}

/** Every item and every byte is 7 (the character, the number), every key is its index. */
const headers = [65535, 65536].flatMap((length) => [
  header("string", length, "7".repeat(length)),
  header("binary", length, Buffer.alloc(length, 7)),
  header("array", length, sevens(length)),
  header("object", length, { ...sevens(length) }),
]);

const content = {
  package: `@msgpack/msgpack ${version}`,
  marker: MARKER,
  fixtures,
  headers,
};

async function record() {
  const text = await format(JSON.stringify(content), { parser: "json" });
  await writeFile(join(__dirname, "../tests/fixtures/msgpack.json"), text);
  console.log("recorded %d fixtures", fixtures.length + headers.length);
}

record().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
