"use strict";
/**
 * Reads safetensors files: eight bytes of length, a JSON header, the raw data.
 * https://github.com/huggingface/safetensors
 */
(() => {
  const Stylespace = (globalThis.Stylespace ??= {});
  const LARGEST_HEADER = 100_000_000;
  const DAMAGED = "the model's file is damaged";

  /**
   * @typedef {{shape: number[], data: Float32Array}} Tensor row-major
   * @typedef {{tensors: Map<string, Tensor>, metadata: Record<string, string>}} Weights
   */

  /** The value of every possible half-precision number. @type {Float32Array | null} */
  let halves = null;

  /** @returns {Float32Array} 65,536 numbers, by their bits. */
  function halfValues() {
    if (halves) return halves;
    halves = new Float32Array(65_536);
    for (let bits = 0; bits < 65_536; bits++) {
      const exponent = (bits >> 10) & 31;
      const fraction = bits & 1023;
      const size =
        exponent === 0
          ? fraction * 2 ** -24
          : exponent === 31
            ? fraction
              ? NaN
              : Infinity
            : (1 + fraction / 1024) * 2 ** (exponent - 15);
      halves[bits] = bits >> 15 ? -size : size;
    }
    return halves;
  }

  /**
   * @param {ArrayBuffer} part bytes of one tensor, a copy of its own
   * @param {string} dtype
   * @returns {Float32Array}
   */
  function numbers(part, dtype) {
    const bytes = { F32: 4, F16: 2 }[dtype];
    if (!bytes) throw new Error(`weights of type ${dtype} are not read here`);
    if (part.byteLength % bytes) throw new Error(DAMAGED);
    if (dtype === "F32") return new Float32Array(part);
    const table = halfValues();
    return new Float32Array(new Uint16Array(part)).map((bits) => table[bits]);
  }

  /**
   * @param {ArrayBuffer} buffer the whole file
   * @returns {Weights}
   */
  function readSafetensors(buffer) {
    const length = buffer.byteLength < 8 ? 0 : Number(new DataView(buffer).getBigUint64(0, true));
    if (length < 2 || length > Math.min(LARGEST_HEADER, buffer.byteLength - 8)) {
      throw new Error(DAMAGED);
    }
    const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
    const { __metadata__: metadata = {}, ...entries } = header;
    const tensors = new Map();
    for (const [
      name,
      {
        dtype,
        shape,
        data_offsets: [from, to],
      },
    ] of Object.entries(entries)) {
      const part = buffer.slice(8 + length + from, 8 + length + to); // ends where the file does
      const data = numbers(part, dtype);
      if (data.length !== shape.reduce((a, b) => a * b, 1)) throw new Error(DAMAGED);
      tensors.set(name, { shape, data });
    }
    return { tensors, metadata };
  }

  Object.assign(Stylespace, { readSafetensors });
})();
