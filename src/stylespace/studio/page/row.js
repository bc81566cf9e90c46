"use strict";
/** All digits in the hand that is shown: the page's middle. */
(() => {
  const Stylespace = (globalThis.Stylespace ??= {});
  const { PIXELS, byId, coalesced, make, paintImage, state, studio, whenChanged } = Stylespace;

  /** @type {HTMLCanvasElement[]} */
  let tiles = [];
  /** The images that are shown, `[classes, 784]`. @type {Float32Array} */
  let images = new Float32Array(0);

  /** One empty tile a digit. @param {string[]} names */
  function buildRow(names) {
    tiles = names.map((name) => {
      const canvas = make("canvas", { width: 28, height: 28 });
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", `${name} in this hand`);
      return canvas;
    });
    byId("row").replaceChildren(
      ...tiles.map((tile, digit) =>
        make(
          "li",
          {},
          tile,
          make("span", { className: "name", ariaHidden: "true" }, names[digit]),
        ),
      ),
    );
    byId("row").classList.toggle("many", names.length > 10);
  }

  function drawRow() {
    if (!state.style.length) return;
    images = studio.model.row(state.style);
    paintRow();
  }

  function paintRow() {
    if (!images.length) return;
    tiles.forEach((tile, digit) => paintImage(tile, rowImage(digit), state.smooth));
  }

  /** @param {number} digit */
  const rowImage = (digit) => images.subarray(digit * PIXELS, (digit + 1) * PIXELS);

  /** Ring the digit that was written; -1 for none. @param {number} digit */
  function markTile(digit) {
    tiles.forEach((tile, i) => tile.parentElement.classList.toggle("written", i === digit));
  }

  const repaint = coalesced(paintRow);
  whenChanged((changed, source) => {
    if (changed.has("style") && source !== "write") {
      markTile(-1);
      byId("row").classList.remove("doubtful");
    }
    if (changed.has("style")) drawRow();
    else if (changed.has("smooth")) repaint();
  });

  Object.assign(Stylespace, { buildRow, markTile, paintRow, rowImage });
})();
