"use strict";
/**
 * From ink to the form of MNIST's images: cropped, scaled into 20x20 pixels keeping its aspect,
 * with grey edges, in 28x28 with the centre of mass in the middle (LeCun et al. 1998).
 */
(() => {
  const Stylespace = (globalThis.Stylespace ??= {});
  const { PictureError, SIDE, connected, findInk, padded, pooled, roundEven, spread } = Stylespace;

  const BOX = 20; // pixels of an MNIST image that the ink may fill
  const MIDDLE = 14.5; // where MNIST's images have their centre of mass
  const PIECE = 0.3; // more ink than this hangs together
  const SPECK = 0.03; // of the largest connected piece's ink
  const LEAST_SIZE = 0.02; // of the picture's longer side
  const EDGE = 0.1; // ink that still counts when cropping; hard edges ring with less in a JPEG
  // line widths in the image: up to the first widened to the last, less and less up to ENOUGH
  const [THINNEST, ENOUGH, THIN] = [1, 1.2, 2];

  /** @typedef {import("./grey").Grey} Grey */
  /** @typedef {{top: number, bottom: number, left: number, right: number}} Box */

  /**
   * Bring a picture of one digit to the form of MNIST's images.
   * @param {{width: number, height: number, data: Uint8ClampedArray}} picture RGBA
   * @returns {Float32Array} `[784]` in 0..1, in steps of 1/255
   * @throws {PictureError} it shows no ink
   */
  const prepare = (picture) => prepareInk(findInk(picture));

  /** The same from ink. @param {Grey} given */
  function prepareInk(given) {
    const ink = withoutSpecks(given);
    const box = bounds(ink);
    if (!box) throw new PictureError("There is no ink on it.");
    if (longerSide(box) < Math.max(3, LEAST_SIZE * Math.max(ink.width, ink.height))) {
      throw new PictureError("That is a speck, but no digit.");
    }
    const wide = widened(ink, longerSide(box));
    return placed(cut(wide, bounds(wide)));
  }

  /** @param {Box} box */
  const longerSide = (box) => Math.max(box.bottom - box.top, box.right - box.left);

  /** Where there is ink. @param {Grey} ink @returns {Box | null} */
  function bounds({ width, height, data }) {
    let [top, bottom, left, right] = [height, 0, width, 0];
    for (let y = 0, i = 0; y < height; y++) {
      for (let x = 0; x < width; x++, i++) {
        if (data[i] <= EDGE) continue;
        if (y < top) top = y;
        bottom = y + 1;
        if (x < left) left = x;
        if (x >= right) right = x + 1;
      }
    }
    return bottom ? { top, bottom, left, right } : null;
  }

  /** @param {Grey} grey @param {Box} box @returns {Grey} */
  function cut(grey, { top, bottom, left, right }) {
    const data = new Float32Array((right - left) * (bottom - top));
    for (let y = top; y < bottom; y++) {
      const row = grey.data.subarray(y * grey.width + left, y * grey.width + right);
      data.set(row, (y - top) * (right - left));
    }
    return { width: right - left, height: bottom - top, data };
  }

  /** Remove pieces with next to no ink, which would spoil the cropping. @param {Grey} ink */
  function withoutSpecks(ink) {
    const longer = Math.max(ink.width, ink.height);
    const factor = Math.ceil(longer / 128);
    const small = pooled(ink, factor);
    const { labels, count } = connected(small, PIECE);
    if (!count) return ink;
    const weight = new Array(count + 1).fill(0);
    labels.forEach((label, i) => (weight[label] += small.data[i]));
    weight[0] = 0;
    const least = SPECK * Math.max(...weight);
    const kept = weight.map((value) => (value >= least ? 1 : 0));
    if (isClean(small, labels, kept)) return ink;
    return near(ink, small, labels, kept, factor);
  }

  /** Whether all ink lies in kept pieces or right beside them, so that nothing will be lost. So
   * it is on the pad, and to know it takes less than to work out what is near.
   * @param {Grey} small @param {Int32Array} labels @param {number[]} kept
   */
  function isClean(small, labels, kept) {
    const pieces = { ...small, data: Float32Array.from(labels, (label) => kept[label]) };
    const reached = spread(pieces, 1).data;
    return small.data.every((ink, i) => ink === 0 || reached[i] > 0);
  }

  /** What lies near the kept pieces: a piece's grey edges lie outside it, in a picture enlarged
   * without smoothing far outside.
   * @type {(ink: Grey, small: Grey, labels: Int32Array, kept: number[], factor: number) => Grey}
   */
  function near(ink, small, labels, kept, factor) {
    const { width, height } = { width: small.width * factor, height: small.height * factor };
    const mask = { width, height, data: new Float32Array(width * height) };
    for (let y = 0, i = 0; y < height; y++) {
      const row = Math.floor(y / factor) * small.width;
      for (let x = 0; x < width; x++, i++) {
        mask.data[i] = kept[labels[row + Math.floor(x / factor)]];
      }
    }
    const reached = spread(mask, Math.floor(Math.max(ink.width, ink.height) / BOX) + factor);
    const data = ink.data.map(
      (value, i) => value * reached.data[Math.floor(i / ink.width) * width + (i % ink.width)],
    );
    return { width: ink.width, height: ink.height, data };
  }

  /** Thicken lines that would be no wider than a grey shade in the final image.
   * @param {Grey} ink @param {number} longer
   */
  function widened(ink, longer) {
    const { width, data } = padded(ink, 1);
    let [area, outline] = [0, 0];
    for (let i = width; i < data.length; i++) {
      const inside = data[i] > 0.5;
      if (inside) area++;
      if (inside !== data[i - 1] > 0.5) outline++;
      if (inside !== data[i - width] > 0.5) outline++;
    }
    // a line of length l and width w: an area of w * l, an outline of 2 * l in straight steps,
    // of about 4 / pi as many where it runs in all directions
    const pixel = longer / BOX;
    const line = (2 * area) / Math.max((outline * Math.PI) / 4, 1) / pixel;
    const missing =
      (THIN - line) * Math.min(1, Math.max(0, (ENOUGH - line) / (ENOUGH - THINNEST)));
    if (missing <= 0) return ink;
    const radius = (missing / 2) * pixel;
    const within = Math.floor(radius);
    const wide = padded(ink, within + 1); // of two whole radii a mean, so that no step is seen
    const [less, more] = [spread(wide, within), spread(wide, within + 1)];
    less.data.forEach((x, i) => (less.data[i] += (radius - within) * (more.data[i] - x)));
    return less;
  }

  /** Scale into 20x20, keeping the aspect, and put into 28x28 with the centre of mass in the
   * middle, as far as there is room. Neither goes by whole pixels, or a style would jump where a
   * drawing hardly changes.
   * @param {Grey} ink
   */
  function placed({ width, height, data }) {
    const mass = { x: new Float64Array(width), y: new Float64Array(height) };
    for (let y = 0, i = 0; y < height; y++) {
      for (let x = 0; x < width; x++, i++) {
        if (data[i] === 0) continue;
        // of whole numbers, which have the same centre wherever it is computed
        const grey = roundEven(data[i] * 255);
        mass.x[x] += grey;
        mass.y[y] += grey;
      }
    }
    const pixel = Math.max(width, height) / BOX;
    const [columns, rows] = [shares(mass.x, pixel), shares(mass.y, pixel)];
    const narrow = new Float64Array(SIDE * height);
    for (let y = 0; y < height; y++) {
      columns.forEach(({ first, weights }, x) => {
        const from = y * width + first;
        let sum = 0;
        for (let i = 0; i < weights.length; i++) sum += weights[i] * data[from + i];
        narrow[y * SIDE + x] = sum;
      });
    }
    const image = new Float64Array(SIDE * SIDE);
    rows.forEach(({ first, weights }, y) => {
      weights.forEach((weight, i) => {
        const from = (first + i) * SIDE;
        for (let x = 0; x < SIDE; x++) image[y * SIDE + x] += weight * narrow[from + x];
      });
    });
    return new Float32Array(image.map((value) => roundEven(value * 255) / 255));
  }

  /** What each new pixel takes from the old ones along an axis: all that it covers when shrinking,
   * its two neighbours when enlarging.
   * @param {Float64Array} mass @param {number} pixel old ones a new one
   */
  function shares(mass, pixel) {
    const length = mass.length;
    const weighed = mass.reduce((sum, value, i) => sum + value * (2 * i + 1), 0);
    const centre = weighed / (2 * mass.reduce((sum, value) => sum + value));
    const from = Math.min(Math.max(centre - MIDDLE * pixel, length - SIDE * pixel), 0);
    // as large as it should be, it would only get blurred between pixels
    const start = pixel === 1 ? roundEven(from) : from;
    return Array.from({ length: SIDE }, (_, index) => {
      const edge = start + pixel * index;
      const reach = pixel < 1 ? 1 : pixel / 2;
      const middle = edge + pixel / 2;
      const first = Math.max(0, Math.floor(middle - reach - 0.5));
      const end = Math.min(length, Math.ceil(middle + reach + 0.5));
      const weights = [];
      for (let i = first; i < end; i++) {
        const covered = Math.min(edge + pixel, i + 1) - Math.max(edge, i);
        const near = 1 - Math.abs(middle - (i + 0.5));
        weights.push(Math.max(0, pixel < 1 ? near : covered / pixel));
      }
      return { first, weights };
    });
  }

  Object.assign(Stylespace, { PIECE, bounds, cut, prepare, prepareInk, withoutSpecks });
})();
