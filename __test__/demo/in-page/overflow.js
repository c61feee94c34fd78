// Runs in the page: what is seen outside of the box that it is in.

const BOXES = ".panel, .figure, .server, .card, .database, .label";

/** @returns {string[]} */
// oxlint-disable-next-line no-unused-vars -- called by the test
function findOverflow() {
  return [...document.querySelectorAll(BOXES)]
    .filter((box) => box.checkVisibility() && box.scrollWidth > box.clientWidth)
    .map((box) => `${box.className}: ${box.scrollWidth} > ${box.clientWidth}`);
}
