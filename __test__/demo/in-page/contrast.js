// Runs in the page: what of it has too little contrast, by WCAG 2 AA.

/** @typedef {[red: number, green: number, blue: number, alpha: number]} Color */

const context = /** @type {CanvasRenderingContext2D} */ (
  document.createElement("canvas").getContext("2d", {
    willReadFrequently: true,
  })
);

/**
 * @param {string} css a colour in whatever notation
 * @returns {Color}
 */
function parseColor(css) {
  context.clearRect(0, 0, 1, 1);
  context.fillStyle = css;
  context.fillRect(0, 0, 1, 1);
  const [red = 0, green = 0, blue = 0, alpha = 0] = context.getImageData(
    0,
    0,
    1,
    1,
  ).data;
  return [red, green, blue, alpha / 255];
}

/**
 * @param {Color} front
 * @param {Color} back opaque
 * @returns {Color}
 */
function blend([red, green, blue, alpha], back) {
  const mix = (/** @type {number} */ one, /** @type {number} */ other) =>
    one * alpha + other * (1 - alpha);
  return [mix(red, back[0]), mix(green, back[1]), mix(blue, back[2]), 1];
}

/**
 * @param {Element | null} element
 * @returns {Color} what is behind its text
 */
function backgroundOf(element) {
  if (element === null) return parseColor("Canvas");
  const own = parseColor(getComputedStyle(element).backgroundColor);
  return own[3] === 1 ? own : blend(own, backgroundOf(element.parentElement));
}

/** @param {Color} color */
function luminance(color) {
  const [red = 0, green = 0, blue = 0] = color.slice(0, 3).map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/**
 * @param {Color} one
 * @param {Color} other
 */
function ratio(one, other) {
  const [dark = 0, bright = 0] = [luminance(one), luminance(other)].sort(
    (a, b) => a - b,
  );
  return (bright + 0.05) / (dark + 0.05);
}

/** @param {Element} element */
const isShown = (element) =>
  element.checkVisibility({ visibilityProperty: true });

/**
 * @param {Element} element
 * @param {Color} color
 * @param {Color} background
 * @param {number} least
 * @param {string} what
 * @returns {string[]}
 */
function judge(element, color, background, least, what) {
  const found = ratio(blend(color, background), background);
  if (found >= least) return [];
  return [`${what}: ${found.toFixed(2)} of ${least}, ${element.outerHTML}`];
}

/**
 * @param {Element} element with text of its own
 * @returns {string[]}
 */
function judgeText(element) {
  const style = getComputedStyle(element);
  const size = parseFloat(style.fontSize);
  const isLarge =
    size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
  const least = isLarge ? 3 : 4.5;
  const background = backgroundOf(element);
  return judge(element, parseColor(style.color), background, least, "text");
}

/**
 * @param {Element} control whose border shows where it is
 * @returns {string[]}
 */
function judgeBorder(control) {
  const border = parseColor(getComputedStyle(control).borderTopColor);
  const fill = backgroundOf(control);
  const around = backgroundOf(control.parentElement);
  // A filled button shows by its fill.
  if (ratio(fill, around) >= 3) return [];
  return judge(control, border, around, 3, "border");
}

/** @returns {{ texts: number, controls: number, failures: string[] }} how much was looked at, and what failed */
// oxlint-disable-next-line no-unused-vars -- called by the test
function checkContrast() {
  const texts = [...document.body.querySelectorAll("*")].filter(
    (element) =>
      isShown(element) &&
      [...element.childNodes].some(
        (node) => node.nodeType === Node.TEXT_NODE && node.nodeValue?.trim(),
      ),
  );
  const controls = [
    ...document.querySelectorAll("button, input:not([type=checkbox])"),
  ].filter(isShown);
  return {
    texts: texts.length,
    controls: controls.length,
    failures: [...texts.flatMap(judgeText), ...controls.flatMap(judgeBorder)],
  };
}
