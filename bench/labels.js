"use strict";

/** How the adapters are called in tables and charts, in this order. */
const LABELS = /** @type {const} */ ({
  native: "this one",
  javascript: "JavaScript",
  redis: "Redis",
  streams: "Redis streams",
  watched: "this one, watched",
  none: "no adapter",
});

module.exports = { LABELS };
