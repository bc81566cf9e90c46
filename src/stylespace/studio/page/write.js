"use strict";
/** Write: draw a digit or drop a photograph, and see all digits in that hand. */
(() => {
  const Stylespace = (globalThis.Stylespace ??= {});
  const {
    Pad,
    PictureError,
    areDigits,
    areSeveral,
    buildChoice,
    byId,
    change,
    enable,
    handWord,
    hidePhoto,
    isTyping,
    labelBoxes,
    listenForPictures,
    make,
    markTile,
    meanStyle,
    notice,
    paintImage,
    photoWord,
    prepareInk,
    readDigits,
    readPicture,
    readSample,
    showPhoto,
    showReading,
    state,
    studio,
    whenChanged,
    words,
  } = Stylespace;

  /** @typedef {import("./hand").Sample} Sample */

  /** @type {import("./pad").Pad} */
  let pad;
  /** What is on the pad. @type {Sample | null} */
  let drawn = null;
  /** Whether that is more than one digit. */
  let several = false;
  /** Which digit a person said the drawing is. @type {number | null} */
  let chosen = null;
  /** The digits that were kept for the hand. @type {Sample[]} */
  let kept = [];
  /** Which of them came of the strokes that undo brings back.
   * @type {WeakMap<import("./pad").Point[][], Sample>}
   */
  const keptOf = new WeakMap();
  /** The digits on the photograph. @type {import("./photo").Boxed[]} */
  let boxed = [];
  let currentBox = -1;
  /** Whether the hand that is shown is the written one. */
  let followed = false;
  /** What was shown before that. @type {Float32Array | null} */
  let before = null;

  function startWrite() {
    pad = new Pad(byId("pad"), drawingChanged);
    buildChoice(choose);
    byId("undo").onclick = undo;
    byId("clear").onclick = clear;
    byId("keep").onclick = keep;
    byId("mine").onclick = () => {
      byId("pad").focus({ preventScroll: true });
      show();
    };
    byId("pen").addEventListener("change", ({ target }) => {
      pad.pen = target.value;
      pad.tell();
    });
    byId("photo-file").onchange = ({ target }) => {
      if (target.files[0]) openPhoto(target.files[0]);
      target.value = "";
    };
    listenForPictures(openPhoto);
    document.addEventListener("keydown", shortcut);
    whenChanged((changed, source) => {
      if (changed.has("smooth")) paintAgain();
      if (changed.has("style")) {
        followed = source === "write" && samples().length > 0;
        offerBack();
      }
    });
    window.addEventListener("stylespace-colours", paintAgain);
  }

  function paintAgain() {
    pad.paint();
    paintSeen();
    showKept();
  }

  function undo() {
    if (boxed.length) return leavePhoto();
    pad.undo();
    takeBack(); // at once: by the next frame there may have been another
  }

  function clear() {
    leavePhoto();
    pad.clear();
  }

  /** @param {number} digit */
  function choose(digit) {
    if (boxed.length && currentBox >= 0) {
      const { box, image } = boxed[currentBox];
      boxed[currentBox] = { ...readSample(image, digit), box, used: true };
      show();
    } else if (drawn) {
      chosen = digit;
      drawn = readSample(drawn.image, digit);
      show();
    }
  }

  function drawingChanged() {
    byId("pad-hint").hidden = pad.strokes.length > 0;
    enable(byId("undo"), pad.past.length > 0);
    enable(byId("clear"), pad.strokes.length > 0);
    takeBack();
    drawn = readDrawing();
    show();
  }

  /** @returns {Sample | null} */
  function readDrawing() {
    several = areDigits() && areSeveral(pad.strokes); // a letter's strokes may lie far apart
    if (several) return null;
    const ink = pad.ink();
    if (!ink) return null;
    try {
      return readSample(prepareInk(ink), chosen);
    } catch (error) {
      if (error instanceof PictureError) return null;
      throw error;
    }
  }

  /** What tells the hand: the photograph's digits, or what was kept and the drawing. */
  function samples() {
    if (boxed.length) return boxed.filter((sample) => sample.used);
    return drawn && drawn.doubt !== "strange" ? [...kept, drawn] : kept;
  }

  const current = () => (boxed.length ? (boxed[currentBox] ?? null) : drawn);

  /** What the model is shown to see: of several digits on a photograph the first. */
  const seen = () => current() ?? boxed[0] ?? null;

  /** Bring the page in line with the drawing, the photograph and what was kept. */
  function show() {
    const sample = current();
    const hand = samples();
    if (boxed.length) labelBoxes(boxed, currentBox);
    showReading(sample, wordOfNothing());
    paintSeen();
    enable(byId("keep"), Boolean(drawn) && drawn.doubt !== "strange" && !boxed.length);
    byId("hand-word").textContent = boxed.length ? photoWord(hand) : handWord(hand);
    byId("row").classList.toggle("doubtful", waits(sample));
    byId("row").dataset.why = isCrowded() ? words.several() : words.strange();
    markTile(sample && sample.doubt !== "strange" ? sample.digit : -1);
    followHand(sample, hand);
    offerBack();
  }

  /** Whether there is too much on the pad that is shown. */
  const isCrowded = () => several && !boxed.length;

  /** Whether the row stays as it is. @param {Sample | null} sample */
  const waits = (sample) => isCrowded() || sample?.doubt === "strange";

  /** Offer the written hand where another is shown. */
  function offerBack() {
    byId("mine").hidden = followed || !samples().length;
  }

  /** Show the written hand; where there is none any more, what was shown before it.
   * @param {Sample | null} sample @param {Sample[]} hand
   */
  function followHand(sample, hand) {
    if (hand.length) {
      if (!followed) before = state.style;
      change({ style: meanStyle(hand) }, "write");
    } else if (followed && before && !sample && !isCrowded()) change({ style: before }, "back");
  }

  function paintSeen() {
    const sample = seen();
    const image = sample ? sample.image : new Float32Array(784);
    paintImage(byId("seen"), image, state.smooth);
    byId("seen").classList.toggle("empty", !sample);
  }

  /** What there is to say where nothing was read. */
  function wordOfNothing() {
    if (boxed.length) return `${boxed.length} found. Click one to check it.`;
    if (several) return words.several();
    return pad.strokes.length ? "A little larger, please." : words.start();
  }

  function keep() {
    if (!drawn || drawn.doubt === "strange") return;
    const sample = drawn;
    kept.push(sample);
    chosen = null;
    keptOf.set(pad.putAside(), sample);
    showKept();
  }

  /** What is on the pad again after undo is kept no more: it would count twice. An empty pad is
   * no digit.
   */
  function takeBack() {
    if (!pad.strokes.length) chosen = null;
    const sample = keptOf.get(pad.strokes);
    if (!sample) return;
    keptOf.delete(pad.strokes);
    kept = kept.filter((one) => one !== sample);
    chosen = sample.chosen ? sample.digit : null;
    showKept();
  }

  /** @param {number} index */
  function takeOut(index) {
    kept.splice(index, 1);
    showKept();
    show();
    const others = byId("kept").querySelectorAll("button");
    (others[Math.min(index, others.length - 1)] ?? byId("pad")).focus();
  }

  function showKept() {
    byId("kept").replaceChildren(
      ...kept.map((sample, index) => {
        const canvas = make("canvas");
        paintImage(canvas, sample.image, state.smooth);
        const name = studio.info.class_names[sample.digit];
        const button = make("button", {
          type: "button",
          title: `Take out this ${name}`,
          onclick: () => takeOut(index),
        });
        button.setAttribute("aria-label", `Take out this ${name}`);
        button.append(canvas);
        return make("li", {}, button);
      }),
    );
  }

  let opening = 0; // how many were opened: the last is meant, whichever is decoded first

  /** @param {Blob} file */
  async function openPhoto(file) {
    const turn = ++opening;
    change({ view: "write" });
    notice("Looking for digits…", true);
    try {
      const picture = await readPicture(file);
      if (turn !== opening) return;
      boxed = readDigits(picture);
      currentBox = boxed.length === 1 ? 0 : -1;
      showPhoto(picture, boxed, (index) => {
        currentBox = index;
        show();
      });
      byId("undo").disabled = byId("clear").disabled = false;
      byId("undo").textContent = "Back to the pad";
      notice("");
      show();
    } catch (error) {
      if (!(error instanceof PictureError)) throw error;
      if (turn === opening) notice(error.message);
    }
  }

  function leavePhoto() {
    if (!boxed.length) return;
    boxed = [];
    currentBox = -1;
    byId("undo").textContent = "Undo";
    const held = byId("photo").contains(document.activeElement);
    hidePhoto();
    if (held) byId("pad").focus({ preventScroll: true });
    drawingChanged();
  }

  /** @param {KeyboardEvent} event */
  function shortcut(event) {
    if (isTyping(event) || event.altKey || state.view !== "write") return;
    const undoes = event.key.toLowerCase() === "z";
    const held = event.ctrlKey || event.metaKey;
    if (held && (!undoes || event.shiftKey)) return; // elsewhere that would do it again
    const digit = held ? -1 : studio.info.class_names.indexOf(event.key); // may be a z
    const removes = event.key === "Delete" || event.key === "Backspace";
    const own = event.target.closest("#kept button");
    if (removes && own) own.click();
    else if (digit >= 0 && current()) choose(digit);
    else if (undoes) undo();
    else if (removes) clear();
    else return;
    event.preventDefault();
  }

  /** What a link should bring back. A photograph is in no link: its hand is not the drawing's. */
  const writing = () => ({
    strokes: pad.strokes,
    chosen,
    kept,
    pen: pad.pen,
    followed: followed && !boxed.length,
  });

  /**
   * @param {object} saved
   * @param {import("./pad").Point[][]} saved.strokes @param {number | null} saved.chosen
   * @param {{digit: number, style: Float32Array}[]} saved.kept @param {string | null} saved.pen
   */
  function restoreWriting(saved) {
    leavePhoto();
    kept = saved.kept.map(({ digit, style }) => {
      const shares = new Float32Array(studio.model.classes);
      shares[digit] = 1;
      const image = studio.model.decode(style, [digit]);
      return { image, shares, digit, style, chosen: true, error: 0, doubt: "" };
    });
    showKept();
    chosen = saved.chosen;
    const pen = byId("pen").querySelector(`input[value="${CSS.escape(saved.pen ?? "medium")}"]`);
    if (pen) {
      pen.checked = true;
      pad.pen = pen.value;
    }
    pad.restore(saved.strokes);
  }

  Object.assign(Stylespace, { restoreWriting, startWrite, writing });
})();
