"use strict";
/** A photograph of handwriting: dropped, pasted or chosen; each digit found and boxed. */
(() => {
  const Stylespace = (globalThis.Stylespace ??= {});
  const { PictureError, byId, findDigits, make, readSample, studio } = Stylespace;

  const MOST_BYTES = 50 * 2 ** 20;
  const MOST_PIXELS = 180e6; // as many as Python's side reads
  const WORKING_SIDE = 2048;

  /** @typedef {import("./hand").Sample & {box: import("./prepare").Box, used: boolean}} Boxed */

  /**
   * @param {Blob} file
   * @returns {Promise<ImageData>} at most 2,048 pixels long, turned as its camera was held
   */
  async function readPicture(file) {
    if (file.size > MOST_BYTES) {
      throw new PictureError("That file is larger than 50 MiB; make it smaller first.");
    }
    const bitmap = await createImageBitmap(file).catch(() => {
      throw new PictureError("That is not a picture, or a damaged one.");
    });
    const { width, height } = bitmap;
    if (width * height > MOST_PIXELS) {
      bitmap.close();
      throw new PictureError("That picture has too many pixels; make it smaller first.");
    }
    const scale = Math.min(1, WORKING_SIDE / Math.max(width, height));
    const canvas = make("canvas", {
      width: Math.max(1, Math.round(width * scale)),
      height: Math.max(1, Math.round(height * scale)),
    });
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.imageSmoothingQuality = "high";
    context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    return context.getImageData(0, 0, canvas.width, canvas.height);
  }

  /** The digits of a picture, read; what is nothing like a digit is there, but not used.
   * @param {ImageData} picture @returns {Boxed[]}
   */
  function readDigits(picture) {
    return findDigits(picture).map(({ box, image }) => {
      const sample = readSample(image);
      return { ...sample, box, used: sample.doubt !== "strange" };
    });
  }

  /** Show the picture and a button on each digit.
   * @param {ImageData} picture @param {Boxed[]} digits @param {(digit: number) => void} choose
   */
  function showPhoto(picture, digits, choose) {
    const canvas = byId("photo-picture");
    canvas.width = picture.width;
    canvas.height = picture.height;
    canvas.getContext("2d").putImageData(picture, 0, 0);
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `Photograph with ${digits.length} digits found`);
    const frame = byId("photo");
    frame.querySelectorAll("button").forEach((button) => button.remove());
    const wide = picture.width > picture.height;
    frame.classList.toggle("wide", wide);
    frame.style.aspectRatio = `${picture.width} / ${picture.height}`;
    digits.forEach((sample, index) => frame.append(boxOf(sample, () => choose(index))));
    frame.hidden = false;
    byId("pad-frame").classList.add("shows-photo");
  }

  /** @param {Boxed} sample @param {() => void} choose */
  function boxOf(sample, choose) {
    const { top, bottom, left, right } = sample.box;
    const button = make("button", { className: "box", type: "button", onclick: choose });
    const margin = 0.006;
    Object.assign(button.style, {
      top: `${100 * (top - margin)}%`,
      left: `${100 * (left - margin)}%`,
      width: `${100 * (right - left + 2 * margin)}%`,
      height: `${100 * (bottom - top + 2 * margin)}%`,
    });
    button.append(make("b"));
    return button;
  }

  /** Say on each box what it was taken for. @param {Boxed[]} digits @param {number} current */
  function labelBoxes(digits, current) {
    byId("photo")
      .querySelectorAll("button")
      .forEach((button, index) => {
        const { digit, used, doubt } = digits[index];
        const name = used ? studio.info.class_names[digit] : "–";
        button.firstChild.textContent = doubt === "unsure" ? `${name}?` : name;
        button.setAttribute(
          "aria-label",
          used ? `Digit ${index + 1}: ${name}` : `Digit ${index + 1}: left out`,
        );
        button.setAttribute("aria-pressed", String(index === current));
        button.classList.toggle("left-out", !used);
      });
  }

  function hidePhoto() {
    byId("photo").hidden = true;
    byId("pad-frame").classList.remove("shows-photo");
  }

  Object.assign(Stylespace, { hidePhoto, labelBoxes, readDigits, readPicture, showPhoto });
})();
