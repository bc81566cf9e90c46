"use strict";
/** Small numerical tools: quantiles, chance, least squares. */
(() => {
  const Stylespace = (globalThis.Stylespace ??= {});

  /** Rounds halves to the even neighbour, as Python does. @param {number} x */
  function roundEven(x) {
    const below = Math.floor(x);
    if (x - below !== 0.5) return Math.round(x);
    return below % 2 === 0 ? below : below + 1;
  }

  /**
   * The k-th smallest value; `values` are put in another order.
   * @param {Float32Array} values @param {number} k
   */
  function select(values, k) {
    let [low, high] = [0, values.length - 1];
    while (low < high) {
      const pivot = values[(low + high) >> 1];
      let [i, j] = [low, high];
      while (i <= j) {
        while (values[i] < pivot) i++;
        while (values[j] > pivot) j--;
        if (i <= j) {
          [values[i], values[j]] = [values[j], values[i]];
          i++;
          j--;
        }
      }
      if (k <= j) high = j;
      else if (k >= i) low = i;
      else break;
    }
    return values[k];
  }

  /** @param {Float32Array} values not empty @param {number} share 0..1 */
  function quantile(values, share) {
    const copy = values.slice();
    const place = share * (copy.length - 1);
    const below = Math.floor(place);
    const low = select(copy, below);
    if (below === place) return low;
    // all that lies right of a selected place is no smaller
    let high = Infinity;
    for (let i = below + 1; i < copy.length; i++) if (copy[i] < high) high = copy[i];
    return low + (place - below) * (high - low);
  }

  /** The limit that best parts values in 0..1 into two groups (Otsu 1979).
   * @param {Float32Array} values
   */
  function otsu(values) {
    const counts = new Float64Array(256);
    for (const value of values) counts[value > 0 ? Math.min(255, Math.floor(value * 256)) : 0]++;
    let total = 0;
    counts.forEach((count, bin) => (total += (count * (bin + 0.5)) / 256));
    let [below, sum, best, at] = [0, 0, 0, 0];
    for (let bin = 0; bin < 255; bin++) {
      below += counts[bin];
      sum += (counts[bin] * (bin + 0.5)) / 256;
      const above = values.length - below;
      const apart = below && above ? sum / below - (total - sum) / above : 0;
      const between = below * above * apart ** 2;
      if (between > best) [best, at] = [between, bin];
    }
    return (at + 1) / 256;
  }

  /** Solves `matrix` x = `right` by elimination; both are changed.
   * @param {number[][]} matrix @param {number[]} right
   */
  function solve(matrix, right) {
    const size = right.length;
    for (let column = 0; column < size; column++) {
      let pivot = column;
      for (let row = column + 1; row < size; row++) {
        if (Math.abs(matrix[row][column]) > Math.abs(matrix[pivot][column])) pivot = row;
      }
      [matrix[column], matrix[pivot]] = [matrix[pivot], matrix[column]];
      [right[column], right[pivot]] = [right[pivot], right[column]];
      const divisor = matrix[column][column] || 1e-12;
      for (let row = 0; row < size; row++) {
        if (row === column) continue;
        const factor = matrix[row][column] / divisor;
        for (let i = column; i < size; i++) matrix[row][i] -= factor * matrix[column][i];
        right[row] -= factor * right[column];
      }
    }
    return right.map((value, row) => value / (matrix[row][row] || 1e-12));
  }

  /** Numbers in 0..1 that are the same for the same seed (mulberry32). @param {number} seed */
  function randomNumbers(seed) {
    let state = seed >>> 0;
    return () => {
      state = (state + 0x6d2b79f5) >>> 0;
      let bits = Math.imul(state ^ (state >>> 15), 1 | state);
      bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
      return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
    };
  }

  /** Standard normal numbers (Box and Muller 1958). @param {() => number} random */
  function normalNumbers(random) {
    return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  }

  Object.assign(Stylespace, { normalNumbers, otsu, quantile, randomNumbers, roundEven, solve });
})();
