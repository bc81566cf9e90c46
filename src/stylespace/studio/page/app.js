"use strict";
/** The page's start: loads the model, builds the views, keeps tabs, colours and keys. */
(() => {
  const Stylespace = (globalThis.Stylespace ??= {});
  const {
    Model,
    Reader,
    buildRow,
    byId,
    change,
    isHeld,
    make,
    nameThings,
    notice,
    paintRow,
    readSafetensors,
    readSample,
    state,
    studio,
    whenChanged,
  } = Stylespace;

  const VIEWS = ["write", "explore", "use", "compare"];
  const SLOW = 400; // milliseconds, after which somebody wants to know what is going on

  /** What a page in a single file carries in itself. @returns {Record<string, any> | null} */
  function carried() {
    const element = byId("stylespace-data");
    return element ? JSON.parse(element.textContent) : null;
  }

  /** @param {string} text @returns {ArrayBuffer} */
  function fromBase64(text) {
    const letters = atob(text);
    const bytes = new Uint8Array(letters.length);
    for (let i = 0; i < bytes.length; i++) bytes[i] = letters.charCodeAt(i);
    return bytes.buffer;
  }

  /** @param {string} name */
  async function fetched(name) {
    const answer = await fetch(name, { cache: "no-cache" }).catch(() => null);
    if (!answer) throw new Error(`${name} cannot be reached`);
    if (!answer.ok) throw new Error(`${name} is not there`);
    return answer;
  }

  /** @param {Response} answer */
  async function readJson(answer) {
    const info = await answer.json().catch(() => null);
    if (!Array.isArray(info?.class_names)) throw new Error("studio.json is damaged");
    return info;
  }

  const FROM_DISK =
    "From disk the page works as one file only: stylespace export --to page.html makes it. " +
    "This folder belongs on a web host.";

  /** Load the model, the reader and what is known of them. */
  async function load() {
    const inside = carried();
    if (!inside && location.protocol === "file:") throw new Error(FROM_DISK);
    const info = inside ? inside["studio.json"] : await readJson(await fetched("studio.json"));
    /** @param {string} name */
    const weights = async (name) =>
      readSafetensors(
        inside ? fromBase64(inside[name]) : await (await fetched(name)).arrayBuffer(),
      );
    const [model, reader] = await Promise.all([
      weights(info.model),
      info.reader ? weights(info.reader) : null,
    ]);
    Object.assign(studio, { info, model: new Model(model), reader: reader && new Reader(reader) });
  }

  /** The first calls are slow: let them not be a person's first stroke. */
  function warmUp() {
    const image = studio.model.row(new Float32Array(studio.model.styleSize)).slice(0, 784);
    for (let i = 0; i < 3; i++) {
      readSample(image);
      studio.model.row(new Float32Array(studio.model.styleSize));
    }
  }

  function showView() {
    byId("main").dataset.view = state.view;
    for (const view of VIEWS) {
      const shown = view === state.view;
      byId(`view-${view}`).hidden = !shown;
      byId(`tab-${view}`).setAttribute("aria-selected", String(shown));
      byId(`tab-${view}`).tabIndex = shown ? 0 : -1;
    }
  }

  function startTabs() {
    document.querySelector(".skip").onclick = (event) => {
      event.preventDefault(); // the address may tell a hand
      byId("main").focus();
    };
    for (const view of VIEWS) byId(`tab-${view}`).onclick = () => change({ view });
    document.querySelector(".tabs").addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      const ends = { Home: 0, End: VIEWS.length - 1 }[event.key];
      if ((step ?? ends) === undefined || isHeld(event)) return;
      const next = ends ?? (VIEWS.indexOf(state.view) + step + VIEWS.length) % VIEWS.length;
      change({ view: VIEWS[next] });
      byId(`tab-${VIEWS[next]}`).focus();
      event.preventDefault();
    });
    whenChanged((changed) => {
      if (changed.has("view")) showView();
      if (changed.has("smooth")) byId("smooth").checked = state.smooth;
    });
    byId("smooth").onchange = ({ target }) => change({ smooth: target.checked });
  }

  const THEMES = ["auto", "light", "dark"];
  const THEME_NAMES = { auto: ["◐", "Auto"], light: ["☀", "Light"], dark: ["☾", "Dark"] };

  /** @param {string} theme */
  function setTheme(theme) {
    document.documentElement.dataset.theme = theme;
    const [sign, name] = THEME_NAMES[theme];
    byId("theme").replaceChildren(sign, make("b", {}, ` ${name}`));
    const how = theme === "auto" ? "auto, as the system has them" : theme;
    byId("theme").setAttribute("aria-label", `Colours: ${how}`);
    window.dispatchEvent(new Event("stylespace-colours"));
  }

  function startTheme() {
    let theme = "auto";
    try {
      theme = localStorage.getItem("stylespace-theme") ?? "auto";
    } catch {} // a page from disk may have no store
    const forced = matchMedia("(forced-colors: active)"); // then the system's own are all there are
    setTheme(THEMES.includes(theme) && !forced.matches ? theme : "auto");
    forced.addEventListener("change", () => setTheme("auto"));
    byId("theme").onclick = () => {
      const next = THEMES[(THEMES.indexOf(document.documentElement.dataset.theme) + 1) % 3];
      setTheme(next);
      try {
        localStorage.setItem("stylespace-theme", next);
      } catch {}
    };
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", () => window.dispatchEvent(new Event("stylespace-colours")));
    window.addEventListener("stylespace-colours", paintRow);
    startPrint();
  }

  /** Paper is white: what is printed has the ink of the light colours. */
  function startPrint() {
    let shown = "auto";
    window.addEventListener("beforeprint", () => {
      shown = document.documentElement.dataset.theme;
      setTheme("light");
    });
    window.addEventListener("afterprint", () => setTheme(shown));
  }

  function describe() {
    const { info } = studio;
    document.title = `${info.name} · stylespace studio`;
    const kind = { sae: "simple, ", aae: "adversarial, " }[info.objective] ?? "";
    const size = info.style_size === 1 ? "1 style dimension" : `${info.style_size} style dimensions`;
    byId("about").prepend(`${info.name}: ${kind}${size}. `);
  }

  const NEED_MODEL = "main, .tabs, .switch, #copy-link";

  /** Switch what needs the model. @param {"waits" | "works" | "dead"} how */
  function switchParts(how) {
    for (const part of document.querySelectorAll(NEED_MODEL)) {
      part.inert = how !== "works";
      part.classList.toggle("dead", how === "dead");
    }
  }

  async function start() {
    startTabs();
    startTheme();
    switchParts("waits");
    const slow = setTimeout(() => (byId("loading").hidden = false), SLOW);
    try {
      await load();
    } catch (error) {
      const { message } = error;
      notice(message === FROM_DISK ? message : `The model cannot be loaded: ${message}.`, true);
      switchParts("dead");
      return;
    } finally {
      clearTimeout(slow);
      byId("loading").hidden = true;
    }
    switchParts("works");
    buildRow(studio.info.class_names);
    nameThings();
    describe();
    warmUp();
    Stylespace.startWrite();
    Stylespace.startExplore?.();
    Stylespace.startUse?.();
    Stylespace.startCompare?.();
    change({ style: new Float32Array(studio.model.styleSize) }, "start");
    Stylespace.startLink?.();
    document.documentElement.dataset.ready = "yes";
  }

  start();
})();
