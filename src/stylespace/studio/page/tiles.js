"use strict";
/** Images on canvases: crisp pixels, or smooth ink. */
(() => {
  const Stylespace = (globalThis.Stylespace ??= {});
  const { SIDE } = Stylespace;
  const SMOOTH = 5; // times as many pixels along a side
  const [FAINT, FULL] = [0.2, 0.72]; // where smooth ink begins and where it is full

  /** @typedef {import("./grey").Grey} Grey */

  /** Red, green and blue of the ink, until the page's colours change.
   * @type {number[] | null}
   */
  let ink = null;
  window.addEventListener("stylespace-colours", () => (ink = null));

  /** As the style sheet has it; asked for amid a redraw, it has the page styled once more. */
  function inkColour() {
    const said = getComputedStyle(document.documentElement).getPropertyValue("--ink-rgb");
    const parts = said.split(",").map(Number);
    return parts.length === 3 && parts.every(Number.isFinite) ? parts : [0, 0, 0];
  }

  /** Which old pixels each new one takes from, and with which weights (Catmull and Rom 1974). */
  function cubicWeights(length, factor) {
    return Array.from({ length: length * factor }, (_, index) => {
      const place = (index + 0.5) / factor - 0.5;
      const first = Math.floor(place) - 1;
      const t = place - Math.floor(place);
      const weights = [
        ((2 - t) * t - 1) * t,
        (3 * t - 5) * t * t + 2,
        ((4 - 3 * t) * t + 1) * t,
        (t - 1) * t * t,
      ].map((weight) => weight / 2);
      return { first, weights };
    });
  }

  const known = new Map();
  /** @param {number} length @param {number} factor */
  function knownWeights(length, factor) {
    const key = length * 100 + factor;
    if (!known.has(key)) known.set(key, cubicWeights(length, factor));
    return known.get(key);
  }

  /** A larger picture with soft transitions. @param {Grey} grey @param {number} factor */
  function enlarged({ width, height, data }, factor) {
    const wide = width * factor;
    const across = new Float32Array(wide * height);
    knownWeights(width, factor).forEach(({ first, weights }, x) => {
      for (let i = 0; i < 4; i++) {
        const from = Math.min(width - 1, Math.max(0, first + i));
        const weight = weights[i];
        for (let y = 0; y < height; y++) across[y * wide + x] += weight * data[y * width + from];
      }
    });
    const result = new Float32Array(wide * height * factor);
    knownWeights(height, factor).forEach(({ first, weights }, y) => {
      for (let i = 0; i < 4; i++) {
        const from = Math.min(height - 1, Math.max(0, first + i)) * wide;
        const weight = weights[i];
        for (let x = 0; x < wide; x++) result[y * wide + x] += weight * across[from + x];
      }
    });
    return { width: wide, height: height * factor, data: result };
  }

  /** Ink with a sharp yet smooth edge. @param {Grey} grey @param {number} [factor] */
  function smoothInk(grey, factor = SMOOTH) {
    const result = enlarged(grey, factor);
    result.data.forEach((value, i) => {
      const t = Math.min(1, Math.max(0, (value - FAINT) / (FULL - FAINT)));
      result.data[i] = t * t * (3 - 2 * t);
    });
    return result;
  }

  /** Put ink on a canvas, which takes its size; the paper stays transparent.
   * @param {HTMLCanvasElement} canvas @param {Grey} grey @param {number[]} [colour]
   */
  function paintInk(canvas, { width, height, data }, colour = (ink ??= inkColour())) {
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    const picture = new ImageData(width, height);
    for (let i = 0, at = 0; i < data.length; i++, at += 4) {
      picture.data[at] = colour[0];
      picture.data[at + 1] = colour[1];
      picture.data[at + 2] = colour[2];
      picture.data[at + 3] = 255 * data[i];
    }
    canvas.getContext("2d").putImageData(picture, 0, 0);
  }

  /** Paint an image of 28x28 pixels, crisp or smooth.
   * @param {HTMLCanvasElement} canvas @param {Float32Array} image @param {boolean} [smooth]
   */
  function paintImage(canvas, image, smooth = false) {
    const grey = { width: SIDE, height: SIDE, data: image };
    canvas.classList.toggle("smooth", smooth);
    paintInk(canvas, smooth ? smoothInk(grey) : grey);
  }

  Object.assign(Stylespace, { enlarged, paintImage, paintInk, smoothInk });
})();
