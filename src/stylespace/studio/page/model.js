"use strict";
/**
 * The encoder and the decoder, as `stylespace.networks` has them: dense layers, of which each
 * hidden one is told the digit (a gain and a bias of every unit). Between the networks' codes and
 * style vectors stand an affine map, one a digit, and a flow: coupling layers told the digit.
 */
(() => {
  const Stylespace = (globalThis.Stylespace ??= {});
  const SIDE = 28;
  const PIXELS = SIDE * SIDE;
  const STRETCH = 0.25; // as in Python
  const AT_ONCE = 5; // rows that share the reading of a weight: the fastest of those tried

  /**
   * @typedef {{weight: Float32Array, bias: Float32Array, inputs: number, outputs: number}} Dense
   * @typedef {{told: Float32Array, layers: Dense[], hidden: number}} Conditioned
   */

  /**
   * `values` times the layer's weights, plus its bias.
   * @param {Dense} layer
   * @param {Float32Array} values `[rows, inputs]`
   * @param {number} rows
   * @returns {Float32Array} `[rows, outputs]`
   */
  function dense(layer, values, rows) {
    const result = new Float32Array(rows * layer.outputs);
    let row = 0;
    for (; row + AT_ONCE <= rows; row += AT_ONCE) fiveRows(layer, values, row, result);
    for (; row < rows; row++) oneRow(layer, values, row, result);
    return result;
  }

  /** Four units at a time, so that no addition waits for the one before.
   * @type {(layer: Dense, values: Float32Array, row: number, result: Float32Array) => void}
   */
  function oneRow({ weight, bias, inputs, outputs }, values, row, result) {
    const start = row * inputs;
    const first = row * outputs;
    const last = outputs - 1; // done more than once where four do not divide the units
    for (let unit = 0; unit < outputs; unit += 4) {
      const two = Math.min(unit + 1, last);
      const three = Math.min(unit + 2, last);
      const four = Math.min(unit + 3, last);
      const [a, b, c, d] = [unit * inputs, two * inputs, three * inputs, four * inputs];
      let [sumA, sumB, sumC, sumD] = [bias[unit], bias[two], bias[three], bias[four]];
      for (let i = 0; i < inputs; i++) {
        const x = values[start + i];
        sumA += weight[a + i] * x;
        sumB += weight[b + i] * x;
        sumC += weight[c + i] * x;
        sumD += weight[d + i] * x;
      }
      result[first + unit] = sumA;
      result[first + two] = sumB;
      result[first + three] = sumC;
      result[first + four] = sumD;
    }
  }

  /** Two units at a time, so that what is read of a row serves both.
   * @type {(layer: Dense, values: Float32Array, row: number, result: Float32Array) => void}
   */
  function fiveRows({ weight, bias, inputs, outputs }, values, row, result) {
    const a = row * inputs;
    const [b, c, d, e] = [a + inputs, a + 2 * inputs, a + 3 * inputs, a + 4 * inputs];
    for (let unit = 0; unit < outputs; unit += 2) {
      const other = Math.min(unit + 1, outputs - 1); // of an odd number the last one twice
      const [from, fromOther] = [unit * inputs, other * inputs];
      let [a1, b1, c1, d1, e1] = [0, 0, 0, 0, 0];
      let [a2, b2, c2, d2, e2] = [0, 0, 0, 0, 0];
      for (let i = 0; i < inputs; i++) {
        const one = weight[from + i];
        const two = weight[fromOther + i];
        let x = values[a + i];
        a1 += one * x;
        a2 += two * x;
        x = values[b + i];
        b1 += one * x;
        b2 += two * x;
        x = values[c + i];
        c1 += one * x;
        c2 += two * x;
        x = values[d + i];
        d1 += one * x;
        d2 += two * x;
        x = values[e + i];
        e1 += one * x;
        e2 += two * x;
      }
      fill(result, row * outputs + unit, outputs, bias[unit], a1, b1, c1, d1, e1);
      fill(result, row * outputs + other, outputs, bias[other], a2, b2, c2, d2, e2);
    }
  }

  /** Five rows of a column. @type {(result: Float32Array, first: number, outputs: number,
   *   bias: number, a: number, b: number, c: number, d: number, e: number) => void}
   */
  function fill(result, first, outputs, bias, a, b, c, d, e) {
    result[first] = a + bias;
    result[first + outputs] = b + bias;
    result[first + 2 * outputs] = c + bias;
    result[first + 3 * outputs] = d + bias;
    result[first + 4 * outputs] = e + bias;
  }

  /** Tell a hidden layer the digits, then SiLU; in place.
   * @param {Float32Array} values `[rows, units]`
   * @param {Conditioned} network
   * @param {number} first which of all hidden units is the layer's first
   * @param {ArrayLike<number>} digits `[rows]`
   */
  function tell(values, { told, hidden }, first, digits) {
    const units = values.length / digits.length;
    for (let row = 0, at = 0; row < digits.length; row++) {
      const gains = digits[row] * 2 * hidden + first;
      for (let unit = 0; unit < units; unit++, at++) {
        const x = told[gains + hidden + unit] + (1 + told[gains + unit]) * values[at];
        values[at] = x / (1 + Math.exp(-x));
      }
    }
  }

  /**
   * @param {Conditioned} network
   * @param {Float32Array} values `[rows, inputs]`
   * @param {ArrayLike<number>} digits `[rows]`
   * @returns {Float32Array} `[rows, outputs]`
   */
  function run(network, values, digits) {
    let first = 0;
    network.layers.forEach((layer, index) => {
      values = dense(layer, values, digits.length);
      if (index === network.layers.length - 1) return;
      tell(values, network, first, digits);
      first += layer.outputs;
    });
    return values;
  }

  /**
   * Each vector, a row, times its digit's matrix.
   * @param {Float32Array} vectors `[rows, size]`
   * @param {Float32Array} matrices `[classes, size, size]`
   * @param {ArrayLike<number>} digits `[rows]`
   * @param {number} size
   */
  function ofEachDigit(vectors, matrices, digits, size) {
    const result = new Float32Array(vectors.length);
    for (let at = 0; at < result.length; at++) {
      const row = Math.floor(at / size);
      let entry = digits[row] * size * size + (at % size);
      let sum = 0;
      for (let i = 0; i < size; i++, entry += size)
        sum += vectors[row * size + i] * matrices[entry];
      result[at] = sum;
    }
    return result;
  }

  /**
   * Each vector, a row, times a matrix, or times its transpose.
   * @param {Float32Array} vectors `[rows, size]`
   * @param {Float32Array} matrix `[size, size]`
   * @param {number} size
   * @param {boolean} transposed
   */
  function times(vectors, matrix, size, transposed) {
    const result = new Float32Array(vectors.length);
    const [along, across] = transposed ? [1, size] : [size, 1];
    for (let at = 0; at < result.length; at++) {
      const [start, column] = [at - (at % size), at % size];
      let sum = 0;
      for (let i = 0; i < size; i++) sum += vectors[start + i] * matrix[i * along + column * across];
      result[at] = sum;
    }
    return result;
  }

  /**
   * One coupling layer: what a vector's first half says stretches and shifts the second.
   * @param {{network: Conditioned, turn: Float32Array}} layer
   * @param {Float32Array} vectors `[rows, size]`
   * @param {ArrayLike<number>} digits `[rows]`
   * @param {number} size
   * @param {boolean} inverse from style vectors to codes
   */
  function couple({ network, turn }, vectors, digits, size, inverse) {
    const first = Math.floor(size / 2);
    const second = size - first;
    const turned = times(vectors, turn, size, false);
    const told = new Float32Array(digits.length * first);
    for (let row = 0; row < digits.length; row++)
      told.set(turned.subarray(row * size, row * size + first), row * first);
    const said = run(network, told, digits);
    for (let row = 0; row < digits.length; row++)
      for (let i = 0; i < second; i++) {
        const at = row * size + first + i;
        const shift = said[row * 2 * second + i];
        const stretch = STRETCH * Math.tanh(said[row * 2 * second + second + i]);
        turned[at] = inverse
          ? (turned[at] - shift) * Math.exp(-stretch)
          : turned[at] * Math.exp(stretch) + shift;
      }
    return times(turned, turn, size, true);
  }

  /** A trained model: what `stylespace.load` gives in Python. */
  class Model {
    /** @param {import("./safetensors").Weights} weights of a session's `model.safetensors` */
    constructor({ tensors }) {
      this.encoder = conditioned(tensors, "encoder.layers");
      this.decoder = conditioned(tensors, "decoder.layers");
      /** @type {number} */
      this.classes = tensors.get("calibration.mean").shape[0];
      /** @type {number} */
      this.styleSize = tensors.get("calibration.mean").shape[1];
      this.mean = tensors.get("calibration.mean").data;
      this.toStyle = tensors.get("calibration.to_style").data;
      this.toCode = tensors.get("calibration.to_code").data;
      this.flow = couplings(tensors, this.styleSize);
    }

    /**
     * Through all coupling layers.
     * @param {Float32Array} vectors `[n, styleSize]`
     * @param {ArrayLike<number>} digits `[n]`
     * @param {boolean} inverse
     */
    bend(vectors, digits, inverse) {
      for (const layer of inverse ? [...this.flow].reverse() : this.flow)
        vectors = couple(layer, vectors, digits, this.styleSize, inverse);
      return vectors;
    }

    /**
     * @param {Float32Array} images `[n, 784]` in 0..1
     * @param {ArrayLike<number>} digits `[n]`
     * @returns {Float32Array} style vectors `[n, styleSize]`
     */
    encode(images, digits) {
      const code = run(this.encoder, images, digits);
      for (let at = 0; at < code.length; at++) {
        const row = Math.floor(at / this.styleSize);
        code[at] -= this.mean[digits[row] * this.styleSize + (at % this.styleSize)];
      }
      const vectors = ofEachDigit(code, this.toStyle, digits, this.styleSize);
      return this.bend(vectors, digits, false);
    }

    /**
     * @param {Float32Array} styles `[n, styleSize]`
     * @param {ArrayLike<number>} digits `[n]`
     * @returns {Float32Array} images `[n, 784]` in 0..1
     */
    decode(styles, digits) {
      const vectors = this.bend(styles, digits, true);
      const code = ofEachDigit(vectors, this.toCode, digits, this.styleSize);
      for (let at = 0; at < code.length; at++) {
        const row = Math.floor(at / this.styleSize);
        code[at] += this.mean[digits[row] * this.styleSize + (at % this.styleSize)];
      }
      const images = run(this.decoder, code, digits);
      for (let at = 0; at < images.length; at++) images[at] = 1 / (1 + Math.exp(-images[at]));
      return images;
    }

    /** One image of each digit in the same style: `[classes, 784]`. @param {Float32Array} style */
    row(style) {
      const styles = new Float32Array(this.classes * this.styleSize);
      for (let digit = 0; digit < this.classes; digit++) styles.set(style, digit * this.styleSize);
      return this.decode(
        styles,
        Array.from({ length: this.classes }, (_, digit) => digit),
      );
    }
  }

  /**
   * The flow's layers; sessions older than it have none.
   * @param {Map<string, any>} tensors
   * @param {number} size
   */
  function couplings(tensors, size) {
    /** @type {{network: Conditioned, turn: Float32Array}[]} */
    const layers = [];
    for (let index = 0; tensors.has(`flow.layers.${index}.told`); index++)
      layers.push({
        network: conditioned(tensors, `flow.layers.${index}`),
        turn: tensors.get("flow.turns").data.slice(index * size * size, (index + 1) * size * size),
      });
    return layers;
  }

  /** @param {Map<string, any>} tensors @param {string} name @returns {Conditioned} */
  function conditioned(tensors, name) {
    /** @type {Dense[]} */
    const layers = [];
    for (let index = 0; tensors.has(`${name}.dense.${index}.weight`); index++) {
      const weight = tensors.get(`${name}.dense.${index}.weight`);
      const [outputs, inputs] = weight.shape;
      // hidden layers may have none: the digit's own bias says all of it
      const given = tensors.get(`${name}.dense.${index}.bias`);
      const bias = given ? given.data : new Float32Array(outputs);
      layers.push({ weight: weight.data, bias, inputs, outputs });
    }
    const told = tensors.get(`${name}.told`);
    if (!told || !layers.length) throw new Error("the model's file is of another version");
    return { told: told.data, layers, hidden: told.shape[1] / 2 };
  }

  Object.assign(Stylespace, { Model, PIXELS, SIDE, dense });
})();
