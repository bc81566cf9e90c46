"use strict";
/** A text of digits in one hand: small natural variation, spacing by the ink, plain marks. */
(() => {
  const Stylespace = (globalThis.Stylespace ??= {});
  const { PIXELS, SIDE, normalNumbers, randomNumbers, studio, withinReach } = Stylespace;

  const WANDER = 0.55; // standard deviation of the style at full variation
  const SWAY = 0.8; // the same of the height above the line, in pixels
  const GAP = 2.5; // pixels between digits
  const WORD = 11; // pixels of a space
  const INK = 0.15; // less does not count for the spacing

  /** Strokes of the marks that a date, a time or an amount needs, in pixels of 28x28. */
  const MARKS = {
    "-": [[10, 14.5, 17, 14]],
    "–": [[8, 14.5, 19, 14]],
    "+": [
      [9, 14.5, 19, 14.5],
      [14, 9.5, 14, 19.5],
    ],
    "=": [
      [9, 12, 18, 12],
      [9, 17, 18, 17],
    ],
    ".": [[14, 23, 14.1, 23]],
    ",": [[14.5, 21.5, 13, 24.5]], // so that the thickest still ends within the image
    ":": [
      [14, 11, 14.1, 11],
      [14, 20, 14.1, 20],
    ],
    "/": [[17.5, 4.5, 10.5, 24]],
  };

  /** @typedef {import("./grey").Grey} Grey */
  /**
   * @typedef {{kind: "digit", digit: number} | {kind: "mark", mark: string} | {kind: "space"}}
   *   Sign
   */

  /**
   * What a text is made of, and the characters that cannot be written.
   * @param {string} text @returns {{signs: Sign[], odd: string[]}}
   */
  function parseText(text) {
    const names = studio.info.class_names;
    /** @type {Sign[]} */
    const signs = [];
    const odd = new Set();
    for (const character of text) {
      const digit = names.indexOf(character);
      if (digit >= 0) signs.push({ kind: "digit", digit });
      else if (character.trim() === "") signs.push({ kind: "space" });
      else if (MARKS[character]) signs.push({ kind: "mark", mark: character });
      else odd.add(character);
    }
    return { signs, odd: [...odd] };
  }

  /** A style near another. @param {Float32Array} style @param {number} spread */
  function nearby(style, spread, normal) {
    if (spread === 0) return style; // exactly this hand, wherever it lies
    const near = style.map((x) => x + WANDER * spread * normal());
    return withinReach(near, Math.hypot(...style));
  }

  /**
   * Write a text.
   * @param {Sign[]} signs @param {Float32Array} style @param {number} vary 0..1
   * @param {number} take a seed: the same, the same writing
   * @param {number} [widest] pixels of a line, at most; then a new line begins
   * @returns {Grey | null} null where there is nothing to write
   */
  function writeText(signs, style, vary, take, widest = Infinity) {
    const digits = signs.filter(({ kind }) => kind === "digit");
    if (!digits.length && !signs.some(({ kind }) => kind === "mark")) return null;
    const normal = normalNumbers(randomNumbers(take));
    const images = drawVaried(
      digits.map(({ digit }) => digit),
      style,
      vary,
      normal,
    );
    const pen = penOf(style);
    const placed = [];
    let next = 0;
    for (const sign of signs) {
      if (sign.kind === "space") {
        placed.push({ width: WORD, breaks: true });
        continue;
      }
      const image = sign.kind === "digit" ? images[next++] : drawMark(sign.mark, pen);
      const [left, right] = inkEnds(image);
      const up = SWAY * vary * normal();
      placed.push({ image, left, width: right - left + GAP, up, breaks: sign.kind === "mark" });
    }
    return laidOut(broken(placed, widest));
  }

  /** @param {number[]} digits @param {Float32Array} style @returns {Float32Array[]} */
  function drawVaried(digits, style, vary, normal) {
    const size = style.length;
    const styles = new Float32Array(digits.length * size);
    digits.forEach((_, i) => styles.set(nearby(style, vary, normal), i * size));
    const images = studio.model.decode(styles, digits);
    return digits.map((_, i) => images.subarray(i * PIXELS, (i + 1) * PIXELS));
  }

  /** Into lines, after a space or a mark where there is one. */
  function broken(placed, widest) {
    const lines = [];
    let line = [];
    for (const one of placed) {
      if (line.length && widthOf(line) + one.width > widest) {
        const last = line.findLastIndex(({ breaks }) => breaks);
        const rest = last > 0 ? line.splice(last + 1) : [];
        lines.push(line);
        line = rest;
      }
      if (one.image || line.length) line.push(one);
    }
    return [...lines, line].filter((one) => one.length);
  }

  const widthOf = (line) => line.reduce((sum, { width }) => sum + width, 0);

  /** @returns {Grey} */
  function laidOut(lines) {
    const width = Math.ceil(Math.max(...lines.map(widthOf)) + 2 * GAP);
    const height = lines.length * SIDE;
    const data = new Float32Array(width * height);
    lines.forEach((line, index) => {
      let x = GAP;
      for (const { image, left, width: advance, up } of line) {
        if (image)
          lay(data, width, height, image, Math.round(x - left), index * SIDE + Math.round(up));
        x += advance;
      }
    });
    return { width, height, data };
  }

  /** @type {(data: Float32Array, width: number, height: number, image: Float32Array, left: number,
   *   top: number) => void} */
  function lay(data, width, height, image, left, top) {
    for (let i = 0; i < PIXELS; i++) {
      const [x, y] = [left + (i % SIDE), top + Math.floor(i / SIDE)];
      if (x < 0 || x >= width || y < 0 || y >= height) continue;
      data[y * width + x] = Math.max(data[y * width + x], image[i]);
    }
  }

  /** Columns where an image's ink begins and ends.
   * @param {Float32Array} image @returns {[number, number]}
   */
  function inkEnds(image) {
    let [left, right] = [SIDE, 0];
    image.forEach((value, i) => {
      if (value < INK) return;
      left = Math.min(left, i % SIDE);
      right = Math.max(right, (i % SIDE) + 1);
    });
    return right > left ? [left, right] : [8, 20];
  }

  /** The width and the slant of a hand's lines, taken from its 1.
   * @param {Float32Array} style @returns {{line: number, slant: number}}
   */
  function penOf(style) {
    const one = Math.max(0, studio.info.class_names.indexOf("1"));
    const image = studio.model.decode(style, [one]);
    let [mass, sumX, sumY] = [0, 0, 0];
    image.forEach((value, i) => {
      mass += value;
      sumX += value * (i % SIDE);
      sumY += value * Math.floor(i / SIDE);
    });
    let [across, down] = [0, 0];
    image.forEach((value, i) => {
      const y = Math.floor(i / SIDE) - sumY / mass;
      across += value * ((i % SIDE) - sumX / mass) * y;
      down += value * y * y;
    });
    const slant = down ? Math.max(-0.8, Math.min(0.8, -across / down)) : 0;
    // the 1 is a line of about 20 pixels
    return { line: Math.min(5, Math.max(1.6, mass / 20 / Math.hypot(1, slant))), slant };
  }

  /** @param {string} mark @param {{line: number, slant: number}} pen @returns {Float32Array} */
  function drawMark(mark, { line, slant }) {
    const image = new Float32Array(PIXELS);
    for (const [x0, y0, x1, y1] of MARKS[mark]) {
      const [fromX, toX] = [x0 + slant * (14 - y0), x1 + slant * (14 - y1)];
      const [dx, dy] = [toX - fromX, y1 - y0];
      for (let i = 0; i < PIXELS; i++) {
        const [x, y] = [(i % SIDE) + 0.5 - fromX, Math.floor(i / SIDE) + 0.5 - y0];
        const along = Math.min(1, Math.max(0, (x * dx + y * dy) / (dx * dx + dy * dy)));
        const far = Math.hypot(x - along * dx, y - along * dy);
        image[i] = Math.max(image[i], Math.min(1, Math.max(0, line / 2 + 0.5 - far)));
      }
    }
    return image;
  }

  Object.assign(Stylespace, { nearby, parseText, writeText });
})();
