"use strict";
/**
 * The small reader: which digit an image shows. Convolutions (each with ReLU and a 2x2 maximum)
 * and dense layers (ReLU but for the last), as `stylespace.studio.reader` has them.
 */
(() => {
  const Stylespace = (globalThis.Stylespace ??= {});
  const { dense, SIDE } = Stylespace;

  /** @typedef {{data: Float32Array, channels: number, side: number}} Maps square pictures */

  class Reader {
    /** @param {import("./safetensors").Weights} weights of a session's `reader.safetensors` */
    constructor({ tensors }) {
      /** @type {{weight: {shape: number[], data: Float32Array}, bias: Float32Array}[]} */
      this.layers = [];
      for (let i = 0; tensors.has(`layers.${i}.weight`); i++) {
        const weight = tensors.get(`layers.${i}.weight`);
        this.layers.push({ weight, bias: tensors.get(`layers.${i}.bias`).data });
      }
      if (!this.layers.length) throw new Error("the reader's file is of another version");
    }

    /**
     * @param {Float32Array} image `[784]` in 0..1
     * @returns {Float32Array} how sure the reader is of each digit; they add up to 1
     */
    read(image) {
      let maps = { data: image, channels: 1, side: SIDE };
      let values = image;
      this.layers.forEach(({ weight, bias }, index) => {
        if (weight.shape.length === 4) {
          maps = pooled(convolved(maps, weight, bias));
          values = maps.data;
          return;
        }
        const [outputs, inputs] = weight.shape;
        values = dense({ weight: weight.data, bias, inputs, outputs }, values, 1);
        if (index < this.layers.length - 1) values.forEach((x, i) => (values[i] = Math.max(0, x)));
      });
      return softmax(values);
    }
  }

  /** A convolution without padding, and ReLU.
   * @param {Maps} maps @param {{shape: number[], data: Float32Array}} weight
   * @param {Float32Array} bias @returns {Maps}
   */
  function convolved({ data, channels: inputs, side }, { shape, data: weight }, bias) {
    const [outputs, , kernel] = shape;
    const size = side - kernel + 1;
    const result = new Float32Array(outputs * size * size);
    for (let out = 0, at = 0; out < outputs; out++) {
      const map = result.subarray(out * size * size, (out + 1) * size * size).fill(bias[out]);
      for (let input = 0; input < inputs; input++) {
        for (let dy = 0; dy < kernel; dy++) {
          for (let dx = 0; dx < kernel; dx++, at++) {
            addShifted(map, size, data, input * side * side + dy * side + dx, side, weight[at]);
          }
        }
      }
      for (let i = 0; i < map.length; i++) if (map[i] < 0) map[i] = 0;
    }
    return { data: result, channels: outputs, side: size };
  }

  /** Adds `factor` times a part of a picture that begins at `from`.
   * @type {(map: Float32Array, size: number, data: Float32Array, from: number, side: number,
   *   factor: number) => void}
   */
  function addShifted(map, size, data, from, side, factor) {
    for (let y = 0, to = 0; y < size; y++) {
      const row = from + y * side;
      for (let x = 0; x < size; x++, to++) map[to] += factor * data[row + x];
    }
  }

  /** The largest of each two by two values. @param {Maps} maps @returns {Maps} */
  function pooled({ data, channels, side }) {
    const size = side >> 1;
    const result = new Float32Array(channels * size * size);
    for (let channel = 0, to = 0; channel < channels; channel++) {
      for (let y = 0; y < size; y++) {
        for (let x = 0; x < size; x++, to++) {
          const at = (channel * side + 2 * y) * side + 2 * x;
          result[to] = Math.max(data[at], data[at + 1], data[at + side], data[at + side + 1]);
        }
      }
    }
    return { data: result, channels, side: size };
  }

  /** @param {Float32Array} logits */
  function softmax(logits) {
    const most = Math.max(...logits);
    const shares = logits.map((x) => Math.exp(x - most));
    const sum = shares.reduce((total, x) => total + x, 0);
    return shares.map((x) => x / sum);
  }

  Object.assign(Stylespace, { Reader });
})();
