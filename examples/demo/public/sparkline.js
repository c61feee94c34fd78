// A small line of the last values, without axes: its shape is what it says, the number stands beside it.

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 100;
const HEIGHT = 24;

/** Half a minute. */
const MAX_VALUES = 60;

export class Sparkline {
  constructor() {
    /** @type {number[]} */
    this.values = [];
    this.element = document.createElementNS(SVG, "svg");
    this.element.setAttribute("class", "sparkline");
    this.element.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
    this.element.setAttribute("preserveAspectRatio", "none");
    this.element.setAttribute("aria-hidden", "true");
    this.line = document.createElementNS(SVG, "polyline");
    this.element.append(this.line);
  }

  /** @param {number} value not below 0 */
  add(value) {
    this.values = [...this.values, value].slice(-MAX_VALUES);
    const highest = Math.max(...this.values) || 1;
    const step = WIDTH / (MAX_VALUES - 1);
    const start = MAX_VALUES - this.values.length;
    const points = this.values.map((one, index) => {
      const x = (start + index) * step;
      const y = HEIGHT - 1 - (one / highest) * (HEIGHT - 2);
      return `${x.toFixed(1)},${y.toFixed(1)}`;
    });
    this.line.setAttribute("points", points.join(" "));
  }
}
