"use strict";

const assert = require("node:assert/strict");
const { describe, it } = require("node:test");

const { attach, detach, hasBinary } = require("../../lib/binary.js");

const MARKER = "\0marker:";

/** Every way to hold the bytes 1, 2, 3, 4. @type {Record<string, any>} */
const BINARY_VALUES = {
  Buffer: Buffer.from([1, 2, 3, 4]),
  "slice of a Buffer": Buffer.from([0, 1, 2, 3, 4, 5]).subarray(1, 5),
  Uint8Array: Uint8Array.of(1, 2, 3, 4),
  Int8Array: Int8Array.of(1, 2, 3, 4),
  Uint8ClampedArray: Uint8ClampedArray.of(1, 2, 3, 4),
  Uint16Array: new Uint16Array(Uint8Array.of(1, 2, 3, 4).buffer),
  Int16Array: new Int16Array(Uint8Array.of(1, 2, 3, 4).buffer),
  Uint32Array: new Uint32Array(Uint8Array.of(1, 2, 3, 4).buffer),
  Int32Array: new Int32Array(Uint8Array.of(1, 2, 3, 4).buffer),
  Float32Array: new Float32Array(Uint8Array.of(1, 2, 3, 4).buffer),
  DataView: new DataView(Uint8Array.of(9, 1, 2, 3, 4, 9).buffer, 1, 4),
  ArrayBuffer: Uint8Array.of(1, 2, 3, 4).buffer,
  SharedArrayBuffer: sharedBytes(),
};

function sharedBytes() {
  const shared = new SharedArrayBuffer(4);
  new Uint8Array(shared).set([1, 2, 3, 4]);
  return shared;
}

/**
 * What arrives for a value.
 *
 * @param {unknown} value
 */
function throughTheWire(value) {
  const { text, parts } = detach(value, MARKER);
  return attach(JSON.parse(text), parts, MARKER);
}

describe("binary values", () => {
  for (const [name, value] of Object.entries(BINARY_VALUES)) {
    describe(name, () => {
      it("is found, wherever it is", () => {
        assert.ok(hasBinary(value));
        assert.ok(hasBinary([1, ["a", { deep: [value] }]]));
        assert.ok(hasBinary({ toJSON: () => ({ value }) }));
      });

      it("arrives as a Buffer with the same bytes", () => {
        const bytes = Buffer.from([1, 2, 3, 4]);

        assert.deepEqual(throughTheWire(value), bytes);
        assert.deepEqual(throughTheWire(["a", { b: [value], c: value }]), [
          "a",
          { b: [bytes], c: bytes },
        ]);
      });

      it("is not copied before the engine does, except where there is no view", () => {
        const { parts } = detach({ value }, MARKER);
        const [part] = parts;

        assert.equal(part?.buffer, value.buffer ?? value);
      });
    });
  }

  it("of eight bytes an element, and empty ones", () => {
    const big = BigInt64Array.of(1n, -1n);
    assert.ok(hasBinary(big));
    assert.deepEqual(throughTheWire(big), Buffer.from(big.buffer));
    assert.deepEqual(
      throughTheWire(Float64Array.of(1.5)),
      Buffer.from(Float64Array.of(1.5).buffer),
    );
    assert.deepEqual(throughTheWire([Buffer.alloc(0)]), [Buffer.alloc(0)]);
    assert.deepEqual(throughTheWire(new ArrayBuffer(0)), Buffer.alloc(0));
  });

  it("keep their order, more than ten of them", () => {
    const values = Array.from({ length: 25 }, (_, byte) => Buffer.of(byte));

    assert.deepEqual(throughTheWire(values), values);
  });

  it("in a value of toJSON() arrive", () => {
    const value = { toJSON: () => ({ bytes: Buffer.from("a") }) };

    assert.deepEqual(throughTheWire({ value }), {
      value: { bytes: Buffer.from("a") },
    });
  });

  it("with a toJSON() of their own arrive as bytes", () => {
    const bytes = Object.assign(Uint8Array.of(1), { toJSON: () => "text" });

    assert.deepEqual(throughTheWire([bytes]), [Buffer.of(1)]);
  });
});

describe("what is not binary", () => {
  const values = {
    null: null,
    true: true,
    "a number": 1,
    "a string": "\0marker",
    "an array": [1, [2]],
    "an object": { a: { b: {} } },
    "a Date": new Date(0),
    "an object without prototype": Object.assign(Object.create(null), { a: 1 }),
    "the JSON form of a Buffer": Buffer.from("a").toJSON(),
    "a Map": new Map([["a", Buffer.from("b")]]),
  };
  for (const [name, value] of Object.entries(values)) {
    it(`${name} is left to JSON`, () => {
      assert.equal(hasBinary(value), false);
      const { text, parts } = detach(value, MARKER);
      assert.equal(text, JSON.stringify(value));
      assert.deepEqual(parts, []);
    });
  }

  it("a function, a symbol and undefined hold nothing", () => {
    for (const value of [undefined, () => Buffer.alloc(1), Symbol("a")]) {
      assert.equal(hasBinary(value), false);
      assert.equal(hasBinary({ value }), false);
    }
  });

  it("toJSON() is called once for a value, as JSON.stringify() does", () => {
    const endless = {
      toJSON: () => ({ toJSON: () => Buffer.from("never"), a: 1 }),
    };

    assert.equal(hasBinary(endless), false);
    assert.equal(detach(endless, MARKER).text, JSON.stringify(endless));
  });

  it("inherited properties are not looked at", () => {
    assert.equal(hasBinary(Object.create({ bytes: Buffer.from("a") })), false);
  });
});

describe("texts that look like parts", () => {
  /** @param {any} value */
  const attached = (value) => attach(value, [Buffer.from("part")], MARKER);

  it("need the whole marker at their start", () => {
    for (const text of ["\0", "marker:0", "\0marker", " \0marker:0", "0"]) {
      assert.equal(attached(text), text);
      assert.deepEqual(attached({ text: [text] }), { text: [text] });
    }
  });

  it("as keys stay keys", () => {
    assert.deepEqual(attached({ [`${MARKER}0`]: 1 }), { [`${MARKER}0`]: 1 });
  });

  it("of a value without parts are its own", () => {
    const value = { text: "\0another marker:0", bytes: Buffer.from("a") };

    assert.deepEqual(throughTheWire(value), value);
  });
});

describe("hostile shapes", () => {
  it("an own key __proto__ holds a part like any other, and changes no prototype", () => {
    const value = JSON.parse('{"__proto__":{"a":1},"constructor":2}');
    Object.defineProperty(value, "__proto__", {
      value: Buffer.from("bytes"),
      enumerable: true,
      configurable: true,
      writable: true,
    });
    assert.ok(hasBinary(value));

    const arrived = throughTheWire(value);

    assert.deepEqual(Object.keys(arrived), ["__proto__", "constructor"]);
    assert.equal(Object.getPrototypeOf(arrived), Object.prototype);
    assert.deepEqual(
      Object.getOwnPropertyDescriptor(arrived, "__proto__")?.value,
      Buffer.from("bytes"),
    );
  });

  it("a cycle and a BigInt are errors, not endless", () => {
    /** @type {any} */
    const cycle = { bytes: [] };
    cycle.self = cycle;

    assert.throws(() => hasBinary(cycle), RangeError);
    assert.throws(() => detach(cycle, MARKER), TypeError);
    assert.throws(() => detach([1n, Buffer.alloc(1)], MARKER), TypeError);
  });

  it("as deep as the engine lets through", () => {
    /** @type {any} */
    let value = Buffer.from("deep");
    for (let level = 0; level < 512; level += 1) {
      value = [value];
    }
    assert.ok(hasBinary(value));

    let arrived = throughTheWire(value);
    while (Array.isArray(arrived)) {
      arrived = arrived[0];
    }
    assert.deepEqual(arrived, Buffer.from("deep"));
  });
});
