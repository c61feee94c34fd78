"use strict";

// How long a command of a step may take.

const MINUTE_MS = 60_000;

/** A first compilation of everything on a slow machine takes a few minutes. */
const CARGO_LIMIT_MS = 30 * MINUTE_MS;
const TEST_LIMIT_MS = 20 * MINUTE_MS;
const LINT_LIMIT_MS = 5 * MINUTE_MS;

module.exports = { CARGO_LIMIT_MS, LINT_LIMIT_MS, TEST_LIMIT_MS };
