"use strict";

// For whom a broadcast is, as it travels and as Socket.IO has it.

const { checkBroadcastOptions } = require("./message-check");

/** @typedef {import("socket.io-adapter").BroadcastOptions} BroadcastOptions */

/** @param {BroadcastOptions} opts */
function encodeOptions(opts) {
  return {
    rooms: [...opts.rooms],
    except: [...(opts.except ?? [])],
    flags: opts.flags,
  };
}

/** @param {BroadcastOptions} opts */
function isUsual({ rooms, except, flags }) {
  if (rooms.size > 0 || (except?.size ?? 0) > 0) {
    return false;
  }
  for (const _ in flags) {
    return false;
  }
  return true;
}

/**
 * @param {BroadcastOptions} opts
 * @returns {string} empty for those of `io.emit()`
 */
function optionsText(opts) {
  return isUsual(opts) ? "" : JSON.stringify(encodeOptions(opts));
}

/** @type {BroadcastOptions} */
const TO_EVERYBODY = Object.freeze({
  rooms: new Set(),
  except: new Set(),
  flags: Object.freeze({}),
});

/** Reads the options of the broadcasts in one namespace; those of a run of broadcasts are one object, and read once. */
class OptionsReader {
  #nsp;
  /** @type {{ encoded: any, decoded: BroadcastOptions }} */
  #last = { encoded: null, decoded: TO_EVERYBODY };

  /** @param {string} nsp */
  constructor(nsp) {
    this.#nsp = nsp;
  }

  /**
   * @param {any} opts - null for those of `io.emit()`
   * @returns {BroadcastOptions}
   * @throws {import("./errors").PostgresAdapterError} if they are malformed
   */
  read(opts) {
    if (opts === null) {
      return TO_EVERYBODY;
    }
    if (opts !== this.#last.encoded) {
      checkBroadcastOptions(opts, this.#nsp);
      const decoded = {
        rooms: new Set(opts.rooms),
        except: new Set(opts.except),
        flags: opts.flags,
      };
      this.#last = { encoded: opts, decoded };
    }
    return this.#last.decoded;
  }
}

module.exports = { OptionsReader, encodeOptions, optionsText };
