"use strict";
/** Use: a text in this hand, and everything to take away. */
(() => {
  const Stylespace = (globalThis.Stylespace ??= {});
  const {
    PIXELS,
    SIDE,
    byId,
    change,
    coalesced,
    nearby,
    normalNumbers,
    notice,
    npy,
    paintInk,
    parseText,
    randomNumbers,
    rowImage,
    smoothInk,
    state,
    studio,
    toSvg,
    whenChanged,
    writeText,
    zip,
  } = Stylespace;

  const SAVED_INK = [29, 42, 77];
  const ENLARGED = 8; // pixels of a saved picture for each of an image
  const MOST_SET = 20_000;
  const SMALLEST = 44; // height of a line on the page
  const FIRST_LETTERS = 6;
  const BLOCK = 50; // digits that are drawn before the page gets its turn

  /** A text to begin with: today, or some letters where this model has no figures. */
  function firstText() {
    if (parseText(state.text).signs.some(({ kind }) => kind === "digit")) return state.text;
    const letters = studio.info.class_names.filter((name) => [...name].length === 1);
    return letters.slice(0, FIRST_LETTERS).join("");
  }

  function startUse() {
    byId("text").value = state.text = firstText();
    if (!state.text) {
      byId("text").placeholder = "No name here is of one character";
      byId("what").querySelector("input[value=row]").checked = true;
    }
    byId("text").oninput = ({ target }) => change({ text: target.value }, "text");
    byId("vary").oninput = ({ target }) => change({ vary: Number(target.value) }, "vary");
    byId("again").onclick = () => change({ take: 1 + Math.floor(Math.random() * 1e6) });
    byId("save-png").onclick = savePng;
    byId("save-svg").onclick = () => {
      const grey = chosenPicture();
      if (grey)
        save(new Blob([toSvg(grey, titleOf())], { type: "image/svg+xml" }), `${nameOf()}.svg`);
    };
    byId("save-style").onclick = saveStyle;
    byId("save-set").onclick = saveSet;
    const repaint = coalesced(paintLine);
    let waiting = 0;
    whenChanged((changed, source) => {
      if (changed.has("text") && source !== "text") byId("text").value = state.text;
      if (changed.has("vary") && source !== "vary") byId("vary").value = String(state.vary);
      if (!["style", "text", "vary", "take", "smooth", "view"].some((key) => changed.has(key)))
        return;
      // while somebody draws or drags, the ten digits come first
      clearTimeout(waiting);
      if (state.view === "use") repaint();
      else waiting = setTimeout(repaint, 80);
    });
    window.addEventListener("resize", repaint);
    window.addEventListener("stylespace-colours", paintLine); // at once: a printer waits for none
  }

  /** The text as ink. @param {number} [widest] @returns {import("./grey").Grey | null} */
  function line(widest) {
    const { signs, odd } = parseText(state.text);
    const text = odd.length ? `This hand cannot write ${odd.join(" ")}` : "";
    if (byId("text-word").textContent !== text) byId("text-word").textContent = text;
    return writeText(signs, state.style, state.vary, state.take, widest);
  }

  function paintLine() {
    byId("line").hidden = false; // an empty paper is not there, but what comes may need it
    if (!state.style.length || byId("paper").offsetParent === null) return;
    const room = byId("line").parentElement;
    const padding = parseFloat(getComputedStyle(room).paddingLeft);
    const inner = room.clientWidth - 2 * padding;
    const height = state.view === "use" ? 120 : 84;
    let grey = line();
    // on one line, but not so small that nobody can read it
    if (grey && (inner * SIDE) / grey.width < SMALLEST) grey = line((inner * SIDE) / SMALLEST);
    const canvas = byId("line");
    canvas.hidden = !grey;
    if (!grey) return;
    canvas.classList.toggle("smooth", state.smooth);
    paintInk(canvas, state.smooth ? smoothInk(grey, 4) : grey);
    const scale = Math.min(
      inner / grey.width,
      grey.height > SIDE ? SMALLEST / SIDE : height / SIDE,
    );
    canvas.style.width = `${Math.floor(grey.width * scale)}px`;
    canvas.setAttribute("aria-label", `${state.text} in this hand`);
  }

  const isText = () => byId("what").querySelector("input:checked").value === "text";
  const titleOf = () => (isText() ? state.text : "All digits in one hand");
  const nameOf = () => (isText() ? state.text.replace(/[^\w.-]+/g, "-") || "text" : "digits");

  /** What is chosen for saving. @returns {import("./grey").Grey | null} */
  function chosenPicture() {
    if (!isText()) return wholeRow();
    const grey = line();
    if (!grey) notice("There is no text to save.");
    return grey;
  }

  /** All digits, five in a row. @returns {import("./grey").Grey} */
  function wholeRow() {
    const { classes } = studio.model;
    const columns = Math.min(5, classes);
    const width = columns * SIDE;
    const height = Math.ceil(classes / columns) * SIDE;
    const data = new Float32Array(width * height);
    for (let digit = 0; digit < classes; digit++) {
      const image = rowImage(digit);
      const corner = Math.floor(digit / columns) * SIDE * width + (digit % columns) * SIDE;
      for (let y = 0; y < SIDE; y++) {
        data.set(image.subarray(y * SIDE, (y + 1) * SIDE), corner + y * width);
      }
    }
    return { width, height, data };
  }

  /** @param {Blob} blob @param {string} name */
  function save(blob, name) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    notice(`Saved ${name}`);
  }

  function savePng() {
    const grey = chosenPicture();
    if (!grey) return;
    const ink = document.createElement("canvas");
    paintInk(ink, state.smooth ? smoothInk(grey, ENLARGED) : grey, SAVED_INK);
    const sheet = document.createElement("canvas");
    sheet.width = grey.width * ENLARGED;
    sheet.height = grey.height * ENLARGED;
    const context = sheet.getContext("2d");
    context.fillStyle = "#ffffff";
    context.fillRect(0, 0, sheet.width, sheet.height);
    context.imageSmoothingEnabled = false;
    context.drawImage(ink, 0, 0, sheet.width, sheet.height);
    sheet.toBlob((blob) => save(blob, `${nameOf()}.png`), "image/png");
  }

  function saveStyle() {
    const style = [...state.style].map((x) => Number(x.toFixed(6)));
    const content = { format: 1, session: studio.info.name, style_size: style.length, style };
    save(
      new Blob([`${JSON.stringify(content, null, 2)}\n`], { type: "application/json" }),
      "style.json",
    );
  }

  async function saveSet() {
    const field = byId("set-size");
    const count = Number(field.value);
    if (!Number.isInteger(count) || count < 1 || count > MOST_SET) {
      notice(`From 1 to ${MOST_SET.toLocaleString("en")} digits, please.`);
      field.focus();
      return;
    }
    const button = byId("save-set");
    const focused = document.activeElement === button;
    button.disabled = true;
    byId("set-progress").hidden = false;
    try {
      save(await drawSet(count, state.style, state.vary, state.take), `digits-${count}.npz`);
    } finally {
      button.disabled = false;
      if (focused && document.activeElement === document.body) button.focus();
      byId("set-progress").hidden = true;
    }
  }

  /** Let the page do what waits. A timer would wait for a second where the page is hidden. */
  function turn() {
    const { port1, port2 } = new MessageChannel();
    return new Promise((resume) => {
      port1.onmessage = () => {
        port1.close();
        resume();
      };
      port2.postMessage(null);
    });
  }

  /**
   * A labelled set around a style, as `stylespace generate --export` writes them: sample `i` shows
   * the digit `i % classes`.
   * @param {number} count @param {Float32Array} style @param {number} vary @param {number} take
   */
  async function drawSet(count, style, vary, take) {
    const { classes } = studio.model;
    const normal = normalNumbers(randomNumbers(take));
    const images = new Uint8Array(count * PIXELS);
    const digits = Array.from({ length: count }, (_, i) => i % classes);
    const styles = new Float32Array(count * style.length);
    for (let from = 0; from < count; from += BLOCK) {
      const block = digits.slice(from, from + BLOCK);
      block.forEach((_, i) => styles.set(nearby(style, vary, normal), (from + i) * style.length));
      const part = styles.subarray(from * style.length, (from + block.length) * style.length);
      studio.model
        .decode(part, block)
        .forEach((x, i) => (images[from * PIXELS + i] = Math.round(255 * x)));
      byId("set-progress").value = from / count;
      await turn();
    }
    return zip([
      { name: "images.npy", bytes: npy("|u1", [count, SIDE, SIDE], images) },
      { name: "digits.npy", bytes: npy("<i8", [count], BigInt64Array.from(digits, BigInt)) },
      { name: "styles.npy", bytes: npy("<f4", [count, style.length], styles) },
      ...namesPart(studio.info.class_names),
    ]);
  }

  /** What the digits are called, where their numbers do not say so. @param {string[]} names */
  function namesPart(names) {
    if (names.every((name, i) => name === String(i))) return [];
    const letters = names.map((name) => Array.from(name, (letter) => letter.codePointAt(0)));
    const longest = Math.max(...letters.map((codes) => codes.length));
    const codes = new Uint32Array(names.length * longest);
    letters.forEach((name, i) => codes.set(name, i * longest));
    return [{ name: "class_names.npy", bytes: npy(`<U${longest}`, [names.length], codes) }];
  }

  Object.assign(Stylespace, { startUse });
})();
