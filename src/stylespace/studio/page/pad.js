"use strict";
/** The drawing pad: strokes of mouse, finger, pen or keyboard, and the picture of them. */
(() => {
  const Stylespace = (globalThis.Stylespace ??= {});
  const { coalesced, isHeld, notice } = Stylespace;

  const GRAIN = 5; // pixels of the model's picture for each pixel of MNIST's 20
  const PENS = { fine: 1.9, medium: 2.6, broad: 3.6 }; // line widths in pixels of MNIST's 20
  const SIZE_TELLS = 0.35; // how far a small drawing's lines are thicker than a large one's
  const STEP = 1 / 28; // of the pen, by an arrow key
  const MOST_POINTS = 4000;

  /** Points are in shares of the pad's side; `pressure` is 1 but for pens that tell it.
   * @typedef {{x: number, y: number, pressure: number}} Point
   */

  class Pad {
    /**
     * @param {HTMLCanvasElement} canvas
     * @param {() => void} changed called at most once a frame
     */
    constructor(canvas, changed) {
      this.canvas = canvas;
      /** @type {Point[][]} */
      this.strokes = [];
      /** @type {Point[][][]} what undo brings back */
      this.past = [];
      /** @type {keyof typeof PENS} */
      this.pen = "medium";
      /** @type {number | null} */
      this.pointer = null;
      this.touched = false; // whether that is a finger, or a palm
      this.away = false; // whether the pointer has left the pad in the middle of a stroke
      this.cursor = { x: 0.5, y: 0.3, down: false };
      this.changed = changed;
      this.tell = coalesced(() => this.tellNow());
      this.listen();
      new ResizeObserver(() => this.paint()).observe(canvas);
    }

    tellNow() {
      this.paint();
      this.changed();
    }

    listen() {
      const { canvas } = this;
      canvas.addEventListener("pointerdown", (event) => this.begin(event));
      canvas.addEventListener("pointermove", (event) => this.go(event));
      for (const kind of ["pointerup", "pointercancel", "lostpointercapture"]) {
        canvas.addEventListener(kind, (event) => this.end(event));
      }
      canvas.addEventListener("keydown", (event) => this.key(event));
      canvas.addEventListener("blur", () => {
        this.cursor.down = false;
        this.paint();
      });
      canvas.addEventListener("focus", () => this.paint());
    }

    /** @param {PointerEvent} event @returns {Point} */
    place(event) {
      const box = this.canvas.getBoundingClientRect();
      const pressure = event.pointerType === "pen" && event.pressure ? 0.5 + event.pressure : 1;
      return {
        x: (event.clientX - box.left) / box.width,
        y: (event.clientY - box.top) / box.height,
        pressure,
      };
    }

    /** @param {PointerEvent} event */
    begin(event) {
      if (event.button > 0) return;
      if (this.pointer !== null) {
        if (!this.touched || event.pointerType !== "pen") return;
        this.strokes = this.past.pop(); // a hand rests on the pad while its pen writes
      }
      if (this.isFull()) return;
      this.lift();
      this.pointer = event.pointerId;
      this.touched = event.pointerType === "touch";
      this.canvas.setPointerCapture(event.pointerId);
      this.remember();
      this.strokes.push([this.place(event)]);
      this.tell();
    }

    /** @param {PointerEvent} event */
    go(event) {
      if (event.pointerId !== this.pointer) return;
      const all = event.getCoalescedEvents?.() ?? [];
      for (const one of all.length ? all : [event]) this.carry(this.place(one));
      if (this.isFull()) this.pointer = null;
      this.tell();
    }

    /** Carry a stroke on to a point. Ink is only on the pad: a stroke that leaves it ends there,
     * and where it comes back another begins.
     * @param {Point} point
     */
    carry(point) {
      const [x, y] = [point.x, point.y].map((share) => Math.min(1, Math.max(0, share)));
      const off = x !== point.x || y !== point.y;
      if (off && this.away) return;
      if (this.away) this.strokes.push([]);
      this.away = off;
      const stroke = this.strokes[this.strokes.length - 1];
      const last = stroke[stroke.length - 1];
      const far = !last || Math.hypot(x - last.x, y - last.y) > 0.003;
      if (far) stroke.push({ ...point, x, y });
    }

    /** The pen is on the paper no more, whatever held it there. */
    lift() {
      this.pointer = null;
      this.away = this.cursor.down = false;
    }

    /** @param {PointerEvent} event */
    end(event) {
      if (event.pointerId === this.pointer) this.pointer = null;
    }

    /** Whether the pad takes no more ink; then it says so. */
    isFull() {
      const points = this.strokes.reduce((sum, stroke) => sum + stroke.length, 0);
      if (points > MOST_POINTS) notice("The pad is full: Clear or Undo.");
      return points > MOST_POINTS;
    }

    /** @param {KeyboardEvent} event */
    key(event) {
      const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
      const { cursor } = this;
      if (ways[event.key] && !isHeld(event)) {
        const step = STEP * (event.shiftKey ? 3 : 1);
        cursor.x = Math.min(1, Math.max(0, cursor.x + ways[event.key][0] * step));
        cursor.y = Math.min(1, Math.max(0, cursor.y + ways[event.key][1] * step));
        const { x, y } = cursor;
        if (cursor.down && this.isFull()) cursor.down = false;
        if (cursor.down) this.strokes[this.strokes.length - 1].push({ x, y, pressure: 1 });
        if (cursor.down) this.tell();
        else this.paint();
      } else if (event.key === " " || event.key === "Enter") {
        if (!event.repeat) this.dip();
      } else return;
      event.preventDefault();
    }

    /** Put the keyboard's pen down, or take it up. */
    dip() {
      const { cursor } = this;
      cursor.down = !cursor.down && !this.isFull();
      if (cursor.down) {
        this.pointer = null;
        this.remember();
        this.strokes.push([{ x: cursor.x, y: cursor.y, pressure: 1 }]);
      }
      this.tell();
    }

    remember() {
      this.past.push(this.strokes.map((stroke) => stroke.slice()));
    }

    undo() {
      if (!this.past.length) return;
      this.lift();
      this.strokes = this.past.pop();
      this.tell();
    }

    clear() {
      if (this.strokes.length) this.putAside();
    }

    /** @param {Point[][]} strokes put there by a link; undo takes back one after the other, and
     * then brings back what was there before
     */
    restore(strokes) {
      this.lift();
      if (this.strokes.length) this.past.push(this.strokes);
      this.past.push(...strokes.map((_, count) => strokes.slice(0, count)));
      this.strokes = strokes;
      this.tellNow();
    }

    /** Make room for another drawing. @returns {Point[][]} what undo then brings back */
    putAside() {
      this.remember();
      this.lift();
      this.strokes = [];
      this.tellNow();
      return this.past[this.past.length - 1];
    }

    paint() {
      const { canvas } = this;
      const side = Math.round(canvas.clientWidth * (devicePixelRatio || 1));
      if (!side) return;
      if (canvas.width !== side) canvas.width = canvas.height = side;
      const context = canvas.getContext("2d");
      context.clearRect(0, 0, side, side);
      const style = getComputedStyle(canvas);
      context.strokeStyle = context.fillStyle = style.color;
      context.shadowColor = style.color;
      context.shadowBlur = side / 200; // soft ink
      const width = (PENS[this.pen] / 28) * side;
      for (const stroke of this.strokes)
        drawStroke(
          context,
          stroke,
          width,
          (v) => v * side,
          (v) => v * side,
        );
      context.shadowBlur = 0;
      if (document.activeElement === canvas && canvas.matches(":focus-visible"))
        this.paintCursor(context, side);
    }

    /** @param {CanvasRenderingContext2D} context @param {number} side */
    paintCursor(context, side) {
      context.beginPath();
      context.arc(this.cursor.x * side, this.cursor.y * side, side / 40, 0, 2 * Math.PI);
      context.strokeStyle = getComputedStyle(this.canvas).getPropertyValue("--accent");
      context.lineWidth = side / 120;
      if (this.cursor.down) context.fillStyle = context.strokeStyle;
      if (this.cursor.down) context.fill();
      context.stroke();
    }

    /**
     * The drawing as the model should see it: lines of a pen that fits MNIST's size.
     * @returns {import("./grey").Grey | null} null where there is next to nothing
     */
    ink() {
      const points = this.strokes.flat();
      if (!points.length) return null;
      const [left, right] = ends(points.map((point) => point.x));
      const [top, bottom] = ends(points.map((point) => point.y));
      const size = Math.max(right - left, bottom - top);
      if (size < 0.04) return null;
      // pressure decides how far lines go beyond their points
      const line = PENS[this.pen] * Math.min(1.6, Math.max(0.9, (0.7 / size) ** SIZE_TELLS));
      const scale = ((20 - line) * GRAIN) / size;
      const margin = 3 * line * GRAIN;
      const width = Math.ceil((right - left) * scale + 2 * margin);
      const height = Math.ceil((bottom - top) * scale + 2 * margin);
      const context = sheet(width, height);
      const [toX, toY] = [(x) => (x - left) * scale + margin, (y) => (y - top) * scale + margin];
      for (const stroke of this.strokes) drawStroke(context, stroke, line * GRAIN, toX, toY);
      const { data } = context.getImageData(0, 0, width, height);
      const ink = new Float32Array(width * height);
      for (let i = 0; i < ink.length; i++) ink[i] = data[4 * i + 3] / 255;
      return { width, height, data: ink };
    }
  }

  /** @param {number[]} values @returns {[number, number]} */
  const ends = (values) =>
    values.reduce(([a, b], x) => [Math.min(a, x), Math.max(b, x)], [Infinity, -Infinity]);

  /** @type {OffscreenCanvasRenderingContext2D | CanvasRenderingContext2D | null} */
  let used = null;
  /** An empty drawing sheet, the same again and again.
   * @param {number} width @param {number} height
   */
  function sheet(width, height) {
    used ??= document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    used.canvas.width = width;
    used.canvas.height = height;
    return used;
  }

  /**
   * A smooth line through a stroke's points.
   * @param {CanvasRenderingContext2D} context @param {Point[]} stroke @param {number} width
   * @param {(x: number) => number} toX @param {(y: number) => number} toY
   */
  function drawStroke(context, stroke, width, toX, toY) {
    context.lineCap = context.lineJoin = "round";
    const even = stroke.every(({ pressure }) => pressure === stroke[0].pressure);
    const path = () => {
      context.beginPath();
      context.moveTo(toX(stroke[0].x), toY(stroke[0].y));
    };
    context.lineWidth = width * stroke[0].pressure;
    path();
    for (let i = 1; i < stroke.length; i++) {
      const [before, point] = [stroke[i - 1], stroke[i]];
      const middle = { x: toX((before.x + point.x) / 2), y: toY((before.y + point.y) / 2) };
      context.quadraticCurveTo(toX(before.x), toY(before.y), middle.x, middle.y);
      if (even) continue;
      context.stroke();
      context.beginPath();
      context.moveTo(middle.x, middle.y);
      context.lineWidth = width * point.pressure;
    }
    const last = stroke[stroke.length - 1];
    context.lineTo(toX(last.x), toY(last.y) + (stroke.length === 1 ? 0.01 : 0));
    context.stroke();
  }

  Object.assign(Stylespace, { Pad });
})();
