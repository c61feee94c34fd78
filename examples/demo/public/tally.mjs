// Counts the numbered messages of a burst. Used by the page and by the counting clients of the demo alike.

export class Tally {
  constructor() {
    this.received = 0;
    /** How many did not carry the number that follows that of the one before: lost, doubled or out of order. */
    this.misplaced = 0;
    this.next = 0;
  }

  /** @param {number} number */
  add(number) {
    this.received += 1;
    if (number !== this.next) this.misplaced += 1;
    this.next = number + 1;
  }
}
