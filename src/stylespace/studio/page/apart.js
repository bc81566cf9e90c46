"use strict";
/** Whether strokes are several digits side by side, where the pad wants one. */
(() => {
  const Stylespace = (globalThis.Stylespace ??= {});
  const { around } = Stylespace;

  const CLEAR = 0.15; // of the drawing's height between two digits: strokes of one come nearer
  const TALL = 0.5; // of the drawing's height, at least, is each of them: more than a speck

  /** @typedef {import("./prepare").Box} Extent in the pad's sides */

  /** @param {import("./pad").Point[]} stroke @returns {Extent} */
  function extentOf(stroke) {
    const [xs, ys] = [stroke.map(({ x }) => x), stroke.map(({ y }) => y)];
    return {
      left: Math.min(...xs),
      right: Math.max(...xs),
      top: Math.min(...ys),
      bottom: Math.max(...ys),
    };
  }

  /** @param {import("./pad").Point[][]} strokes */
  function areSeveral(strokes) {
    const extents = strokes.filter((stroke) => stroke.length).map(extentOf);
    if (extents.length < 2) return false;
    const whole = around(extents);
    const height = whole.bottom - whole.top;
    /** @type {Extent[]} */
    const groups = [];
    for (const extent of extents.sort((a, b) => a.left - b.left)) {
      const last = groups[groups.length - 1];
      if (last && extent.left - last.right < CLEAR * height)
        groups[groups.length - 1] = around([last, extent]);
      else groups.push(extent);
    }
    return groups.length > 1 && groups.every((one) => one.bottom - one.top >= TALL * height);
  }

  Object.assign(Stylespace, { areSeveral });
})();
