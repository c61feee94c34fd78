// Everything that somebody typed goes into the page as text, never as markup.

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`The page has no #${id}`);
  return element;
}

/**
 * @param {string} tag
 * @param {string} className
 * @param {...(string | Node)} content
 * @returns {HTMLElement}
 */
export function create(tag, className, ...content) {
  const element = document.createElement(tag);
  element.className = className;
  element.append(...content);
  return element;
}

/**
 * Leaves the element alone when nothing changes: what is selected or read aloud is not disturbed.
 *
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Makes the children of an element those of a list. A child whose key stays is kept, and with it the focus.
 *
 * @template T
 * @param {Element} parent
 * @param {T[]} items
 * @param {object} how
 * @param {(item: T) => string} how.key
 * @param {(item: T) => HTMLElement} how.make
 * @param {(element: HTMLElement, item: T) => void} [how.update]
 */
export function syncChildren(parent, items, { key, make, update }) {
  const known = new Map(
    [...parent.children].map((child) => [
      child.getAttribute("data-key"),
      /** @type {HTMLElement} */ (child),
    ]),
  );
  items.forEach((item, index) => {
    const name = key(item);
    const element = known.get(name) ?? make(item);
    known.delete(name);
    element.dataset.key = name;
    update?.(element, item);
    const place = parent.children[index] ?? null;
    if (place !== element) parent.insertBefore(element, place);
  });
  for (const element of known.values()) element.remove();
}
