"use strict";
/** Explore: walk through the style space by map and sliders, at random, between two hands. */
(() => {
  const Stylespace = (globalThis.Stylespace ??= {});
  const {
    PIXELS,
    SIDE,
    Scatter,
    byId,
    change,
    coalesced,
    isHeld,
    isTyping,
    make,
    normalNumbers,
    paintImage,
    state,
    studio,
    whenChanged,
  } = Stylespace;

  const END = 3; // of a slider
  const NEAR = 0.028; // of the map's side: so near a click means the dot
  const CELLS = 13; // digits along a side of a map of digits

  /** @type {import("./scatter").Scatter} */
  let map;
  /** @type {{input: HTMLInputElement, output: HTMLOutputElement}[]} */
  let sliders = [];
  /** @type {{a: Float32Array | null, b: Float32Array | null}} */
  const ends = { a: null, b: null };
  const canvasOfCells = document.createElement("canvas");

  function startExplore() {
    const { info } = studio;
    buildSliders();
    const axes = firstAxes();
    map = new Scatter(byId("map"), info.points ?? { style: [], digits: [] }, axes);
    buildSelects(axes);
    listenToMap();
    byId("random").onclick = randomHand;
    byId("plain").onclick = () => walkTo(new Float32Array(state.style.length));
    byId("set-a").onclick = () => keepEnd("a");
    byId("set-b").onclick = () => keepEnd("b");
    byId("blend").oninput = blend;
    whenChanged((changed) => {
      if (changed.has("style") || changed.has("view")) refresh();
      if (changed.has("smooth")) paintEnds();
    });
    window.addEventListener("stylespace-colours", () => {
      paintEnds();
      drawCells();
    });
    document.addEventListener("keydown", (event) => {
      if (
        isTyping(event) ||
        event.defaultPrevented || // it named a class
        isHeld(event) ||
        event.key.toLowerCase() !== "r"
      )
        return;
      if (state.view !== "compare") randomHand();
    });
  }

  /** @param {Float32Array} style */
  const walkTo = (style) => change({ style }, "explore");

  function randomHand() {
    const normal = normalNumbers(Math.random);
    walkTo(state.style.map(() => normal()));
  }

  /** What a dimension changes, or its number. @param {number} dimension */
  function nameOf(dimension) {
    const name = studio.info.dimensions?.[dimension]?.name;
    return name ? name[0].toUpperCase() + name.slice(1) : `Style ${dimension + 1}`;
  }

  const isNamed = (dimension) => Boolean(studio.info.dimensions?.[dimension]?.name);

  /** All dimensions, those with names first. */
  const inOrder = () =>
    [...Array(studio.model.styleSize).keys()].sort(
      (a, b) => Number(isNamed(b)) - Number(isNamed(a)) || a - b,
    );

  /** @returns {import("./scatter").Axes} */
  function firstAxes() {
    const [across, up = null] = inOrder();
    return [across, up];
  }

  function buildSliders() {
    const size = studio.model.styleSize;
    sliders = Array.from({ length: size }, (_, dimension) => {
      const input = make("input", { type: "range", min: -END, max: END, step: 0.05, value: 0 });
      const output = make("output", { ariaLive: "off" }, "0.00"); // the slider tells it
      input.oninput = () => {
        const style = state.style.slice();
        style[dimension] = Number(input.value);
        walkTo(style);
      };
      return { input, output };
    });
    byId("sliders").classList.toggle("many", size > 8);
    byId("sliders").replaceChildren(
      ...inOrder().map((dimension) => {
        const { input, output } = sliders[dimension];
        const short = size > 8 && !isNamed(dimension);
        input.setAttribute("aria-label", nameOf(dimension));
        const label = make(
          "label",
          {},
          short ? String(dimension + 1) : nameOf(dimension),
          input,
          output,
        );
        label.classList.toggle("named", isNamed(dimension));
        return label;
      }),
    );
  }

  /** @param {import("./scatter").Axes} axes */
  function buildSelects(axes) {
    if (axes[1] === null) {
      byId("axis-y").parentElement.hidden = true;
      byId("map").setAttribute("aria-roledescription", "slider");
    }
    ["axis-x", "axis-y"].forEach((id, which) => {
      const options = sliders.map((_, dimension) =>
        make("option", { value: String(dimension) }, nameOf(dimension)),
      );
      byId(id).replaceChildren(...options);
      byId(id).value = String(axes[which]);
      byId(id).onchange = ({ target }) => {
        const [value, other] = [Number(target.value), 1 - which];
        if (map.axes[other] === value) setAxis(other, map.axes[which]);
        setAxis(which, value);
        map.measure();
        refresh();
      };
    });
    const names = studio.info.class_names.map((name, digit) =>
      make("option", { value: String(digit) }, `Map of ${name}`),
    );
    const dots = make("option", { value: "dots" }, "Test images");
    map.dots = map.points.style.length > 0;
    byId("map-layer").replaceChildren(...(map.dots ? [dots] : []), ...names);
    if (!map.dots) byId("map-help").textContent = "Drag to walk, or use the arrow keys.";
    else if (axes[1] === null) byId("map-help").prepend("A row for each digit. ");
    byId("map-layer").onchange = () => {
      map.dots = byId("map-layer").value === "dots";
      drawCells();
    };
  }

  /** @param {number} which @param {number} dimension */
  function setAxis(which, dimension) {
    map.axes[which] = dimension;
    byId(["axis-x", "axis-y"][which]).value = String(dimension);
  }

  /** A number without a sign before nothing. @param {number} value @param {number} digits */
  const said = (value, digits) => value.toFixed(digits).replace(/^-(0\.0*)$/, "$1");

  /** Bring map and sliders in line with the style. */
  const refresh = coalesced(() => {
    state.style.forEach((value, dimension) => {
      const { input, output } = sliders[dimension];
      if (document.activeElement !== input || Math.abs(Number(input.value) - value) > 0.03)
        input.value = String(value);
      output.textContent = said(value, 2).replace("-", "−");
    });
    const told = map.axes
      .filter((axis) => axis !== null)
      .map((axis) => `${nameOf(axis)} ${said(state.style[axis], 1)}`);
    byId("map").setAttribute("aria-label", `Style map: ${told.join(", ")}`);
    map.marker = state.style;
    if (state.view === "explore") map.paint();
    soonDrawCells();
  });

  let waiting = 0;
  function soonDrawCells() {
    if (map.dots || state.view !== "explore") return;
    clearTimeout(waiting);
    waiting = setTimeout(drawCells, 60);
  }

  /** One digit all over the map: what it looks like in each place's style. */
  function drawCells() {
    map.behind = null;
    if (!map.dots) {
      paintCells(Number(byId("map-layer").value));
      map.behind = canvasOfCells;
    }
    map.paint();
  }

  /** @param {number} digit */
  function paintCells(digit) {
    const size = state.style.length;
    const styles = new Float32Array(CELLS * CELLS * size);
    for (let cell = 0; cell < CELLS * CELLS; cell++) {
      const [x, y] = [cell % CELLS, Math.floor(cell / CELLS)];
      styles.set(styleAt((x + 0.5) / CELLS, (y + 0.5) / CELLS), cell * size);
    }
    const images = studio.model.decode(styles, new Array(CELLS * CELLS).fill(digit));
    canvasOfCells.width = canvasOfCells.height = CELLS * SIDE;
    const context = canvasOfCells.getContext("2d");
    const tile = document.createElement("canvas");
    for (let cell = 0; cell < CELLS * CELLS; cell++) {
      paintImage(tile, images.subarray(cell * PIXELS, (cell + 1) * PIXELS));
      context.drawImage(tile, (cell % CELLS) * SIDE, Math.floor(cell / CELLS) * SIDE);
    }
  }

  /** @param {PointerEvent} event @returns {[number, number]} shares of the map's side */
  function place(event) {
    const box = byId("map").getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  }

  function listenToMap() {
    const canvas = byId("map");
    /** @type {[number, number] | null} */
    let began = null;
    let dragged = false;
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button > 0) return;
      began = place(event);
      dragged = false;
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      const [x, y] = place(event);
      if (!began) return peek(x, y);
      if (Math.hypot(x - began[0], y - began[1]) > 0.012) dragged = true;
      if (dragged) goTo(x, y);
    });
    canvas.addEventListener("pointerup", (event) => {
      const [x, y] = place(event);
      const near = began && !dragged ? map.nearest(x, y, NEAR) : -1;
      if (near >= 0) walkTo(Float32Array.from(map.points.style[near]));
      else if (began) goTo(x, y);
      began = null;
    });
    canvas.addEventListener("pointercancel", () => (began = null));
    canvas.addEventListener("pointerleave", () => (byId("peek").hidden = true));
    canvas.addEventListener("keydown", walkByKey);
  }

  /** The style of a place on the map. @param {number} x @param {number} y shares of its side */
  function styleAt(x, y) {
    const style = state.style.slice();
    const [across, up] = map.axes;
    style[across] = map.toValue(x);
    if (up !== null) style[up] = map.toValue(1 - y);
    return style;
  }

  /** @param {number} x @param {number} y shares of the map's side */
  function goTo(x, y) {
    byId("peek").hidden = true;
    const within = (share) => Math.min(1, Math.max(0, share));
    walkTo(styleAt(within(x), within(y)));
  }

  /** Show the test image under the pointer, as the model draws it. */
  function peek(x, y) {
    const near = map.nearest(x, y, NEAR);
    const shown = byId("peek");
    shown.hidden = near < 0;
    if (near < 0) return;
    const image = studio.model.decode(Float32Array.from(map.points.style[near]), [
      map.points.digits[near],
    ]);
    paintImage(shown, image, state.smooth);
    shown.style.left = `${100 * (x > 0.8 ? x - 0.19 : x + 0.03)}%`;
    shown.style.top = `${100 * (y > 0.8 ? y - 0.19 : y + 0.03)}%`;
  }

  /** @param {KeyboardEvent} event */
  function walkByKey(event) {
    const ways = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowDown: [1, -1], ArrowUp: [1, 1] };
    const way = ways[event.key];
    if (!way || isHeld(event)) return;
    event.preventDefault(); // the page does not scroll away from under the map
    const axis = map.axes[way[0]];
    if (axis === null) return;
    const style = state.style.slice();
    const value = style[axis] + way[1] * (event.shiftKey ? 0.5 : 0.1);
    style[axis] = Math.min(map.reach, Math.max(-map.reach, value));
    walkTo(style);
  }

  /** @param {"a" | "b"} end */
  function keepEnd(end) {
    ends[end] = state.style.slice();
    byId(`set-${end}`).firstChild.textContent = end.toUpperCase();
    byId(`hand-${end}`).hidden = false;
    paintEnds();
    const both = ends.a && ends.b;
    byId("blend").disabled = !both;
    byId("blend").value = end === "a" ? "0" : "1";
    byId("blend-word").textContent = both
      ? "Move between the two hands."
      : `Now find another hand, and keep it as ${end === "a" ? "B" : "A"}.`;
  }

  function paintEnds() {
    const shown = Math.min(2, studio.model.classes - 1);
    for (const end of ["a", "b"]) {
      if (ends[end])
        paintImage(byId(`hand-${end}`), studio.model.decode(ends[end], [shown]), state.smooth);
    }
  }

  function blend() {
    const share = Number(byId("blend").value);
    walkTo(ends.a.map((value, i) => (1 - share) * value + share * ends.b[i]));
  }

  Object.assign(Stylespace, { mapReach: () => map.reach, nameOf, startExplore });
})();
