"use strict";
/**
 * Finds the sheet of paper on a photograph that shows a table around it. What
 * `stylespace.data.sheet` does in Python, step by step; a test holds both against each other.
 */
(() => {
  const Stylespace = (globalThis.Stylespace ??= {});
  const { connected, padded, quantile, shrunk, spread } = Stylespace;

  const MAP_SIDE = 128; // of the map on which the sheet is sought
  const LEVELS = 12; // of brightness, or of whiteness, that may part it from what lies around it
  const BRIDGE = 3; // pixels of the map: what is no wider than twice this is no part of the sheet
  const STROKE = 4; // likewise: what is thinner than twice this is ink
  const BLANK = 12; // likewise: somewhere on it twice this is free of ink; no stroke is as thick
  const MARGIN = 3; // pixels of the map along the outline that count as surroundings
  const [LEAST_SHEET, LEAST_AROUND] = [0.2, 0.04]; // shares of the map
  const SOLID = 0.8; // of its hull a sheet fills, whatever is written on it
  const CONVEX = 0.85; // of its hull a shadow fills that lies on one side
  const STEP = 0.15; // in logarithms of either, from around the sheet to it
  const SHARE = 0.2; // of the outline, and of what is around it, may have less of a step
  const DARKEST = 0.02; // of either, whose logarithm counts

  /** @typedef {import("./grey").Grey} Grey */
  /** @typedef {[number, number]} Corner */
  /** @typedef {{beyond: Float64Array, step: number}} Sheet how far each pixel of the map lies
   * outside it, negative within; and how much darker or less white it is around it */

  /**
   * Paper instead of all that lies around the sheet; null where no sheet is told from it. A
   * sheet is light or white, and convex, and less so around its outline at once; what is around
   * it lies on more sides than one, or it might be a shadow on it.
   * @param {Grey} light a photograph's brightness or whiteness, 0..1
   * @param {Grey | null} other of them, by which the sheet is sought as well; null without colours
   * @returns {Grey | null}
   */
  function withoutSurroundings(light, other) {
    const longer = Math.max(light.width, light.height);
    if (longer < MAP_SIDE) return null;
    const factor = Math.ceil(longer / MAP_SIDE);
    const small = shrunk(light, factor);
    const sheets = [...sheetsOf(small), ...(other ? sheetsOf(shrunk(other, factor)) : [])];
    const step = Math.max(...sheets.map((sheet) => sheet.step));
    if (!(step >= STEP)) return null;
    const best = /** @type {Sheet} */ (sheets.find((sheet) => sheet.step === step));
    const within = Uint8Array.from(best.beyond, (distance) => +(distance <= -MARGIN));
    if (!within.includes(1)) return null;
    const paper = continued(least(spread(small, STROKE), STROKE), within);
    const { width, height } = light;
    const result = light.data.slice();
    for (let y = 0, i = 0; y < height; y++) {
      const row = Math.floor(y / factor) * small.width;
      for (let x = 0; x < width; x++, i++) {
        const at = row + Math.floor(x / factor);
        if (!within[at]) result[i] = paper[at];
      }
    }
    return { width, height, data: result };
  }

  /** How light a pixel is, and how little of a colour; of a grey one, its brightness. Light wood
   * is nearly as bright as paper, but not as white.
   * @param {Grey} red @param {Grey} green @param {Grey} blue @returns {Grey}
   */
  function whiteness(red, green, blue) {
    const data = red.data.map((value, i) => {
      const least = Math.min(value, green.data[i], blue.data[i]);
      return least * (least / Math.max(value, green.data[i], blue.data[i], DARKEST));
    });
    return { ...red, data };
  }

  /** All that may be a sheet: what is lighter than one limit or another.
   * @param {Grey} small @returns {Sheet[]}
   */
  function sheetsOf(small) {
    const data = small.data.map((value) => Math.log(Math.max(value, DARKEST)));
    const sorted = data.slice().sort();
    return Array.from({ length: LEVELS }, (_, i) => {
      const limit = sorted[Math.floor((sorted.length * (2 * i + 1)) / (2 * LEVELS))];
      const mask = { ...small, data: data.map((value) => +(value > limit)) };
      return sheetOf({ ...small, data }, mask);
    }).filter((sheet) => sheet !== null);
  }

  /** The largest piece of the mask, if it has the form of a sheet.
   * @param {Grey} light @param {Grey} mask @returns {Sheet | null}
   */
  function sheetOf(light, mask) {
    const part = largestPiece(mask);
    if (count(part) < LEAST_SHEET * part.length) return null;
    if (!least({ ...mask, data: part }, BLANK).data.includes(1)) return null;
    const { beyond, side } = outsideHull({ ...mask, data: part });
    const around = Float32Array.from(beyond, (distance) => +(distance > 1));
    if (count(around) < LEAST_AROUND * around.length) return null;
    if (count(part) < SOLID * inHull(beyond)) return null;
    const hull = outsideHull({ ...mask, data: around });
    if (count(around) > CONVEX * inHull(hull.beyond)) return null;
    // not the table: paper around a thick ring's inside
    const paper = quantile(light.data.filter((_, i) => part[i]), 0.5);
    if (quantile(light.data.filter((_, i) => around[i]), 1 - SHARE) > paper - STEP / 2) return null;
    return { beyond, step: stepOf(light.data, beyond, side) };
  }

  /** @param {Float32Array} mask */
  const count = (mask) => mask.reduce((sum, value) => sum + value, 0);

  /** @param {Float64Array} beyond */
  const inHull = (beyond) => beyond.reduce((sum, distance) => sum + +(distance <= 0), 0);

  /** Without what hangs on it by narrow bridges only. @param {Grey} mask @returns {Float32Array} */
  function largestPiece(mask) {
    const opened = spread(least(padded(mask, BRIDGE), BRIDGE), BRIDGE);
    const data = new Float32Array(mask.data.length);
    for (let y = 0; y < mask.height; y++) {
      const from = (y + BRIDGE) * opened.width + BRIDGE;
      data.set(opened.data.subarray(from, from + mask.width), y * mask.width);
    }
    const { labels, count: pieces } = connected({ ...mask, data }, 0.5);
    const sizes = new Uint32Array(pieces + 1);
    for (const label of labels) if (label) sizes[label]++;
    const largest = sizes.indexOf(Math.max(...sizes.subarray(1)), 1);
    return Float32Array.from(labels, (label) => +(label > 0 && label === largest));
  }

  /** The smallest of each square of neighbours; 1 is outside.
   * @param {Grey} grey @param {number} radius @returns {Grey}
   */
  function least(grey, radius) {
    const wide = spread({ ...grey, data: grey.data.map((value) => 1 - value) }, radius);
    return { ...wide, data: wide.data.map((value) => 1 - value) };
  }

  /** How far each pixel lies outside the mask's convex hull, and beyond which of its sides.
   * @param {Grey} mask @returns {{beyond: Float64Array, side: Uint16Array}}
   */
  function outsideHull(mask) {
    const corners = hullOf(mask);
    const beyond = new Float64Array(mask.data.length).fill(-Infinity);
    const side = new Uint16Array(mask.data.length);
    corners.forEach((one, number) => {
      const other = corners[(number + 1) % corners.length];
      const [right, down] = [other[0] - one[0], other[1] - one[1]];
      const length = Math.sqrt(Math.max(right * right + down * down, 1));
      for (let y = 0, i = 0; y < mask.height; y++) {
        for (let x = 0; x < mask.width; x++, i++) {
          const distance = ((x - one[0]) * down - (y - one[1]) * right) / length;
          if (distance > beyond[i]) [beyond[i], side[i]] = [distance, number];
        }
      }
    });
    return { beyond, side };
  }

  /** The corners of the convex hull (Andrew 1979). @param {Grey} mask @returns {Corner[]} */
  function hullOf({ width, height, data }) {
    /** @type {Corner[]} */
    const points = [];
    for (let y = 0; y < height; y++) {
      const row = data.subarray(y * width, (y + 1) * width);
      const [first, last] = [row.indexOf(1), row.lastIndexOf(1)];
      if (first >= 0) points.push([first, y]);
      if (last > first) points.push([last, y]);
    }
    points.sort((one, other) => one[0] - other[0] || one[1] - other[1]);
    return [...halfHull(points), ...halfHull(points.reverse())];
  }

  /** @param {Corner[]} points @returns {Corner[]} */
  function halfHull(points) {
    /** @type {Corner[]} */
    const chain = [];
    for (const point of points) {
      while (chain.length > 1 && turn(chain.at(-2), chain.at(-1), point) <= 0) chain.pop();
      chain.push(point);
    }
    return chain.slice(0, -1);
  }

  /** @param {Corner} one @param {Corner} other @param {Corner} third */
  const turn = (one, other, third) =>
    (other[0] - one[0]) * (third[1] - one[1]) - (other[1] - one[1]) * (third[0] - one[0]);

  /** How much lighter it is within the outline than without, but for its weakest sides.
   * @param {Float32Array} light @param {Float64Array} beyond @param {Uint16Array} side
   */
  function stepOf(light, beyond, side) {
    const sides = Array.from({ length: Math.max(...side) + 1 }, () => [[], []]);
    beyond.forEach((distance, i) => {
      if (Math.abs(distance) > MARGIN + 1) return;
      if (distance <= -1) sides[side[i]][0].push(light[i]);
      if (distance > 1) sides[side[i]][1].push(light[i]);
    });
    const steps = sides
      .filter(([inner, outer]) => inner.length && outer.length)
      .map(([inner, outer]) => [median(inner) - median(outer), outer.length])
      .sort((one, other) => one[0] - other[0]);
    let left = SHARE * steps.reduce((sum, [, length]) => sum + length, 0);
    for (const [step, length] of steps) {
      left -= length;
      if (left <= 0) return step;
    }
    return 0;
  }

  /** @param {number[]} values */
  const median = (values) => quantile(Float32Array.from(values), 0.5);

  /** Each pixel outside has the value of the nearest one within: that knows no step.
   * @param {Grey} values @param {Uint8Array} within @returns {Float32Array}
   */
  function continued({ width, height, data }, within) {
    const inner = least({ width, height, data: Float32Array.from(within) }, 1).data;
    /** @type {Corner[]} */
    const edge = [];
    within.forEach((inside, i) => {
      if (inside && !inner[i]) edge.push([i % width, Math.floor(i / width)]);
    });
    return data.map((value, i) => {
      if (within[i]) return value;
      const [x, y] = [i % width, Math.floor(i / width)];
      let [best, at] = [Infinity, 0];
      for (const [column, row] of edge) {
        const distance = (row - y) ** 2 + (column - x) ** 2;
        if (distance < best) [best, at] = [distance, row * width + column];
      }
      return data[at];
    });
  }

  Object.assign(Stylespace, { whiteness, withoutSurroundings });
})();
