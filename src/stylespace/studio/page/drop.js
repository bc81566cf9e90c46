"use strict";
/** Pictures that are dropped or pasted anywhere on the page. */
(() => {
  const Stylespace = (globalThis.Stylespace ??= {});
  const { byId } = Stylespace;

  /** @param {(file: Blob) => void} open */
  function listenForPictures(open) {
    let inside = 0;
    const holdsFile = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
    const over = (event) => {
      if (!holdsFile(event)) return;
      event.preventDefault();
      inside += Number(event.type === "dragenter");
      byId("drop").hidden = false;
    };
    document.addEventListener("dragenter", over);
    document.addEventListener("dragover", over);
    document.addEventListener("dragleave", (event) => {
      if (holdsFile(event) && --inside <= 0) byId("drop").hidden = true;
    });
    document.addEventListener("drop", (event) => {
      inside = 0;
      byId("drop").hidden = true;
      const file = event.dataTransfer?.files[0];
      if (!file) return;
      event.preventDefault();
      open(file);
    });
    document.addEventListener("paste", (event) => {
      const file = [...(event.clipboardData?.files ?? [])].find(({ type }) =>
        type.startsWith("image/"),
      );
      if (file) open(file);
    });
  }

  Object.assign(Stylespace, { listenForPictures });
})();
