"use strict";
/**
 * From a picture to its ink: how much of each pixel is ink, 0 to 1, whatever the light, the paper
 * and the pen. What `stylespace.data.ink` does in Python, step by step; a test holds both
 * against each other.
 */
(() => {
  const Stylespace = (globalThis.Stylespace ??= {});
  const {
    bestInWindow,
    otsu,
    quantile,
    roundEven,
    shrunk,
    solve,
    whiteness,
    withoutSurroundings,
  } = Stylespace;

  const WORKING_SIDE = 512;
  const GROUND_WINDOW = 0.2; // of a photograph's longer side; no stroke on it is as thick
  const ONE_SHADE = 0.3; // of a drawing's pixels have the shade of its ground
  const [EXACTLY, NEARLY] = [0.25 / 255, 1.5 / 255]; // to the bit; smoothed, or packed
  const LEAST_CONTRAST = 0.1; // between ink and ground, in shares of the ground's brightness
  const SOFT = 0.3; // of the way from ground to ink is not counted on a photograph
  const OPAQUE = 0.99; // of what lies behind is hidden, at least, where nothing is transparent
  const RAREST = 0.0005; // of a picture's pixels are ink, where a digit stands alone on a sheet
  const LEAST_DISTANCE = 4; // between ink and ground, in standard deviations of the ground

  /** What a person can mend: the text says how. */
  class PictureError extends Error {}

  /** @typedef {import("./grey").Grey} Grey */

  /**
   * How much of each pixel is ink.
   * @param {{width: number, height: number, data: Uint8ClampedArray}} picture RGBA, any size
   * @param {number} [side] pixels of the result's longer side, at most
   * @param {boolean} [onTable] whether it may show a table around the sheet
   * @returns {Grey}
   */
  function findInk(picture, side = WORKING_SIDE, onTable = false) {
    const { grey, white } = lightAndColour(picture, side);
    try {
      return inkOf(grey, white, onTable, LEAST_CONTRAST);
    } catch (error) {
      if (!white || !(error instanceof PictureError)) throw error;
      // a pale colour may be as bright as paper; whiteness lacks it twice, and so does its grain
      return inkOf(white, grey, onTable, 2 * LEAST_CONTRAST);
    }
  }

  /** By one map of light, a sheet on a table by the other one as well.
   * @param {Grey} grey @param {Grey | null} other @param {boolean} onTable
   * @param {number} contrast at least @returns {Grey}
   */
  function inkOf(grey, other, onTable, contrast) {
    const { light, shade } = groundAndInk(grey, other, onTable);
    const ground = shade === null ? lightGround(light) : null;
    const data = light.data.map(
      (value, i) => 1 - value / Math.max(ground ? ground.data[i] : shade, 0.1),
    );
    const [low, high] = levels(data, shade === null, contrast);
    for (let i = 0; i < data.length; i++) {
      data[i] = Math.min(1, Math.max(0, (data[i] - low) / (high - low)));
    }
    return { ...light, data };
  }

  /** Where ink begins and where it is full.
   * @param {Float32Array} dark @param {boolean} photograph @param {number} contrast
   * @returns {[number, number]}
   */
  function levels(dark, photograph, contrast) {
    const limit = otsu(dark);
    const paper = dark.filter((value) => value <= limit);
    const ink = dark.filter((value) => value > limit);
    if (!ink.length || !paper.length || mean(ink) - mean(paper) < contrast) {
      throw new PictureError("There is no ink on it.");
    }
    const level = quantile(paper, 0.5);
    const high = quantile(ink, 0.75);
    // its lighter half tells the paper's grain: the darkest pixels are the ink's grey edges
    if (mean(ink) - level < LEAST_DISTANCE * (level - quantile(paper, 0.16))) {
      throw new PictureError("No ink stands out from the paper.");
    }
    if (!photograph) return [level, high];
    // what is left of shadows is cut off with the grain
    return [level + SOFT * (high - level), high - (SOFT / 2) * (high - level)];
  }

  /** @param {Float32Array} values */
  function mean(values) {
    let sum = 0;
    for (const value of values) sum += value;
    return sum / values.length;
  }

  /** Brightness and whiteness, 0..1, at most `side` long; no whiteness with transparent parts.
   * @param {{width: number, height: number, data: Uint8ClampedArray}} picture
   * @param {number} side @returns {{grey: Grey, white: Grey | null}}
   */
  function lightAndColour({ width, height, data }, side) {
    const factor = Math.ceil(Math.max(width, height) / side);
    /** @param {number} number of red, green, blue or alpha */
    const band = (number) => {
      const values = new Float32Array(width * height);
      for (let i = 0, at = number; i < values.length; i++, at += 4) values[i] = data[at] / 255;
      return shrunk({ width, height, data: values }, factor);
    };
    const values = new Float32Array(width * height);
    for (let i = 0, at = 0; i < values.length; i++, at += 4) {
      const sum = data[at] * 19595 + data[at + 1] * 38470 + data[at + 2] * 7471 + 0x8000;
      values[i] = (sum >> 16) / 255;
    }
    const grey = shrunk({ width, height, data: values }, factor);
    const alpha = band(3).data;
    if (alpha.every((share) => share > OPAQUE)) {
      return { grey, white: whiteness(band(0), band(1), band(2)) };
    }
    layOnPaper(grey.data, alpha);
    return { grey, white: null };
  }

  /** Light ground and dark ink, 0..1, and the ground's one shade; a photograph has none.
   * @param {Grey} grey @param {Grey | null} other @param {boolean} onTable
   * @returns {{light: Grey, shade: number | null}}
   */
  function groundAndInk(grey, other, onTable) {
    let [light, shade] = [grey, oneShade(grey)];
    // a table may be of one shade, nearly
    if (onTable && (shade === null || !has(shade, grey, EXACTLY))) {
      const sheet = withoutSurroundings(grey, other);
      if (sheet) [light, shade] = [sheet, null];
    }
    if (!isLightOnDark(light, shade)) return { light, shade };
    const data = light.data.map((value) => 1 - value);
    return { light: { ...light, data }, shade: shade === null ? null : 1 - shade };
  }

  /** Lay a picture with transparent parts on paper that its ink shows on; in place.
   * @param {Float32Array} grey @param {Float32Array} alpha
   */
  function layOnPaper(grey, alpha) {
    let [ink, weight] = [0, 0];
    for (let i = 0; i < grey.length; i++) {
      ink += grey[i] * alpha[i];
      weight += alpha[i];
    }
    const paper = ink / Math.max(weight, 1e-6) < 0.5 ? 1 : 0;
    for (let i = 0; i < grey.length; i++) grey[i] = grey[i] * alpha[i] + paper * (1 - alpha[i]);
  }

  /** @param {Grey} grey */
  function border({ width, height, data }) {
    const left = Array.from({ length: height }, (_, y) => data[y * width]);
    const right = Array.from({ length: height }, (_, y) => data[y * width + width - 1]);
    return Float32Array.from([...data.slice(0, width), ...data.slice(-width), ...left, ...right]);
  }

  /** The ground's brightness in a drawing, where it is the same everywhere; else null.
   * @param {Grey} grey
   */
  function oneShade(grey) {
    const counts = new Uint32Array(256);
    for (const value of border(grey)) counts[Math.max(0, roundEven(value * 255))]++;
    const shade = counts.indexOf(Math.max(...counts)) / 255;
    return has(shade, grey, NEARLY) ? shade : null;
  }

  /** Whether so many pixels are of that shade that it is the ground's, as it was drawn.
   * @param {number} shade @param {Grey} grey @param {number} within
   */
  function has(shade, { data }, within) {
    let same = 0;
    for (const value of data) if (Math.abs(value - shade) < within) same++;
    return same / data.length > ONE_SHADE;
  }

  /** Whether the lightest pixels are farther from the ground; a photograph's border shows it.
   * @param {Grey} grey @param {number | null} ground
   */
  function isLightOnDark(grey, ground) {
    let values = grey.data;
    if (ground === null) {
      // in logarithms light is a term that can be taken away
      values = values.map((value) => Math.log(Math.max(value, 0.05)));
      const light = fittedLight({ ...grey, data: values });
      values = values.map((value, i) => value - light[i]);
      ground = quantile(border({ ...grey, data: values }), 0.5);
    }
    return quantile(values, 1 - RAREST) - ground > ground - quantile(values, RAREST);
  }

  /** @param {number} x @param {number} y */
  const surfaceTerms = (x, y) => [1, x, y, x * x, x * y, y * y];

  /** From -1 to 1. @param {number} i @param {number} length */
  const place = (i, length) => (length > 1 ? (2 * i) / (length - 1) - 1 : -1);

  /** The quadratic surface nearest to the values, by the sum of absolute differences.
   * @param {Grey} grey @returns {Float32Array}
   */
  function fittedLight({ width, height, data }) {
    const every = Math.max(1, Math.floor(Math.max(width, height) / 64));
    const samples = [];
    for (let y = 0; y < height; y += every) {
      for (let x = 0; x < width; x += every) {
        const terms = surfaceTerms(place(x, width), place(y, height));
        samples.push({ terms, value: data[y * width + x] });
      }
    }
    let factors = [0, 0, 0, 0, 0, 0];
    for (let round = 0; round < 10; round++) factors = reweighted(samples, factors, round);
    const rows = Array.from({ length: height }, (_, y) => place(y, height));
    const columns = Array.from({ length: width }, (_, x) => place(x, width));
    return data.map((_, i) => {
      const terms = surfaceTerms(columns[i % width], rows[Math.floor(i / width)]);
      return product(terms, factors);
    });
  }

  /** @param {number[]} one @param {number[]} other */
  const product = (one, other) => one.reduce((sum, value, i) => sum + value * other[i], 0);

  /** One round of reweighted least squares.
   * @param {{terms: number[], value: number}[]} samples @param {number[]} factors
   * @param {number} round
   */
  function reweighted(samples, factors, round) {
    const matrix = Array.from({ length: 6 }, () => new Array(6).fill(0));
    for (let i = 0; i < 6; i++) matrix[i][i] = 1e-9; // a picture of one row has no terms in y
    const right = [0, 0, 0, 0, 0, 0];
    for (const { terms, value } of samples) {
      const off = Math.abs(value - product(terms, factors));
      const weight = round === 0 ? 1 : 1 / Math.max(off, 0.01);
      for (let i = 0; i < 6; i++) {
        right[i] += weight * terms[i] * value;
        for (let j = 0; j < 6; j++) matrix[i][j] += weight * terms[i] * terms[j];
      }
    }
    return solve(matrix, right);
  }

  /**
   * The brightness that the ground of a photograph has, or would have where ink lies on it: a
   * morphological closing. Structures thinner than its window vanish, shades and the edges of
   * shadows stay.
   * @param {Grey} grey
   */
  function lightGround(grey) {
    const longer = Math.max(grey.width, grey.height);
    const radius = Math.max(1, Math.floor(Math.floor(GROUND_WINDOW * longer) / 2));
    let wide = continued(withoutGrain(grey), 2 * radius);
    for (const largest of [true, false]) {
      wide = bestInWindow(wide, 2 * radius + 1, "y", largest);
      wide = bestInWindow(wide, 2 * radius + 1, "x", largest);
    }
    return wide;
  }

  /** The median of each five by five pixels, in 256 steps. @param {Grey} grey @returns {Grey} */
  function withoutGrain({ width, height, data }) {
    const bytes = new Uint8Array(data.map((value) => roundEven(value * 255)));
    const result = new Float32Array(data.length);
    const counts = new Uint8Array(256);
    /** @param {number} x @param {number} y @param {number} change */
    const column = (x, y, change) => {
      const from = Math.min(width - 1, Math.max(0, x));
      for (let down = -2; down <= 2; down++) {
        counts[bytes[Math.min(height - 1, Math.max(0, y + down)) * width + from]] += change;
      }
    };
    for (let y = 0; y < height; y++) {
      counts.fill(0);
      for (let x = -3; x < 2; x++) column(x, y, 1);
      for (let x = 0; x < width; x++) {
        column(x + 2, y, 1);
        column(x - 3, y, -1);
        let [below, level] = [counts[0], 0];
        while (below < 13) below += counts[++level];
        result[y * width + x] = level / 255;
      }
    }
    return { width, height, data: result };
  }

  /** Continued beyond its edges as it rises or falls there, so that a shade keeps its slope.
   * @param {Grey} grey @param {number} margin @returns {Grey}
   */
  function continued(grey, margin) {
    const tall = continuedDown(grey, margin);
    const result = turned(continuedDown(turned(tall), margin));
    for (let i = 0; i < result.data.length; i++) {
      result.data[i] = Math.min(1, Math.max(0, result.data[i]));
    }
    return result;
  }

  /** @param {Grey} grey @returns {Grey} rows and columns changed for each other */
  function turned({ width, height, data }) {
    const result = new Float32Array(data.length);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) result[x * height + y] = data[y * width + x];
    }
    return { width: height, height: width, data: result };
  }

  /** @param {Grey} grey @param {number} margin @returns {Grey} */
  function continuedDown({ width, height, data }, margin) {
    const last = height - 1;
    const result = new Float32Array(width * (height + 2 * margin));
    /** @type {(x: number, y: number) => number} */
    const at = (x, y) => {
      if (height === 1) return data[x];
      if (y < 0) return 2 * data[x] - at(x, -y);
      if (y > last) return 2 * data[last * width + x] - at(x, 2 * last - y);
      return data[y * width + x];
    };
    for (let y = 0; y < height + 2 * margin; y++) {
      for (let x = 0; x < width; x++) result[y * width + x] = at(x, y - margin);
    }
    return { width, height: height + 2 * margin, data: result };
  }

  Object.assign(Stylespace, { PictureError, WORKING_SIDE, findInk });
})();
