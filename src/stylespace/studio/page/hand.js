"use strict";
/** One hand from several images: reading them, their styles' mean, how far apart they are. */
(() => {
  const Stylespace = (globalThis.Stylespace ??= {});
  const { quantile } = Stylespace;

  const UNSURE = 0.6; // the reader's share of the digit, below which it is asked for
  const UNLIKE = 0.02; // the same of a digit that was chosen, below which it does not look so
  const STRANGE = 1.1; // times the error that one test image in a hundred has: no digit
  const HALF_SURE = 0.7; // the reader's share, below which less of an error says so

  /**
   * @typedef {object} Sample
   * @property {Float32Array} image @property {Float32Array} shares how sure of each digit
   * @property {number} digit @property {boolean} chosen whether a person said which digit
   * @property {Float32Array} style @property {number} error mean squared, of its reconstruction
   * @property {"" | "unsure" | "unlike" | "strange"} doubt
   */

  /** What was loaded: set once by the page's start.
   * @type {{model: import("./model").Model, reader: import("./reader").Reader | null, info: any}}
   */
  const studio = { model: null, reader: null, info: null };

  /**
   * Which digit an image shows, and in which style.
   * @param {Float32Array} image @param {number | null} chosen the digit, where a person said it
   * @returns {Sample}
   */
  function readSample(image, chosen = null) {
    const { model, reader } = studio;
    const shares = reader ? reader.read(image) : evenShares(model.classes);
    const guess = reader ? shares.indexOf(Math.max(...shares)) : bestFit(image);
    const digit = chosen ?? guess;
    let style = model.encode(image, [digit]);
    const error = meanSquare(model.decode(style, [digit]), image);
    const doubt = doubtOf(shares, digit, chosen !== null, error);
    // seen as a digit that it is not like, it has no style; as the likeliest, it may have one
    if (doubt === "unlike")
      style = shortened(model.encode(image, [guess]), Math.sqrt(style.length));
    return { image, shares, digit, chosen: chosen !== null, style, error, doubt };
  }

  /** @param {number} count */
  const evenShares = (count) => new Float32Array(count).fill(1 / count);

  /** The digit as which the image comes back best: where there is no reader.
   * @param {Float32Array} image
   */
  function bestFit(image) {
    const { model } = studio;
    const errors = Array.from({ length: model.classes }, (_, digit) =>
      meanSquare(model.decode(model.encode(image, [digit]), [digit]), image),
    );
    return errors.indexOf(Math.min(...errors));
  }

  /** @param {Float32Array} one @param {Float32Array} other */
  function meanSquare(one, other) {
    let sum = 0;
    for (let i = 0; i < one.length; i++) sum += (one[i] - other[i]) ** 2;
    return sum / one.length;
  }

  /**
   * @param {Float32Array} shares @param {number} digit @param {boolean} chosen
   * @param {number} error @returns {Sample["doubt"]}
   */
  function doubtOf(shares, digit, chosen, error) {
    const usual = studio.info.reconstruction;
    const sure = Math.max(...shares);
    const strange =
      usual && (error > STRANGE * usual.p99 || (error > usual.p95 && sure < HALF_SURE));
    if (strange) return chosen ? "unlike" : "strange";
    if (chosen && studio.reader && shares[digit] < UNLIKE) return "unlike";
    return !chosen && sure < UNSURE ? "unsure" : "";
  }

  /** The styles' mean. @param {Sample[]} samples at least one */
  function meanStyle(samples) {
    const style = new Float32Array(studio.model.styleSize);
    for (const sample of samples) sample.style.forEach((x, i) => (style[i] += x / samples.length));
    return withinReach(style);
  }

  let reach = 0;
  /** Brought nearer to the middle where it lies farther out than the styles of real images:
   * digits from there are hard to read.
   * @param {Float32Array} style
   * @param {number} [own] as far as this is no farther: where somebody has gone already
   */
  function withinReach(style, own = 0) {
    if (!reach) {
      const points = studio.info.points?.style ?? [];
      const norms = Float32Array.from(points, (point) => Math.hypot(...point));
      reach = Math.max(Math.sqrt(style.length) + 2.2, norms.length ? quantile(norms, 0.995) : 0);
    }
    return shortened(style, Math.max(reach, own));
  }

  /** No longer than `most`. @param {Float32Array} style @param {number} most */
  function shortened(style, most) {
    const norm = Math.hypot(...style);
    return norm > most ? style.map((x) => (x * most) / norm) : style;
  }

  /** The root mean square distance of two of the samples, in that of two strangers' styles:
   * 0 is one hand, 1 is any two people.
   * @param {Sample[]} samples at least two
   */
  function distance(samples) {
    let [sum, pairs] = [0, 0];
    samples.forEach((one, i) => {
      for (const other of samples.slice(0, i)) {
        sum += one.style.reduce((total, x, at) => total + (x - other.style[at]) ** 2, 0);
        pairs++;
      }
    });
    return Math.sqrt(sum / pairs / (2 * samples[0].style.length));
  }

  /** @param {Sample[]} samples */
  function handWord(samples) {
    if (samples.length === 0) return "Several together make one steadier hand.";
    if (samples.length === 1) return "One so far. Add others: each makes the hand steadier.";
    const far = distance(samples);
    const likeness =
      far < 0.6
        ? "one steady hand"
        : far < 0.9
          ? "a lively hand"
          : "as if by several people";
    const figure = `${Math.round(100 * far)} % of the distance between strangers`;
    return `${samples.length} digits, ${likeness}: apart by ${figure}.`;
  }

  /** The same of a photograph, whose digits alone tell the hand. @param {Sample[]} samples */
  const photoWord = (samples) =>
    samples.length === 1 ? "The hand of the photograph, by one alone." : handWord(samples);

  Object.assign(Stylespace, { handWord, meanStyle, photoWord, readSample, studio, withinReach });
})();
