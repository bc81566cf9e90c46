"use strict";
/** Compare: the report card, and the style spaces of sessions side by side. */
(() => {
  const Stylespace = (globalThis.Stylespace ??= {});
  const { Scatter, byId, digitColour, make, state, studio, whenChanged } = Stylespace;

  const KINDS = { sae: "Simple auto-encoder", aae: "Adversarial auto-encoder" };

  /** @typedef {{name: string, objective: string, points: any, card: any[] | null}} Session */

  /** @type {import("./scatter").Scatter[]} */
  let maps = [];

  /** This session and those beside it. @returns {Session[]} */
  const sessions = () => [studio.info, ...(studio.info.compare ?? [])];

  function startCompare() {
    byId("spaces").replaceChildren(
      ...sessions()
        .filter(({ points }) => points?.count)
        .map(spaceOf),
    );
    const reach = Math.max(...maps.map((map) => map.reach));
    for (const map of maps) map.reach = reach; // one scale: what is wider looks wider
    byId("spaces").append(...hints());
    const shown = sessions().filter(({ card }) => card?.length);
    byId("card").replaceChildren(...(shown.length ? [tableOf(shown)] : []));
    paintLegends();
    whenChanged((changed) => {
      if (changed.has("view") && state.view === "compare") maps.forEach((map) => map.paint());
    });
    window.addEventListener("stylespace-colours", () => {
      maps.forEach((map) => map.paint());
      paintLegends();
    });
  }

  /** @param {Session} session */
  function spaceOf({ name, objective, points }) {
    const canvas = make("canvas");
    const kind = KINDS[objective] ?? "Session";
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `${kind}: the style vectors of ${points.count} test images`);
    const flat = points.style[0].length === 1;
    maps.push(new Scatter(canvas, points, [0, flat ? null : 1]));
    const caption = make(
      "figcaption",
      {},
      `${points.count} test images, style 1 across and `,
      flat ? "each digit in a row of its own; lines" : "style 2 up; circles",
      " at one, two and three standard deviations.",
    );
    return make(
      "figure",
      {},
      make("h2", {}, name),
      make("p", { className: "soft" }, kind),
      canvas,
      caption,
    );
  }

  function paintLegends() {
    document.querySelectorAll(".legend").forEach((legend) => legend.remove());
    if (!maps.length) return;
    const items = studio.info.class_names.map((name, digit) => {
      const dot = make("i");
      dot.style.background = digitColour(digit);
      return make("li", {}, dot, name);
    });
    byId("spaces").after(
      make("ul", { className: "legend", ariaLabel: "Colours of the digits" }, ...items),
    );
  }

  /** A name as a shell takes it. @param {string} name */
  const quoted = (name) =>
    /^[\w.-]+$/.test(name) ? name : `'${name.replaceAll("'", String.raw`'\''`)}'`;

  /** What could be here, and how it comes. */
  function hints() {
    const [own, ...others] = sessions();
    const parts = [];
    if (!others.length) {
      const how = "shows another session beside this one, say a simple auto-encoder.";
      parts.push(hint("Side by side", `stylespace studio ${quoted(own.name)} --compare OTHER`, how));
    }
    if (!own.card?.length) {
      const how = "measures this session. Open the studio again, and its report card is here.";
      parts.push(hint("A report card", `stylespace evaluate ${quoted(own.name)}`, how));
    }
    return parts;
  }

  /** @param {string} title @param {string} command @param {string} rest */
  function hint(title, command, rest) {
    return make(
      "div",
      { className: "empty-card" },
      make("h2", {}, title),
      make("p", {}, make("code", {}, command), ` ${rest}`),
    );
  }

  /** @param {Session[]} shown */
  function tableOf(shown) {
    const several = shown.length > 1;
    const heads = several ? shown.map(({ name }) => name) : ["Figure"];
    const head = make(
      "tr",
      {},
      ...["Measure", ...heads, "Perfect", "Chance"].map((text) =>
        make("th", { scope: "col" }, text),
      ),
    );
    const rows = [];
    let group = null;
    for (const row of rowsOf(shown)) {
      if (row.group !== group) {
        group = row.group;
        rows.push(
          make(
            "tr",
            { className: "group" },
            make("th", { colSpan: heads.length + 3, scope: "rowgroup" }, group),
          ),
        );
      }
      rows.push(rowOf(row, shown));
    }
    const table = make(
      "table",
      {},
      make("caption", {}, several ? "Report cards" : `Report card of ${shown[0].name}`),
    );
    table.append(make("thead", {}, head), make("tbody", {}, ...rows));
    return make("div", { className: "scroll" }, table);
  }

  /** Every measure that any of the cards has, in the cards' order. @param {Session[]} shown */
  function rowsOf(shown) {
    const rows = new Map();
    for (const { card } of shown) {
      for (const row of card) {
        const key = `${row.group}\n${row.name}`;
        if (!rows.has(key)) rows.set(key, row);
      }
    }
    return [...rows.values()];
  }

  /** @param {any} row @param {Session[]} shown */
  function rowOf(row, shown) {
    const rows = shown.map(({ card }) =>
      card.find((one) => one.group === row.group && one.name === row.name),
    );
    const name = make("th", { scope: "row" }, row.name);
    const shared = rows.every((own) => !own || own.meaning === row.meaning);
    const note = (own) => make("div", { className: "soft" }, own.meaning);
    if (shared && row.meaning) name.append(note(row));
    const figures = rows.map((own) => {
      const text = own ? (own.text ?? String(own.value)) : "-";
      const figure = make("td", { className: "figure" }, text);
      if (own?.meaning && !shared) figure.append(note(own));
      return figure;
    });
    const marks = ["perfect", "chance"].map((mark) => make("td", {}, markOf(rows, mark)));
    return make("tr", {}, name, ...figures, ...marks);
  }

  /** Once if the cards agree, else one after the other.
   * @param {any[]} rows @param {string} mark
   */
  function markOf(rows, mark) {
    const marks = rows.map((own) => String(own?.[mark] ?? "-"));
    const known = new Set(marks.filter((_, i) => rows[i]));
    return known.size === 1 ? [...known][0] : marks.join(" / ");
  }

  Object.assign(Stylespace, { startCompare });
})();
