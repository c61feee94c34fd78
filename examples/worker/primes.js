"use strict";

// The work: something that would keep a server from serving its clients.

/** @param {number} number */
function isPrime(number) {
  for (let divisor = 2; divisor * divisor <= number; divisor += 1) {
    if (number % divisor === 0) return false;
  }
  return number >= 2;
}

/**
 * @param {number} from
 * @param {number} to
 * @returns {number} how many primes there are, `from` included, `to` not
 */
function countPrimes(from, to) {
  let count = 0;
  for (let number = from; number < to; number += 1) {
    if (isPrime(number)) count += 1;
  }
  return count;
}

module.exports = { countPrimes };
