"use strict";
/**
 * Digits that touch each other, cut apart: where `stylespace.data.touching` cuts in Python, and
 * as `stylespace.studio.hand` chooses.
 */
(() => {
  const Stylespace = (globalThis.Stylespace ??= {});
  const { PictureError, bounds, cut, pooled, prepareInk, readSample } = Stylespace;

  const MAP_HEIGHT = 64; // of the map on which a cut is sought
  const WIDTHS = [0.2, 0.35, 0.5, 0.65, 0.8, 0.95, 1.1]; // that the left digit may have, in heights
  const SLANTS = [0, 0.35]; // of the line that a cut keeps to, in columns a row
  const NARROWEST = 0.1; // that the right digit may be, in heights
  const LOWEST = 0.55; // of the whole height, that each may be
  const PULL = 1.5; // in full ink, of a pixel of the way that is a whole height off
  const WIDE = 1.1; // heights: so wide a digit may be two that touch each other
  const NARROW = 0.95; // heights: so narrow a piece is one digit, whatever it looks like
  const BETTER = 0.8; // of the whole's error, that the parts of what is in no doubt may have
  const ONE_MORE = 0.05; // of unlikeness, that one cut more has to spare
  const [MOST_TOUCHING, MOST_TRIED] = [4, 3];

  /** @typedef {import("./grey").Grey} Grey */
  /** @typedef {import("./prepare").Box} Box */
  /** @typedef {{sample: import("./hand").Sample, box: Box}} Part box in the ink's pixels */
  /** @typedef {{ink: Grey, box: Box}} Half and its place, in the pixels of what is cut */

  /** The digits that a piece of ink is made of, if it looks rather like several.
   * @param {import("./hand").Sample} whole @param {Grey} ink
   * @param {{parts: number}} budget that may still be read of the picture: a page of cursive
   *   writing would take for ever
   * @returns {Part[] | null}
   */
  function touching(whole, ink, budget) {
    if (!mayBeSeveral(whole, ink)) return null;
    const parts = apart({ ink, box: wholeBox(ink) }, MOST_TOUCHING, budget);
    return parts && (whole.doubt || worst(parts) <= BETTER * whole.error) ? parts : null;
  }

  /** Ink cut into digits of which none is in doubt, if that can be.
   * @param {Half} piece @param {number} most parts @param {{parts: number}} budget
   * @returns {Part[] | null}
   */
  function apart({ ink, box }, most, budget) {
    const [ways, open] = [[], []];
    for (const [first, rest] of cuts(ink, box)) {
      if (budget.parts <= 0) break;
      budget.parts -= 2;
      const one = partOf(first);
      if (!one || one.sample.doubt) continue;
      const two = partOf(rest);
      if (two && !two.sample.doubt) ways.push([one, two]);
      if (most > 2 && (!two || mayBeSeveral(two.sample, rest.ink))) open.push({ one, rest });
    }
    open.sort((a, b) => unlikeness(a.one) - unlikeness(b.one));
    for (const { one, rest } of open.slice(0, MOST_TRIED)) {
      const others = apart(rest, most - 1, budget);
      if (others) ways.push([one, ...others]);
    }
    return ways.reduce((best, way) => (best && cost(best) <= cost(way) ? best : way), null);
  }

  /** Whether it is as wide as digits that touch each other, and no wider.
   * @param {import("./hand").Sample} whole @param {Grey} ink
   */
  function mayBeSeveral(whole, ink) {
    const box = bounds(ink);
    if (!box) return false;
    const heights = (box.right - box.left) / (box.bottom - box.top);
    return heights > (whole.doubt ? NARROW : WIDE) && heights <= MOST_TOUCHING * WIDE;
  }

  /** The share of the ink that is not drawn again, and of the reader's doubt a half.
   * @param {Part} part
   */
  function unlikeness({ sample: { image, shares, error } }) {
    const ink = image.reduce((sum, x) => sum + x * x, 0) / image.length;
    return error / ink + (1 - Math.max(...shares)) / 2;
  }

  /** @param {Part[]} parts */
  const cost = (parts) =>
    parts.reduce((sum, part) => sum + unlikeness(part), 0) / parts.length +
    ONE_MORE * parts.length;

  /** @param {Part[]} parts */
  const worst = (parts) => Math.max(...parts.map(({ sample }) => sample.error));

  /** @param {Half} half @returns {Part | null} */
  function partOf({ ink, box }) {
    try {
      return { sample: readSample(prepareInk(ink)), box };
    } catch (error) {
      if (error instanceof PictureError) return null;
      throw error;
    }
  }

  /** @param {Grey} ink @returns {Box} */
  const wholeBox = ({ width, height }) => ({ top: 0, bottom: height, left: 0, right: width });

  /** @param {Box} within of a box's pixels @param {Box} box @returns {Box} */
  const placed = (within, box) => ({
    top: box.top + within.top,
    bottom: box.top + within.bottom,
    left: box.left + within.left,
    right: box.left + within.right,
  });

  /**
   * The first digit and what is right of it, in some ways: each cut goes from top to bottom
   * through as little ink as may be, near a place of its own.
   * @param {Grey} ink of one piece @param {Box} place of the ink
   * @returns {Generator<[Half, Half]>} each as large as what is on it
   */
  function* cuts(ink, place) {
    const box = bounds(ink);
    if (!box) return;
    const own = cut(ink, box);
    const factor = Math.ceil(own.height / MAP_HEIGHT);
    const small = pooled(own, factor);
    const tried = new Set();
    for (const [share, slant] of WIDTHS.flatMap((share) => SLANTS.map((slant) => [share, slant]))) {
      if (share * small.height > small.width - NARROWEST * small.height) break;
      const seam = seamOf(small, share * small.height, slant);
      if (tried.has(String(seam))) continue;
      tried.add(String(seam));
      const [first, rest] = parted(own, (row) => seam[Math.floor(row / factor)] * factor).map(
        (half) => high(half, own.height, placed(box, place)),
      );
      if (first && rest) yield [first, rest];
    }
  }

  /** @param {Grey} ink @param {(row: number) => number} end of the left part @returns {Grey[]} */
  function parted(ink, end) {
    const halves = [0, 1].map(() => ({ ...ink, data: new Float32Array(ink.data.length) }));
    for (let y = 0, i = 0; y < ink.height; y++) {
      const start = end(y);
      for (let x = 0; x < ink.width; x++, i++) halves[x < start ? 0 : 1].data[i] = ink.data[i];
    }
    return halves;
  }

  /** It without what is empty around it, if it is high enough for a digit.
   * @param {Grey} ink @param {number} height @param {Box} place @returns {Half | null}
   */
  function high(ink, height, place) {
    const box = bounds(ink);
    if (!box || box.bottom - box.top < LOWEST * height) return null;
    return { ink: cut(ink, box), box: placed(box, place) };
  }

  /** A column for each row, at most one farther than in the row above.
   * @param {Grey} ink @param {number} middle @param {number} slant
   */
  function seamOf({ width, height, data }, middle, slant) {
    const cost = (x, y) => {
      const line = middle + slant * (height / 2 - y);
      return data[y * width + x] + (PULL * Math.abs(x - line)) / height;
    };
    let total = Array.from({ length: width }, (_, x) => cost(x, 0));
    const steps = new Int8Array(width * height);
    for (let y = 1; y < height; y++) {
      total = total.map((straight, x) => {
        let [step, least] = [0, straight];
        if (x > 0 && total[x - 1] < least) [step, least] = [-1, total[x - 1]];
        if (x + 1 < width && total[x + 1] < least) [step, least] = [1, total[x + 1]];
        steps[y * width + x] = step;
        return least + cost(x, y);
      });
    }
    const seam = new Int32Array(height);
    seam[height - 1] = total.indexOf(Math.min(...total));
    for (let y = height - 1; y > 0; y--) seam[y - 1] = seam[y] + steps[y * width + seam[y]];
    return seam;
  }

  Object.assign(Stylespace, { WIDE, touching });
})();
