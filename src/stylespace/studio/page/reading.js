"use strict";
/** What the page takes a drawing for: said in a word, and on a button for each digit. */
(() => {
  const Stylespace = (globalThis.Stylespace ??= {});
  const { byId, enable, isHeld, make, studio, words } = Stylespace;

  /** @typedef {import("./hand").Sample} Sample */

  const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

  /** A button for each digit, to say which one it is. @param {(digit: number) => void} choose */
  function buildChoice(choose) {
    const { class_names: names } = studio.info;
    const group = byId("digits");
    group.classList.toggle(
      "words",
      names.some((name) => name.length > 2),
    );
    const buttons = names.map((name, digit) => {
      const button = make("button", { type: "button", textContent: name, disabled: true });
      button.setAttribute("role", "radio");
      button.setAttribute("aria-checked", "false");
      button.onclick = () => choose(digit);
      return button;
    });
    group.replaceChildren(...buttons);
    group.onkeydown = (event) => {
      const step = STEPS[event.key];
      if (!step || isHeld(event)) return;
      const next = (buttons.indexOf(event.target) + step + buttons.length) % buttons.length;
      choose(next);
      buttons[next].focus();
      event.preventDefault();
    };
  }

  /**
   * @param {Sample | null} sample
   * @param {string} otherwise what to say where there is none
   */
  function showReading(sample, otherwise) {
    const word = sample ? wordFor(sample) : otherwise;
    // said again it would be read out again
    if (byId("word").textContent !== word) byId("word").textContent = word;
    byId("word").classList.toggle("doubt", Boolean(sample?.doubt));
    showChoice(sample);
  }

  /** @param {Sample} sample */
  function wordFor(sample) {
    const name = words.one(sample.digit);
    switch (sample.doubt) {
      case "strange":
        return `${words.strange()}, so the row waits. Try once more?`;
      case "unlike":
        return `That does not look much like ${name}; its hand may be a little off.`;
      case "unsure": {
        if (!studio.reader) return "Which one is it? Tap it.";
        const [first, second] = ranked(sample.shares);
        return `${capital(words.one(first))}, or ${words.one(second)}? Tap the right one.`;
      }
      default:
        return sample.chosen
          ? `${capital(name)}, as you say.`
          : `That is ${name}. If not, tap the right one.`;
    }
  }

  /** @param {string} text */
  const capital = (text) => text[0].toUpperCase() + text.slice(1);

  /** Digits from the likeliest to the least. @param {Float32Array} shares */
  const ranked = (shares) => [...shares.keys()].sort((a, b) => shares[b] - shares[a]);

  /** @param {Sample | null} sample */
  function showChoice(sample) {
    const taken = sample && sample.doubt !== "strange" ? sample.digit : -1;
    [...byId("digits").children].forEach((button, digit) => {
      enable(button, Boolean(sample));
      button.tabIndex = digit === Math.max(0, taken) ? 0 : -1; // the arrow keys do the rest
      button.setAttribute("aria-checked", String(digit === taken));
      button.style.setProperty("--share", String(sample ? sample.shares[digit] : 0));
    });
  }

  Object.assign(Stylespace, { buildChoice, showReading });
})();
