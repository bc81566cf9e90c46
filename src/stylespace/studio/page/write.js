"use strict";
/** Write: draw a digit or drop a photograph, and see all digits in that hand. */
(() => {
  const Stylespace = (globalThis.Stylespace ??= {});
  const {
    Pad,
    PictureError,
    byId,
    change,
    handWord,
    hidePhoto,
    labelBoxes,
    make,
    markTile,
    meanStyle,
    notice,
    paintImage,
    prepareInk,
    readDigits,
    readPicture,
    readSample,
    showPhoto,
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
  /** Which digit a person said the drawing is. @type {number | null} */
  let chosen = null;
  /** The digits that were kept for the hand. @type {Sample[]} */
  let kept = [];
  /** The digits on the photograph. @type {import("./photo").Boxed[]} */
  let boxed = [];
  let currentBox = -1;

  function startWrite() {
    pad = new Pad(byId("pad"), drawingChanged);
    buildChoice();
    byId("undo").onclick = () => (boxed.length ? leavePhoto() : pad.undo());
    byId("clear").onclick = clear;
    byId("keep").onclick = keep;
    byId("pen").addEventListener("change", ({ target }) => {
      pad.pen = target.value;
      pad.tell();
    });
    byId("photo-file").onchange = ({ target }) => {
      if (target.files[0]) openPhoto(target.files[0]);
      target.value = "";
    };
    listenForPictures();
    document.addEventListener("keydown", shortcut);
    whenChanged((changed) => {
      if (changed.has("smooth")) paintAgain();
    });
    window.addEventListener("stylespace-colours", paintAgain);
  }

  function paintAgain() {
    pad.paint();
    paintSeen();
    showKept();
  }

  function clear() {
    leavePhoto();
    pad.clear();
  }

  /** A button for each digit, to say which one it is. */
  function buildChoice() {
    const { class_names: names } = studio.info;
    byId("digits").classList.toggle(
      "words",
      names.some((name) => name.length > 2),
    );
    byId("digits").replaceChildren(
      ...names.map((name, digit) => {
        const button = make("button", { type: "button", textContent: name, disabled: true });
        button.setAttribute("role", "radio");
        button.setAttribute("aria-checked", "false");
        button.onclick = () => choose(digit);
        return button;
      }),
    );
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
    byId("undo").disabled = !pad.past.length;
    byId("clear").disabled = !pad.strokes.length;
    if (!pad.strokes.length) chosen = null;
    drawn = readDrawing();
    show();
  }

  /** @returns {Sample | null} */
  function readDrawing() {
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
    showWord(sample);
    showChoice(sample);
    paintSeen();
    byId("keep").disabled = !drawn || drawn.doubt === "strange" || boxed.length > 0;
    byId("hand-word").textContent = handWord(hand);
    byId("row").classList.toggle("doubtful", sample?.doubt === "strange");
    markTile(sample && sample.doubt !== "strange" ? sample.digit : -1);
    if (hand.length) change({ style: meanStyle(hand) }, "write");
  }

  function paintSeen() {
    const sample = seen();
    const image = sample ? sample.image : new Float32Array(784);
    paintImage(byId("seen"), image, state.smooth);
    byId("seen").classList.toggle("empty", !sample);
  }

  /** @param {Sample | null} sample */
  function showWord(sample) {
    const word = wordFor(sample);
    // said again it would be read out again
    if (byId("word").textContent !== word) byId("word").textContent = word;
    byId("word").classList.toggle("doubt", Boolean(sample?.doubt));
  }

  /** @param {Sample | null} sample */
  function wordFor(sample) {
    if (boxed.length && !sample) return `${boxed.length} found. Click one to check it.`;
    if (!sample) {
      return pad.strokes.length
        ? "A little larger, please."
        : words.start();
    }
    const names = studio.info.class_names;
    const name = names[sample.digit];
    switch (sample.doubt) {
      case "strange":
        return `${words.strange()}, so the row waits. Try once more?`;
      case "unlike":
        return `That does not look much like a ${name}; its hand may be a little off.`;
      case "unsure": {
        if (!studio.reader) return "Which one is it? Tap it.";
        const [first, second] = ranked(sample.shares);
        return `A ${names[first]}, or a ${names[second]}? Tap the right one.`;
      }
      default:
        return sample.chosen
          ? `A ${name}, as you say.`
          : `That is a ${name}. If not, tap the right one.`;
    }
  }

  /** Digits from the likeliest to the least. @param {Float32Array} shares */
  const ranked = (shares) => [...shares.keys()].sort((a, b) => shares[b] - shares[a]);

  /** @param {Sample | null} sample */
  function showChoice(sample) {
    [...byId("digits").children].forEach((button, digit) => {
      const taken = sample?.digit === digit && sample.doubt !== "strange";
      button.disabled = !sample;
      button.setAttribute("aria-checked", String(taken));
      button.style.setProperty("--share", String(sample ? sample.shares[digit] : 0));
    });
  }

  function keep() {
    if (!drawn || drawn.doubt === "strange") return;
    kept.push(drawn);
    chosen = null;
    pad.restore([]);
    showKept();
  }

  function showKept() {
    byId("kept").replaceChildren(
      ...kept.map((sample, index) => {
        const canvas = make("canvas");
        paintImage(canvas, sample.image, state.smooth);
        const name = studio.info.class_names[sample.digit];
        const remove = () => {
          kept.splice(index, 1);
          showKept();
          show();
        };
        const button = make("button", {
          type: "button",
          title: `Take out this ${name}`,
          onclick: remove,
        });
        button.setAttribute("aria-label", `Take out this ${name}`);
        button.append(canvas);
        return make("li", {}, button);
      }),
    );
  }

  /** @param {Blob} file */
  async function openPhoto(file) {
    change({ view: "write" });
    notice("Looking for digits…", true);
    try {
      const picture = await readPicture(file);
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
      notice(error.message);
    }
  }

  function leavePhoto() {
    if (!boxed.length) return;
    boxed = [];
    currentBox = -1;
    byId("undo").textContent = "Undo";
    hidePhoto();
    drawingChanged();
  }

  function listenForPictures() {
    let inside = 0;
    const holdsFile = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
    const over = (event) => {
      if (!holdsFile(event)) return;
      event.preventDefault();
      inside += Number(event.type === "dragenter");
      byId("drop").hidden = false;
    };
    document.addEventListener("dragenter", over);
    document.addEventListener("dragover", over);
    document.addEventListener("dragleave", (event) => {
      if (holdsFile(event) && --inside <= 0) byId("drop").hidden = true;
    });
    document.addEventListener("drop", (event) => {
      inside = 0;
      byId("drop").hidden = true;
      const file = event.dataTransfer?.files[0];
      if (!file) return;
      event.preventDefault();
      openPhoto(file);
    });
    document.addEventListener("paste", (event) => {
      const file = [...(event.clipboardData?.files ?? [])].find(({ type }) =>
        type.startsWith("image/"),
      );
      if (file) openPhoto(file);
    });
  }

  /** @param {KeyboardEvent} event */
  function shortcut(event) {
    const typing = event.target.closest(
      "input:not([type=radio], [type=checkbox]), select, textarea",
    );
    if (typing || event.altKey || state.view !== "write") return;
    const undoes = event.key.toLowerCase() === "z";
    if (event.ctrlKey || event.metaKey) {
      if (!undoes) return;
    }
    const digit = studio.info.class_names.indexOf(event.key);
    if (undoes) boxed.length ? leavePhoto() : pad.undo();
    else if (event.key === "Delete" || event.key === "Backspace") clear();
    else if (digit >= 0 && current()) choose(digit);
    else return;
    event.preventDefault();
  }

  /** What a link should bring back. */
  const writing = () => ({ strokes: pad.strokes, chosen, kept });

  /**
   * @param {object} saved
   * @param {import("./pad").Point[][]} saved.strokes @param {number | null} saved.chosen
   * @param {{digit: number, style: Float32Array}[]} saved.kept
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
    pad.restore(saved.strokes);
  }

  Object.assign(Stylespace, { restoreWriting, startWrite, writing });
})();
