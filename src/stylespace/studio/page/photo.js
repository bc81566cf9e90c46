"use strict";
/** A photograph of handwriting: dropped, pasted or chosen; each digit found and boxed. */
(() => {
  const Stylespace = (globalThis.Stylespace ??= {});
  const {
    PictureError,
    WIDE,
    bounds,
    byId,
    findDigits,
    findInk,
    make,
    prepareInk,
    readSample,
    studio,
    touching,
    withoutSpecks,
  } = Stylespace;

  const MOST_BYTES = 50 * 2 ** 20;
  const MOST_PIXELS = 180e6; // as of the largest cameras
  const WORKING_SIDE = 2048;

  /** @typedef {import("./hand").Sample & {box: import("./prepare").Box, used: boolean}} Boxed */

  /** Whether it is as telephones save pictures, by its first bytes. @param {Blob} file */
  async function isHeic(file) {
    const kind = await file.slice(4, 12).text().catch(() => "");
    return /^ftyp(hei|hev|mif1|msf1)/.test(kind);
  }

  /**
   * @param {Blob} file
   * @returns {Promise<ImageData>} at most 2,048 pixels long, turned as its camera was held
   */
  async function readPicture(file) {
    if (file.size > MOST_BYTES) {
      throw new PictureError("That file is larger than 50 MiB; make it smaller first.");
    }
    const bitmap = await createImageBitmap(file).catch(async () => {
      if (await isHeic(file))
        throw new PictureError("This browser cannot open HEIC pictures; save it as JPEG first.");
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

  const MOST_READ = 600; // parts of a picture, where digits may touch
  const MOST_BROKEN = 5; // pieces that a digit whose strokes have gaps falls into

  /** The digits of a picture, read; those that touch each other are cut apart. What is nothing
   * like a digit is there, but not used.
   * @param {ImageData} picture @returns {Boxed[]}
   */
  function readDigits(picture) {
    const found = findDigits(picture);
    const budget = { parts: MOST_READ };
    const digits = found.flatMap(({ box, image, ink, place }) => {
      const sample = readSample(image);
      const parts = studio.reader ? touching(sample, ink, budget) : null;
      return parts?.map((part) => ({ ...part.sample, box: place(part.box) })) ?? { ...sample, box };
    });
    const broken = studio.reader && found.length > 1 && found.length <= MOST_BROKEN;
    const whole = broken ? wholeOf(picture) : null;
    const box = () => around(found.map((one) => one.box));
    const samples = whole && isBetter(whole, digits) ? [{ ...whole, box: box() }] : digits;
    return samples.map((sample) => ({ ...sample, used: sample.doubt !== "strange" }));
  }

  /** All ink as one digit, whose strokes may have gaps; null if it is too wide for one.
   * @param {ImageData} picture
   */
  function wholeOf(picture) {
    const ink = findInk(picture, undefined, true);
    const box = bounds(withoutSpecks(ink));
    const wide = !box || box.right - box.left > WIDE * (box.bottom - box.top);
    return wide ? null : readSample(prepareInk(ink));
  }

  /** @param {import("./hand").Sample} whole @param {import("./hand").Sample[]} parts */
  function isBetter(whole, parts) {
    const closer = whole.error < Math.max(...parts.map(({ error }) => error));
    const least = Math.min(...parts.map(({ shares }) => Math.max(...shares)));
    const surer = Math.max(...whole.shares) > least;
    if (parts.some(({ doubt }) => doubt)) return whole.doubt !== "strange" && (closer || surer);
    return !whole.doubt && closer;
  }

  /** @param {import("./prepare").Box[]} boxes @returns {import("./prepare").Box} */
  const around = (boxes) => ({
    top: Math.min(...boxes.map(({ top }) => top)),
    bottom: Math.max(...boxes.map(({ bottom }) => bottom)),
    left: Math.min(...boxes.map(({ left }) => left)),
    right: Math.max(...boxes.map(({ right }) => right)),
  });

  /** Show the picture and a button on each digit.
   * @param {ImageData} picture @param {Boxed[]} digits @param {(digit: number) => void} choose
   */
  function showPhoto(picture, digits, choose) {
    const canvas = byId("photo-picture");
    canvas.width = picture.width;
    canvas.height = picture.height;
    canvas.getContext("2d").putImageData(picture, 0, 0);
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `Photograph, ${digits.length} found on it`);
    const frame = byId("photo");
    frame.querySelectorAll("button").forEach((button) => button.remove());
    const shape = picture.width / picture.height;
    frame.style.aspectRatio = String(shape);
    frame.style.setProperty("--shape", String(shape));
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

  Object.assign(Stylespace, { around, hidePhoto, labelBoxes, readDigits, readPicture, showPhoto });
})();
