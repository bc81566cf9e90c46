"use strict";
/** Finds the digits on a photograph: pieces of ink, put together where they belong together. */
(() => {
  const Stylespace = (globalThis.Stylespace ??= {});
  const {
    PIECE,
    PictureError,
    bounds,
    connected,
    cut,
    findInk,
    pooled,
    prepareInk,
  } = Stylespace;

  const SEARCH_SIDE = 1024;
  const MAP_SIDE = 512; // of the map on which pieces are found
  const MOST = 60; // digits on a photograph
  const SMALL = 0.3; // of a usual digit's height: no digit of its own
  const NEAR = 0.2; // of a digit's height, between the parts of one
  const SPANS = 0.9; // of the sheet's side: as long are its edges and the lines on ruled paper
  const [LEAST_TILT, MOST_TILT] = [0.05, 0.5]; // how far a line falls or rises a column of pixels
  const [ALIKE, AGREED] = [0.2, 0.6]; // steps so near their median count as alike; so many must be
  const RULE = 0.006; // of the map's longer side; no pen that fills a sheet with a digit is as thin
  const RULED = 0.2; // of a piece's columns have nothing thicker, where it hangs on rules

  /** @typedef {import("./prepare").Box} Box */
  /** @typedef {Box & {labels: number[], weight: number}} Piece */
  /**
   * A digit on a picture.
   * @typedef {object} Found
   * @property {Float32Array} image in the form of MNIST's
   * @property {Box} box in shares of the picture's sides
   * @property {import("./grey").Grey} ink it alone
   * @property {(box: Box) => Box} place from the pixels of `ink` to shares of the picture's sides
   */

  /**
   * Each digit's place and image, in reading order.
   * @param {ImageData} picture
   * @returns {Found[]}
   * @throws {PictureError} there is no ink on it, too many pieces of it, or lines that run
   *   through the digits
   */
  function findDigits(picture) {
    const ink = findInk(picture, SEARCH_SIDE, true);
    const factor = Math.max(1, Math.round(Math.max(ink.width, ink.height) / MAP_SIDE));
    const small = pooled(ink, factor);
    const { labels } = connected(small, PIECE);
    const every = piecesOf(small, labels);
    const pieces = joined(likely(every, small));
    if (pieces.length > MOST) {
      const many = `There are more than ${MOST} pieces of ink on it`;
      throw new PictureError(`${many}; cut the digits out of it first.`);
    }
    const found = inReadingOrder(pieces).map((piece) => {
      const { part, place } = alone(piece, ink, small, labels, factor);
      return { box: shares(piece, small), ink: part, place };
    });
    const digits = found.flatMap((one) => {
      const image = imageOf(one.ink);
      return image ? [{ ...one, image }] : [];
    });
    if (digits.length > 1) return digits;
    if ((pieces.length ? pieces : every).some((piece) => isRuled(piece, small, labels))) {
      throw new PictureError("There are lines through the digits; use plain paper.");
    }
    const image = prepareInk(findInk(picture, undefined, true));
    return [{ ...(digits[0] ?? everything(ink)), image }];
  }

  /** All ink there is, as one digit. @param {import("./grey").Grey} ink */
  function everything(ink) {
    /** @type {(box: Box) => Box} */
    const place = (box) => shares(box, ink);
    return { box: place(bounds(ink)), ink, place };
  }

  /** @param {Box} box */
  const heightOf = (box) => box.bottom - box.top;
  /** @param {Box} box */
  const widthOf = (box) => box.right - box.left;
  /** @param {Box} box */
  const sizeOf = (box) => Math.max(heightOf(box), widthOf(box));

  /** @param {Box} box @param {{width: number, height: number}} picture @returns {Box} */
  function shares({ top, bottom, left, right }, { width, height }) {
    return {
      top: top / height,
      bottom: bottom / height,
      left: left / width,
      right: right / width,
    };
  }

  /** @param {import("./grey").Grey} small @param {Int32Array} labels @returns {Piece[]} */
  function piecesOf({ width, data }, labels) {
    /** @type {Map<number, Piece>} */
    const pieces = new Map();
    labels.forEach((label, i) => {
      if (!label) return;
      const [x, y] = [i % width, Math.floor(i / width)];
      const piece = pieces.get(label) ?? {
        labels: [label],
        weight: 0,
        top: y,
        bottom: 0,
        left: x,
        right: 0,
      };
      pieces.set(label, piece);
      piece.weight += data[i];
      piece.left = Math.min(piece.left, x);
      piece.right = Math.max(piece.right, x + 1);
      piece.bottom = y + 1;
    });
    return [...pieces.values()];
  }

  /** Without specks, ruled lines and the sheet's own edges.
   * @param {Piece[]} pieces @param {{width: number, height: number}} picture
   */
  function likely(pieces, { width, height }) {
    const digits = pieces.filter((piece) => {
      const atEdge = !piece.top || !piece.left || piece.bottom === height || piece.right === width;
      const spans = widthOf(piece) > SPANS * width || heightOf(piece) > SPANS * height;
      const line = widthOf(piece) > 7 * heightOf(piece) && widthOf(piece) > 0.25 * width;
      return !line && !(atEdge && spans && pieces.length > 1);
    });
    const largest = Math.max(0, ...digits.map(sizeOf));
    const heaviest = Math.max(0, ...digits.map((piece) => piece.weight));
    return digits.filter(
      (piece) => sizeOf(piece) > Math.max(2, 0.08 * largest) && piece.weight > 0.01 * heaviest,
    );
  }

  /** Whether rules hold it together: from side to side, with nothing but them in between.
   * @param {Piece} piece @param {{width: number, height: number}} map @param {Int32Array} labels
   */
  function isRuled(piece, { width, height }, labels) {
    if (widthOf(piece) <= SPANS * width) return false;
    let thin = 0;
    for (let x = piece.left; x < piece.right; x++) {
      let [run, longest] = [0, 0];
      for (let y = piece.top; y < piece.bottom; y++) {
        run = labels[y * width + x] === piece.labels[0] ? run + 1 : 0;
        longest = Math.max(longest, run);
      }
      if (longest <= RULE * Math.max(width, height)) thin++;
    }
    return thin > RULED * widthOf(piece);
  }

  /** The parts of one digit put together, and what is too small for a digit left out.
   * @param {Piece[]} pieces
   */
  function joined(pieces) {
    const sizes = pieces.map(sizeOf).sort((a, b) => b - a);
    const usual = sizes[Math.floor((sizes.length - 1) / 3)] ?? 0;
    const whole = pieces.filter((piece) => sizeOf(piece) >= 0.75 * usual);
    const parts = pieces.filter((piece) => sizeOf(piece) < 0.75 * usual);
    const lone = [];
    for (const part of parts) {
      const host = whole.find((piece) => belongs(part, piece));
      if (host) join(host, part);
      else lone.push(part);
    }
    return [
      ...whole,
      ...lone.filter((piece) => sizeOf(piece) > SMALL * usual && heightOf(piece) > SMALL * usual),
    ];
  }

  /** @param {Piece} part @param {Piece} piece */
  function belongs(part, piece) {
    const overlap = Math.min(part.right, piece.right) - Math.max(part.left, piece.left);
    const gap = Math.max(part.top, piece.top) - Math.min(part.bottom, piece.bottom);
    return overlap > -0.1 * widthOf(part) && gap < NEAR * heightOf(piece);
  }

  /** @param {Piece} piece @param {Piece} part */
  function join(piece, part) {
    piece.labels.push(...part.labels);
    piece.weight += part.weight;
    piece.top = Math.min(piece.top, part.top);
    piece.left = Math.min(piece.left, part.left);
    piece.bottom = Math.max(piece.bottom, part.bottom);
    piece.right = Math.max(piece.right, part.right);
  }

  /** Line after line, each from left to right; the lines may be tilted. @param {Piece[]} pieces */
  function inReadingOrder(pieces) {
    const tilt = tiltOf(pieces);
    /** @type {Piece[][]} */
    const lines = [];
    for (const piece of pieces.slice().sort((a, b) => levelOf(a, tilt) - levelOf(b, tilt))) {
      const level = levelOf(piece, tilt);
      const line = lines.find((others) =>
        others.some((one) => Math.abs(level - levelOf(one, tilt)) < heightOf(one) / 2),
      );
      if (line) line.push(piece);
      else lines.push([piece]);
    }
    return lines.flatMap((line) => line.sort((a, b) => a.left - b.left));
  }

  /** How far lines fall a column of pixels: the median step to the next digit on the right.
   * 0 where steps do not agree: a short line's last digit has none but another line's beside it.
   * @param {Box[]} boxes
   */
  function tiltOf(boxes) {
    const steps = boxes.flatMap((box) => {
      const ahead = boxes.map((other) => {
        const [dx, dy] = [acrossOf(other) - acrossOf(box), levelOf(other, 0) - levelOf(box, 0)];
        return { dx, dy, far: dx * dx + dy * dy, step: dy / dx };
      });
      const near = ahead.filter(
        ({ dx, dy }) => dx > 0 && Math.abs(dy) < Math.min(MOST_TILT * dx, heightOf(box)),
      );
      const [first] = near.sort((a, b) => a.far - b.far || a.step - b.step);
      return first ? [first.step] : [];
    });
    steps.sort((a, b) => a - b);
    const tilt = steps[Math.floor((steps.length - 1) / 2)] ?? 0;
    const alike = steps.filter((step) => Math.abs(step - tilt) < ALIKE).length;
    return Math.abs(tilt) >= LEAST_TILT && alike >= AGREED * steps.length ? tilt : 0;
  }

  /** @param {Box} box */
  const acrossOf = (box) => (box.left + box.right) / 2;
  /** Where its middle lies from the sheet's top, with the lines made level.
   * @param {Box} box @param {number} tilt
   */
  const levelOf = (box, tilt) => (box.top + box.bottom) / 2 - tilt * acrossOf(box);

  /** The piece's own ink with a margin, and none of what lies beside it. */
  function alone(piece, ink, small, labels, factor) {
    const margin = 1 + Math.ceil(sizeOf(piece) / 20);
    const box = {
      top: Math.max(0, piece.top - margin) * factor,
      bottom: Math.min(ink.height, (piece.bottom + margin) * factor),
      left: Math.max(0, piece.left - margin) * factor,
      right: Math.min(ink.width, (piece.right + margin) * factor),
    };
    const part = cut(ink, box);
    const own = new Set([0, ...piece.labels]); // 0: its grey edges
    for (let i = 0; i < part.data.length; i++) {
      const x = Math.floor((box.left + (i % part.width)) / factor);
      const y = Math.floor((box.top + Math.floor(i / part.width)) / factor);
      if (!own.has(labels[y * small.width + x])) part.data[i] = 0;
    }
    /** @type {(within: Box) => Box} */
    const place = ({ top, bottom, left, right }) =>
      shares(
        {
          top: box.top + top,
          bottom: box.top + bottom,
          left: box.left + left,
          right: box.left + right,
        },
        ink,
      );
    return { part, place };
  }

  /** @returns {Float32Array | null} null where there is no digit after all */
  function imageOf(ink) {
    try {
      return prepareInk(ink);
    } catch (error) {
      if (error instanceof PictureError) return null;
      throw error;
    }
  }

  Object.assign(Stylespace, { findDigits });
})();
