"use strict";
/** A link that restores the state: what is shown is written behind the address's `#`. */
(() => {
  const Stylespace = (globalThis.Stylespace ??= {});
  const { byId, change, notice, restoreWriting, state, studio, writing } = Stylespace;

  const KNOWN = ["view", "style", "text", "vary", "take", "smooth", "drawing", "digit", "hand"];
  const MOST_LETTERS = 40_000; // bytes of a drawing: some times what the pad takes
  const DIGEST_LETTERS = 8; // of the model's digest: enough to tell one's models apart
  const LIFT = 255; // ends a stroke; places are 0 to 254
  const LEAST_PRESSURE = 0.5; // of the pad's, which go up to one more

  /** Which model a link is of; empty where an older export does not say. */
  const ownDigest = () => (studio.info.weights_digest ?? "").slice(0, DIGEST_LETTERS);

  /** @param {URLSearchParams} parts whether their styles mean other hands here */
  const isForeign = (parts) =>
    parts.has("model") && ownDigest() !== "" && parts.get("model") !== ownDigest();

  /** @param {import("./pad").Point[][]} strokes */
  function packStrokes(strokes) {
    const bytes = strokes.flatMap((stroke) => [
      ...stroke.flatMap(({ x, y }) => [Math.round(254 * x), Math.round(254 * y)]),
      LIFT,
    ]);
    return toLetters(bytes);
  }

  /** How hard the pen was pressed at each point; null where it does not tell.
   * @param {import("./pad").Point[][]} strokes
   */
  function packPressure(strokes) {
    const points = strokes.flat();
    if (points.every(({ pressure }) => pressure === 1)) return null;
    return toLetters(points.map(({ pressure }) => Math.round(254 * (pressure - LEAST_PRESSURE))));
  }

  /** @param {number[]} bytes */
  function toLetters(bytes) {
    const letters = btoa(String.fromCharCode(...bytes));
    return letters.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  }

  /** @param {string} text bytes, as `atob` gives them */
  function fromLetters(text) {
    const letters = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    if (letters.length > MOST_LETTERS) throw new RangeError("nobody draws so much");
    return letters;
  }

  /** @param {string} text @param {string} pressed @returns {import("./pad").Point[][]} */
  function unpackStrokes(text, pressed) {
    const letters = fromLetters(text);
    const pressures = Array.from(fromLetters(pressed), (letter) => letter.charCodeAt(0));
    let point = 0;
    const strokes = [[]];
    for (let i = 0; i < letters.length;) {
      if (letters.charCodeAt(i) === LIFT) {
        strokes.push([]);
        i++;
      } else {
        const [x, y] = [letters.charCodeAt(i) / 254, letters.charCodeAt(i + 1) / 254];
        const pressure = LEAST_PRESSURE + (pressures[point++] ?? 127) / 254;
        strokes[strokes.length - 1].push({ x, y, pressure });
        i += 2;
      }
    }
    return strokes.filter((stroke) => stroke.length && stroke.every(({ y }) => y >= 0 && y <= 1));
  }

  /** @param {ArrayLike<number>} style */
  const packStyle = (style) => Array.from(style, (x) => String(Number(x.toFixed(3)))).join(",");

  /**
   * @param {string | null} text
   * @returns {Float32Array | null} null where it is no style of this model
   */
  function unpackStyle(text) {
    const values = (text ?? "").split(",").map(Number);
    const fits =
      text && values.length === studio.model.styleSize && values.every((x) => Math.abs(x) < 100);
    return fits ? Float32Array.from(values) : null;
  }

  /** The part of an address behind the `#`. */
  function packState() {
    const { strokes, chosen, kept, pen, followed } = writing();
    const parts = new URLSearchParams({
      view: state.view,
      style: packStyle(state.style),
      text: state.text,
    });
    if (ownDigest()) parts.set("model", ownDigest());
    parts.set("vary", String(state.vary));
    parts.set("take", String(state.take));
    parts.set("smooth", state.smooth ? "1" : "0");
    if (strokes.length) parts.set("drawing", packStrokes(strokes));
    const pressure = packPressure(strokes);
    if (pressure) parts.set("pressure", pressure);
    if (strokes.length) parts.set("pen", pen);
    if (followed) parts.set("mine", "1"); // the style is of what was written
    if (chosen !== null) parts.set("digit", String(chosen));
    if (kept.length)
      parts.set("hand", kept.map(({ digit, style }) => `${digit}:${packStyle(style)}`).join(";"));
    return parts.toString();
  }

  /** @param {URLSearchParams} parts */
  function restoreDrawing(parts) {
    const { classes } = studio.model;
    const isDigit = (digit) => Number.isInteger(digit) && digit >= 0 && digit < classes;
    const digit = parts.has("digit") ? Number(parts.get("digit")) : null;
    const kept = (parts.get("hand") ?? "").split(";").flatMap((text) => {
      const [name, style] = text.split(":");
      const values = unpackStyle(style);
      return values && isDigit(Number(name)) ? [{ digit: Number(name), style: values }] : [];
    });
    let strokes = [];
    try {
      strokes = unpackStrokes(parts.get("drawing") ?? "", parts.get("pressure") ?? "");
    } catch {
      notice("The link's drawing is damaged; the rest is here.");
    }
    const pen = parts.get("pen");
    restoreWriting({ strokes, chosen: isDigit(digit) ? digit : null, kept, pen });
  }

  /** Bring back what the address tells; what it does not, or tells wrongly, stays. Where it tells a
   * hand, what is on the pad is of that hand, or nothing.
   */
  function restoreState() {
    const parts = new URLSearchParams(location.hash.slice(1));
    if (![...parts.keys()].some((name) => KNOWN.includes(name))) return; // another's fragment
    const foreign = isForeign(parts);
    if (foreign) parts.delete("hand");
    if (["style", "drawing", "hand"].some((name) => parts.has(name))) restoreDrawing(parts);
    const values = {};
    const view = parts.get("view");
    if (["write", "explore", "use", "compare"].includes(view)) values.view = view;
    if (parts.has("text")) values.text = parts.get("text").slice(0, 60);
    if (parts.has("vary")) values.vary = Math.min(1, Math.max(0, Number(parts.get("vary")) || 0));
    if (parts.has("take")) values.take = Math.floor(Math.abs(Number(parts.get("take")) || 1));
    if (parts.has("smooth")) values.smooth = parts.get("smooth") !== "0";
    change(values, "link");
    const style = foreign ? null : unpackStyle(parts.get("style"));
    if (style) change({ style }, parts.has("mine") ? "write" : "link");
    else if (parts.has("style")) notice("The link's style is for another model.");
  }

  async function copyLink() {
    history.replaceState(null, "", `#${packState()}`);
    try {
      await navigator.clipboard.writeText(location.href);
      notice("The link is copied. It brings back this hand and what you drew.");
    } catch {
      notice("The link is in the address bar.");
    }
  }

  function startLink() {
    byId("copy-link").onclick = copyLink;
    window.addEventListener("hashchange", restoreState);
    restoreState();
  }

  Object.assign(Stylespace, { startLink });
})();
