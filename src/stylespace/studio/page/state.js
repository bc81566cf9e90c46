"use strict";
/** What the page shows, in one place; whoever changes it tells the others. */
(() => {
  const Stylespace = (globalThis.Stylespace ??= {});

  /**
   * @typedef {object} State
   * @property {"write" | "explore" | "use" | "compare"} view
   * @property {Float32Array} style the hand that is shown
   * @property {boolean} smooth
   * @property {string} text @property {number} vary 0..1 @property {number} take a seed
   */
  /** The day where the reader is, as 2026-11-25. */
  function today() {
    const now = new Date();
    const parts = [now.getFullYear(), now.getMonth() + 1, now.getDate()];
    return parts.map((part) => String(part).padStart(2, "0")).join("-");
  }

  /** @type {State} */
  const state = {
    view: "write",
    style: new Float32Array(0),
    smooth: false,
    text: today(),
    vary: 0.35,
    take: 1,
  };

  /** @type {((changed: Set<string>, source: string) => void)[]} */
  const listeners = [];

  /** @param {(changed: Set<string>, source: string) => void} listener */
  const whenChanged = (listener) => void listeners.push(listener);

  /** @param {Partial<State>} values @param {string} [source] who changes them */
  function change(values, source = "") {
    Object.assign(state, values);
    const changed = new Set(Object.keys(values));
    for (const listener of listeners) listener(changed, source);
  }

  /** @template {HTMLElement} T @param {string} id @returns {T} */
  const byId = (id) => /** @type {T} */ (document.getElementById(id));

  /**
   * @param {string} tag @param {Record<string, any>} [properties]
   * @param {...(Node | string)} children
   */
  function make(tag, properties = {}, ...children) {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  }

  /** Whether a key is meant for the field that has the focus, not for the page.
   * @param {KeyboardEvent} event
   */
  const isTyping = ({ target }) =>
    target.matches(
      "input:not([type=radio], [type=checkbox], [type=range], [type=file]), select, textarea",
    );

  /** Whether a key is held that makes the others the browser's. @param {KeyboardEvent} event */
  const isHeld = ({ altKey, ctrlKey, metaKey }) => altKey || ctrlKey || metaKey;

  /** Switch a button; one that has the focus and is none any more gives it to the pad.
   * @param {HTMLButtonElement} button @param {boolean} useful
   */
  function enable(button, useful) {
    if (!useful && document.activeElement === button)
      byId("pad").focus({ preventScroll: true });
    button.disabled = !useful;
  }

  let hiding = 0;
  /** Say something for a while. @param {string} text @param {boolean} [stays] */
  function notice(text, stays = false) {
    const shown = byId("notice");
    shown.textContent = text;
    shown.hidden = !text;
    clearTimeout(hiding);
    if (text && !stays) hiding = setTimeout(() => (shown.hidden = true), 5000);
  }

  /** Calls `work` once at the next frame, however often it is asked for.
   * @param {() => void} work
   */
  function coalesced(work) {
    let asked = false;
    return () => {
      if (asked) return;
      asked = true;
      requestAnimationFrame(() => {
        asked = false;
        work();
      });
    };
  }

  Object.assign(Stylespace, {
    byId,
    change,
    coalesced,
    enable,
    isHeld,
    isTyping,
    make,
    notice,
    state,
    whenChanged,
  });
})();
