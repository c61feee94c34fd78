// Runs in the page: what text runs over the padding or the border of the box that it is in.

const BOXES = ".panel, .figure, .card, .database, .label";

/** Cut off in a way that can be seen, or not seen at all. */
const CUT = ".who, .unseen";

/**
 * @param {Element} box
 * @returns {number} where its padding begins
 */
function rightEdge(box) {
  const { borderRightWidth, paddingRight } = getComputedStyle(box);
  const { right } = box.getBoundingClientRect();
  return right - parseFloat(borderRightWidth) - parseFloat(paddingRight);
}

/** @returns {string[]} */
// oxlint-disable-next-line no-unused-vars -- called by the test
function findOverflow() {
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  while (texts.nextNode()) {
    const text = texts.currentNode;
    const box = text.parentElement?.closest(BOXES);
    if (!box || text.parentElement?.closest(CUT)) continue;
    range.selectNodeContents(text);
    const over = range.getBoundingClientRect().right - rightEdge(box);
    // Less than a pixel is rounding.
    if (over >= 1) found.push(`${text.nodeValue}: ${over} px`);
  }
  return found;
}
