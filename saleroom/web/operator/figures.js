// Figures over time: the last minutes of a counter or a gauge, one point a second.
//
// Owns: the points, and the line through them. Invariant: the number of points is bounded; a counter
// that starts again from nought (a restart) is no negative rate; a second without news is a point
// too. Must not know: what is counted.

export const POINTS_MAX = 120;

export class Series {
  /** isCounter: whether the values only grow, and their rate is what counts. */
  constructor({ isCounter = false } = {}) {
    this.isCounter = isCounter;
    this.points = [];
    this.last = null; // {at, value}
  }

  /** Take the value of now (ms); null where there is none. */
  add(at, value) {
    this.points.push(this.isCounter ? this.#rate(at, value) : (value ?? null));
    if (this.points.length > POINTS_MAX) this.points.shift();
  }

  /** Give the newest point, null where there is none. */
  get newest() {
    return this.points.at(-1) ?? null;
  }

  get most() {
    return Math.max(0, ...this.points.filter((point) => point !== null));
  }

  #rate(at, value) {
    const before = this.last;
    if (value === null || value === undefined) {
      this.last = null;
      return null;
    }
    this.last = { at, value };
    if (before === null || at <= before.at || value < before.value) return null;
    return ((value - before.value) * 1000) / (at - before.at);
  }
}

/**
 * Give the path of a line through points in a box, as SVG's `d`. Points that are null break it.
 * The newest point is at the right edge.
 */
export function linePath(points, width, height, most) {
  const step = width / (POINTS_MAX - 1);
  const scale = most > 0 ? (height - 2) / most : 0;
  const start = width - (points.length - 1) * step;
  let isDown = false;
  return points
    .map((point, index) => {
      const draws = isDown;
      isDown = point !== null;
      if (point === null) return "";
      const x = round(start + index * step);
      const y = round(height - 1 - point * scale);
      return `${draws ? "L" : "M"}${x} ${y}`;
    })
    .filter(Boolean)
    .join("");
}

/** Write a figure in few digits. */
export function sayFigure(value) {
  if (value === null || value === undefined) return "–";
  if (value === 0) return "0";
  if (value < 10) return value.toFixed(1).replace(/\.0$/, "");
  return Math.round(value).toLocaleString("en-GB").replace(/,/g, "\u202f");
}

function round(number) {
  return Math.round(number * 10) / 10;
}
