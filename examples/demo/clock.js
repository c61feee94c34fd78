"use strict";

/**
 * @returns {number} microseconds of the monotonic clock, which the processes of one machine share: what one of them
 *   noted, another one can subtract
 */
function now() {
  return Number(process.hrtime.bigint() / 1_000n);
}

module.exports = { now };
