"use strict";
/** What the page calls what it draws: digits, or whatever else the model knows. */
(() => {
  const Stylespace = (globalThis.Stylespace ??= {});
  const { byId, studio } = Stylespace;

  const areDigits = () => studio.info.class_names.join("") === "0123456789";

  const AN = /^(?!one\b)([aeio]|8|1[18]$|[fhlmnrsx]$)/i; // by its sound: an 8, an F, but a one

  const words = {
    /** With its article: an 8, a Bag. @param {number} digit */
    one: (digit) => {
      const name = studio.info.class_names[digit];
      return `${AN.test(name) ? "an" : "a"} ${name}`;
    },
    all: () => (areDigits() ? "All ten digits" : `All ${studio.info.class_names.length}`),
    hint: () => (areDigits() ? "Write a digit" : "Draw here"),
    start: () =>
      areDigits()
        ? "Write any digit from 0 to 9, or drop a photograph of some."
        : "Draw one of those below, or drop a picture of some.",
    several: () => "One digit at a time, please.",
    strange: () => `That looks like ${areDigits() ? "no digit" : "none of them"} yet`,
  };

  /** Put them where they stand on the page from its start. */
  function nameThings() {
    byId("row-title").textContent = `${words.all()}, in this hand`;
    byId("all-name").textContent = words.all();
    byId("pad-hint").textContent = words.hint();
    byId("word").textContent = words.start();
    byId("say-keys").hidden = !areDigits();
  }

  Object.assign(Stylespace, { areDigits, nameThings, words });
})();
