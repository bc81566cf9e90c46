"use strict";
/** Test images' style vectors as dots, two dimensions at a time. */
(() => {
  const Stylespace = (globalThis.Stylespace ??= {});
  const { quantile, studio } = Stylespace;

  const LEAST_REACH = 3.2;

  /** @param {number} digit */
  function digitColour(digit) {
    const scheme = getComputedStyle(document.documentElement).colorScheme;
    const either = !["dark", "light"].includes(scheme); // where the system forces its colours
    const dark = either ? matchMedia("(prefers-color-scheme: dark)").matches : scheme === "dark";
    const { palette } = studio.info;
    const colour = palette[digit % palette.length];
    return dark && colour === "#111111" ? "#e9e5db" : colour;
  }

  /** @typedef {{style: number[][], digits: number[]}} Points */
  /**
   * Which dimension goes across and which up; where there is but one, each digit has its own row.
   * @typedef {[number, number | null]} Axes
   */

  class Scatter {
    /** @param {HTMLCanvasElement} canvas @param {Points} points @param {Axes} axes */
    constructor(canvas, points, axes) {
      this.canvas = canvas;
      this.points = points;
      this.axes = axes;
      /** Drawn behind the dots, where there is something. @type {CanvasImageSource | null} */
      this.behind = null;
      /** @type {Float32Array | null} */
      this.marker = null;
      this.reach = LEAST_REACH;
      this.dots = true;
      new ResizeObserver(() => this.paint()).observe(canvas);
      this.measure();
    }

    /** Make room for all but the farthest points on the axes that are shown. */
    measure() {
      const shown = this.axes.filter((axis) => axis !== null);
      const values = Float32Array.from(
        this.points.style.flatMap((style) => shown.map((axis) => Math.abs(style[axis]))),
      );
      const far = values.length ? quantile(values, 0.995) * 1.1 : 0;
      this.reach = Math.max(LEAST_REACH, Math.ceil(far * 5) / 5);
    }

    /** From a value to a share of the side. @param {number} value */
    toShare(value) {
      return 0.5 + value / (2 * this.reach);
    }

    /** @param {number} share */
    toValue(share) {
      return (share - 0.5) * 2 * this.reach;
    }

    /** Where a style vector lies, in shares of the side from the top left.
     * @param {ArrayLike<number>} style @param {number} [digit] none lies in the middle
     * @returns {[number, number]}
     */
    placeOf(style, digit) {
      const [across, up] = this.axes;
      const rows = studio.info.class_names.length;
      const row = digit === undefined ? rows / 2 : digit + 0.5;
      const down = up === null ? row / rows : 1 - this.toShare(style[up]);
      return [this.toShare(style[across]), down];
    }

    /** The point nearest to a place, both in shares of the side.
     * @param {number} x @param {number} y @param {number} within
     */
    nearest(x, y, within) {
      let [best, least] = [-1, within];
      if (!this.dots) return best;
      this.points.style.forEach((style, index) => {
        const [across, down] = this.placeOf(style, this.points.digits[index]);
        const far = Math.hypot(across - x, down - y);
        if (far < least) [best, least] = [index, far];
      });
      return best;
    }

    paint() {
      const side = Math.round(this.canvas.clientWidth * (devicePixelRatio || 1));
      if (!side) return;
      if (this.canvas.width !== side) this.canvas.width = this.canvas.height = side;
      const context = this.canvas.getContext("2d");
      const colours = getComputedStyle(this.canvas);
      context.clearRect(0, 0, side, side);
      if (this.behind) context.drawImage(this.behind, 0, 0, side, side);
      else this.paintGrid(context, side, colours.getPropertyValue("--line"));
      if (this.dots) this.paintDots(context, side);
      if (this.marker) this.paintMarker(context, side, colours);
    }

    /** The middle, and circles at one, two and three standard deviations; lines in one dimension.
     * @param {CanvasRenderingContext2D} context @param {number} side @param {string} colour
     */
    paintGrid(context, side, colour) {
      context.strokeStyle = colour;
      context.lineWidth = side / 400;
      context.beginPath();
      /** @param {number} x */
      const upright = (x) => {
        context.moveTo(x, 0);
        context.lineTo(x, side);
      };
      const edges = [1, 2, 3].map((radius) => this.toShare(radius) * side);
      upright(side / 2);
      if (this.axes[1] === null) edges.forEach((edge) => [edge, side - edge].forEach(upright));
      else {
        for (const edge of edges) {
          context.moveTo(edge, side / 2);
          context.arc(side / 2, side / 2, edge - side / 2, 0, 2 * Math.PI);
        }
        context.moveTo(0, side / 2);
        context.lineTo(side, side / 2);
      }
      context.stroke();
    }

    /** @param {CanvasRenderingContext2D} context @param {number} side */
    paintDots(context, side) {
      const size = Math.max(1.5, side / 150);
      context.globalAlpha = 0.75;
      this.points.style.forEach((style, index) => {
        context.fillStyle = digitColour(this.points.digits[index]);
        context.beginPath();
        const [x, y] = this.placeOf(style, this.points.digits[index]);
        context.arc(x * side, y * side, size, 0, 2 * Math.PI);
        context.fill();
      });
      context.globalAlpha = 1;
    }

    /** @param {CanvasRenderingContext2D} context @param {number} side */
    paintMarker(context, side, colours) {
      const inside = (share) => Math.min(0.985, Math.max(0.015, share));
      const [x, y] = this.placeOf(this.marker).map((share) => inside(share) * side);
      context.beginPath();
      context.arc(x, y, side / 42, 0, 2 * Math.PI);
      context.fillStyle = colours.getPropertyValue("--sheet");
      context.strokeStyle = colours.getPropertyValue("--accent");
      context.lineWidth = side / 90;
      context.fill();
      context.stroke();
    }
  }

  Object.assign(Stylespace, { Scatter, digitColour });
})();
