"use strict";
/** Grey pictures: made smaller, their largest neighbours, and the pieces of what is marked. */
(() => {
  const Stylespace = (globalThis.Stylespace ??= {});

  /**
   * A grey picture, or how much of each pixel is ink.
   * @typedef {{width: number, height: number, data: Float32Array}} Grey row after row
   */

  /** Each new pixel is the mean of a square of pixels.
   * @param {Grey} grey @param {number} factor @returns {Grey}
   */
  function shrunk(grey, factor) {
    if (factor <= 1) return grey;
    const width = Math.ceil(grey.width / factor);
    const height = Math.ceil(grey.height / factor);
    const [last, bottom] = [grey.width % factor || factor, grey.height % factor || factor];
    const data = new Float64Array(width * height);
    for (let y = 0, i = 0; y < grey.height; y++) {
      for (let x = 0, to = Math.floor(y / factor) * width; x < grey.width; to++) {
        let sum = 0;
        for (const end = Math.min(x + factor, grey.width); x < end; x++) sum += grey.data[i++];
        data[to] += sum;
      }
    }
    for (let y = 0, to = 0; y < height; y++) {
      const tall = y === height - 1 ? bottom : factor;
      for (let x = 0; x < width; x++, to++) data[to] /= tall * (x === width - 1 ? last : factor);
    }
    return { width, height, data: new Float32Array(data) };
  }

  /**
   * The largest (or smallest) of `size` neighbours along one axis, in log(size) passes; the
   * picture loses `size - 1` pixels along it.
   * @param {Grey} grey @param {number} size @param {"x" | "y"} axis @param {boolean} largest
   * @returns {Grey}
   */
  function bestInWindow(grey, size, axis, largest) {
    let result = grey;
    for (let reach = 1; reach < size;) {
      const step = Math.min(reach, size - reach);
      result = bestOfTwo(result, axis === "x" ? step : 0, axis === "y" ? step : 0, largest);
      reach += step;
    }
    return result;
  }

  /** @type {(grey: Grey, right: number, down: number, largest: boolean) => Grey} */
  function bestOfTwo(grey, right, down, largest) {
    const width = Math.max(0, grey.width - right);
    const height = Math.max(0, grey.height - down);
    const data = new Float32Array(width * height);
    const apart = down * grey.width + right;
    for (let y = 0, to = 0; y < height; y++) {
      for (let from = y * grey.width, end = from + width; from < end; from++, to++) {
        const one = grey.data[from];
        const other = grey.data[from + apart];
        data[to] = one > other === largest ? one : other;
      }
    }
    return { width, height, data };
  }

  /** With a margin of nothing. @param {Grey} grey @param {number} margin @returns {Grey} */
  function padded(grey, margin) {
    const width = grey.width + 2 * margin;
    const height = grey.height + 2 * margin;
    const data = new Float32Array(width * height);
    for (let y = 0; y < grey.height; y++) {
      const row = grey.data.subarray(y * grey.width, (y + 1) * grey.width);
      data.set(row, (y + margin) * width + margin);
    }
    return { width, height, data };
  }

  /** The largest of each square of neighbours, at most `radius` away; 0 is outside.
   * @param {Grey} grey @param {number} radius
   */
  function spread(grey, radius) {
    const size = 2 * radius + 1;
    return bestInWindow(bestInWindow(padded(grey, radius), size, "x", true), size, "y", true);
  }

  /** The largest of each square of pixels. @param {Grey} grey @param {number} factor */
  function pooled(grey, factor) {
    const width = Math.ceil(grey.width / factor);
    const height = Math.ceil(grey.height / factor);
    const data = new Float32Array(width * height);
    for (let y = 0, i = 0; y < grey.height; y++) {
      const row = Math.floor(y / factor) * width;
      for (let x = 0; x < grey.width; x++, i++) {
        const to = row + Math.floor(x / factor);
        if (grey.data[i] > data[to]) data[to] = grey.data[i];
      }
    }
    return { width, height, data };
  }

  /**
   * A number for each piece that hangs together, diagonals included; 0 outside.
   * @param {Grey} grey @param {number} limit more than this is inside
   * @returns {{labels: Int32Array, count: number}}
   */
  function connected({ width, height, data }, limit) {
    const labels = new Int32Array(data.length);
    let count = 0;
    for (let start = 0; start < data.length; start++) {
      if (labels[start] || data[start] <= limit) continue;
      labels[start] = ++count;
      for (const stack = [start]; stack.length;) {
        const at = stack.pop();
        const x = at % width;
        const y = (at - x) / width;
        const [left, right] = [Math.max(0, x - 1), Math.min(width - 1, x + 1)];
        for (let row = Math.max(0, y - 1); row <= Math.min(height - 1, y + 1); row++) {
          for (let i = row * width + left; i <= row * width + right; i++) {
            if (labels[i] || data[i] <= limit) continue;
            labels[i] = count;
            stack.push(i);
          }
        }
      }
    }
    return { labels, count };
  }

  Object.assign(Stylespace, { bestInWindow, connected, padded, pooled, shrunk, spread });
})();
