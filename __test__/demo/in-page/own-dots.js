// Runs in the page: counts the dots of an own message, which are gone after two seconds.

/** @type {Window & { seenDots?: Set<Node> }} */
const shared = window;

// oxlint-disable-next-line no-unused-vars -- called by the test
function countOwnDots() {
  const dots = (shared.seenDots = new Set());
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) {
      for (const node of addedNodes) {
        const isOwn =
          node instanceof HTMLElement && node.dataset.kind === "own";
        if (isOwn) dots.add(node);
      }
    }
  }).observe(document.body, { childList: true, subtree: true });
}

/** @returns {number | undefined} */
// oxlint-disable-next-line no-unused-vars -- called by the test
function ownDots() {
  return shared.seenDots?.size;
}
