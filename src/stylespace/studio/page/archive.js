"use strict";
/** NumPy's .npy and .npz, written here: a .npz is a ZIP of .npy, none of them compressed. */
(() => {
  const Stylespace = (globalThis.Stylespace ??= {});

  const CHECKS = Uint32Array.from({ length: 256 }, (_, byte) => {
    let bits = byte;
    for (let i = 0; i < 8; i++) bits = bits & 1 ? (bits >>> 1) ^ 0xedb88320 : bits >>> 1;
    return bits;
  });

  /** The check sum of ZIP and PNG. @param {Uint8Array} bytes */
  function crc32(bytes) {
    let bits = 0xffffffff;
    for (const byte of bytes) bits = CHECKS[(bits ^ byte) & 255] ^ (bits >>> 8);
    return (bits ^ 0xffffffff) >>> 0;
  }

  /**
   * @param {string} type as NumPy writes it: "|u1", "<i8", "<f4"
   * @param {number[]} shape @param {ArrayBufferView} values
   * @returns {Uint8Array}
   */
  function npy(type, shape, values) {
    const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
    let text = `{'descr': '${type}', 'fortran_order': False, 'shape': (${sizes}), }`;
    text = text.padEnd(Math.ceil((10 + text.length + 1) / 64) * 64 - 11) + "\n";
    const header = new TextEncoder().encode(`.NUMPY..${"  "}${text}`);
    header.set([0x93, 78, 85, 77, 80, 89, 1, 0, text.length & 255, text.length >> 8]);
    const data = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const whole = new Uint8Array(header.length + data.length);
    whole.set(header);
    whole.set(data, header.length);
    return whole;
  }

  /** @param {number[]} fields pairs of a number and its bytes, one after the other */
  function packed(...fields) {
    const bytes = [];
    for (let i = 0; i < fields.length; i += 2) {
      for (let byte = 0; byte < fields[i + 1]; byte++)
        bytes.push((fields[i] >>> (8 * byte)) & 255);
    }
    return Uint8Array.from(bytes);
  }

  /** @param {{name: string, bytes: Uint8Array}[]} files @returns {Blob} */
  function zip(files) {
    const parts = [];
    const directory = [];
    let place = 0;
    for (const { name, bytes } of files) {
      const letters = new TextEncoder().encode(name);
      // version, flags, stored, time and day (1980-01-01), check, sizes, lengths of name and extra
      const facts = [
        20,
        2,
        0,
        2,
        0,
        2,
        0,
        2,
        33,
        2,
        crc32(bytes),
        4,
        bytes.length,
        4,
        bytes.length,
        4,
        letters.length,
        2,
        0,
        2,
      ];
      const head = packed(0x04034b50, 4, ...facts);
      parts.push(head, letters, bytes);
      directory.push(
        packed(0x02014b50, 4, 20, 2, ...facts, 0, 2, 0, 2, 0, 2, 0, 4, place, 4),
        letters,
      );
      place += head.length + letters.length + bytes.length;
    }
    const size = directory.reduce((sum, part) => sum + part.length, 0);
    const end = packed(
      0x06054b50,
      4,
      0,
      4,
      files.length,
      2,
      files.length,
      2,
      size,
      4,
      place,
      4,
      0,
      2,
    );
    return new Blob([...parts, ...directory, end], { type: "application/zip" });
  }

  Object.assign(Stylespace, { npy, zip });
})();
