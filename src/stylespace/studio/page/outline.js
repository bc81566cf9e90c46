"use strict";
/** Ink as outlines (marching squares), for SVG. */
(() => {
  const Stylespace = (globalThis.Stylespace ??= {});
  const { enlarged, padded } = Stylespace;

  const FINER = 3;
  const LEVEL = 0.45; // ink that is inside
  const FLAT = 0.03; // pixels that a point may lie beside its outline and be left out

  /**
   * The sides of a square that an outline enters and leaves by, with the ink at its left hand, for
   * each choice of corners that are inside (top left 8, top right 4, bottom right 2, left 1).
   */
  const WAYS = [
    [],
    ["BL"],
    ["RB"],
    ["RL"],
    ["TR"],
    ["TR", "BL"],
    ["TB"],
    ["TL"],
    ["LT"],
    ["BT"],
    ["LT", "RB"],
    ["RT"],
    ["LR"],
    ["BR"],
    ["LB"],
    [],
  ];

  /** @typedef {import("./grey").Grey} Grey */
  /** @typedef {[number, number]} Point */

  /** Closed outlines around the ink. @param {Grey} grey @returns {Point[][]} in its pixels */
  function outlines(grey) {
    const fine = enlarged(padded(grey, 1), FINER);
    /** @type {Map<number, {to: number, point: Point}>} from a side to the next */
    const steps = new Map();
    for (let y = 0; y + 1 < fine.height; y++) {
      for (let x = 0; x + 1 < fine.width; x++) addSteps(fine, x, y, steps);
    }
    const result = [];
    for (const [start] of steps) {
      const points = [];
      for (let at = start; steps.has(at);) {
        const { to, point } = steps.get(at);
        steps.delete(at);
        points.push(point);
        at = to;
      }
      if (points.length > 3)
        result.push(simplified(points.map(([x, y]) => [x / FINER - 1, y / FINER - 1])));
    }
    return result.filter((points) => points.length > 2);
  }

  /** @param {Grey} fine @param {number} x @param {number} y @param {Map<number, any>} steps */
  function addSteps({ width, data }, x, y, steps) {
    const at = y * width + x;
    const corner = [data[at], data[at + 1], data[at + width + 1], data[at + width]];
    const index = corner.reduce((bits, value) => 2 * bits + Number(value > LEVEL), 0);
    for (const [from, to] of WAYS[index]) {
      steps.set(sideKey(from, at, width), {
        to: sideKey(to, at, width),
        point: crossing(from, x, y, corner),
      });
    }
  }

  /** A number for each side of each square.
   * @param {string} side @param {number} at @param {number} width
   */
  function sideKey(side, at, width) {
    if (side === "T") return 2 * at;
    if (side === "B") return 2 * (at + width);
    return side === "L" ? 2 * at + 1 : 2 * (at + 1) + 1;
  }

  /** Where the outline crosses a side. @returns {Point} */
  function crossing(side, x, y, [topLeft, topRight, bottomRight, bottomLeft]) {
    const share = (from, to) => (LEVEL - from) / (to - from);
    if (side === "T") return [x + 0.5 + share(topLeft, topRight), y + 0.5];
    if (side === "B") return [x + 0.5 + share(bottomLeft, bottomRight), y + 1.5];
    if (side === "L") return [x + 0.5, y + 0.5 + share(topLeft, bottomLeft)];
    return [x + 1.5, y + 0.5 + share(topRight, bottomRight)];
  }

  /** Without points that change next to nothing (Douglas and Peucker 1973).
   * @param {Point[]} points of a closed outline @returns {Point[]}
   */
  function simplified(points) {
    const keep = new Uint8Array(points.length);
    const middle = points.length >> 1;
    keep[0] = keep[middle] = 1;
    const closed = [...points, points[0]];
    const spans = [
      [0, middle],
      [middle, points.length],
    ];
    while (spans.length) {
      const [from, to] = spans.pop();
      let [farthest, most] = [0, FLAT];
      for (let i = from + 1; i < to; i++) {
        const distance = distanceTo(closed[i], closed[from], closed[to]);
        if (distance > most) [farthest, most] = [i, distance];
      }
      if (!farthest) continue;
      keep[farthest] = 1;
      spans.push([from, farthest], [farthest, to]);
    }
    return points.filter((_, i) => keep[i]);
  }

  /** @param {Point} point @param {Point} from @param {Point} to */
  function distanceTo([x, y], [fromX, fromY], [toX, toY]) {
    const length = Math.hypot(toX - fromX, toY - fromY);
    if (!length) return Math.hypot(x - fromX, y - fromY);
    return Math.abs((toX - fromX) * (y - fromY) - (toY - fromY) * (x - fromX)) / length;
  }

  /** A text as XML has it, without what XML cannot have. @param {string} text */
  const asXml = (text) =>
    text
      .replace(/[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "")
      .replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`);

  /** A drawing of the ink, as text. @param {Grey} grey @param {string} title */
  function toSvg(grey, title) {
    const path = outlines(grey)
      .map((points) => `M${points.map(([x, y]) => `${x.toFixed(2)} ${y.toFixed(2)}`).join("L")}Z`)
      .join("");
    const box = `${grey.width} ${grey.height}`;
    const size = `width="${8 * grey.width}" height="${8 * grey.height}"`;
    return [
      `<svg xmlns="http://www.w3.org/2000/svg" ${size} viewBox="0 0 ${box}">`,
      `<title>${asXml(title)}</title>`,
      `<path fill="#1d2a4d" fill-rule="evenodd" d="${path}"/></svg>\n`,
    ].join("\n");
  }

  Object.assign(Stylespace, { toSvg });
})();
