"use strict";

// The native addon. `binding.js`, which the napi CLI generates, knows where it can be; why it is in none of these
// places, and what to do, is said here.

const { noBinary } = require("./no-binary");

/** @returns {typeof import("../binding.js")} */
function load() {
  try {
    return require("../binding.js");
  } catch (err) {
    throw noBinary(err);
  }
}

module.exports = load();
