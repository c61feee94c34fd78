// Numbers as people read them.

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** @param {number} value */
export const formatCount = (value) => whole.format(value);

/** @param {number} count */
export const formatMessages = (count) =>
  count === 1 ? "1 message" : `${formatCount(count)} messages`;

/** @param {number} ms */
export function formatMs(ms) {
  if (ms >= 1_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`;
  return `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
}

/** @param {number} share from 0 to 1 */
export const formatShare = (share) => `${whole.format(share * 100)} %`;

/** @param {number} ms for which something lasts by now */
export function formatAge(ms) {
  const seconds = Math.floor(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  return `${Math.floor(seconds / 3_600)} h`;
}
