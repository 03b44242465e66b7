"use strict";
(() => {
  const figures = [...document.querySelectorAll("figure")];
  const root = document.documentElement;
  const large = document.getElementById("large");
  const theme = document.getElementById("theme");
  const chosen = { status: "", tags: new Set() };
  let current = null;

  function fits(figure) {
    const tags = figure.dataset.tags.split(" ");
    return (!chosen.status || figure.dataset.status === chosen.status)
      && [...chosen.tags].every((tag) => tags.includes(tag));
  }
  function filter() {
    for (const figure of figures) figure.hidden = !fits(figure);
    const shown = figures.filter((figure) => !figure.hidden).length;
    document.getElementById("nothing").hidden = shown > 0 || figures.length === 0;
    const words = document.getElementById("wall").dataset.shown;
    document.getElementById("shown").textContent = words
      .replace("{shown}", shown).replace("{count}", figures.length);
    for (const button of document.querySelectorAll("nav [data-status]"))
      button.setAttribute("aria-pressed", String(button.dataset.status === chosen.status));
    for (const button of document.querySelectorAll("nav [data-tag]"))
      button.setAttribute("aria-pressed", String(chosen.tags.has(button.dataset.tag)));
  }
  function enlarge(figure) {
    const small = figure.querySelector("img");
    if (!small) return;
    current = figure;
    const image = large.querySelector("img");
    image.src = small.src;
    image.alt = small.alt;
    const ratio = small.getAttribute("width") / small.getAttribute("height");
    image.style.setProperty("--grow", ratio);
    // Larger than it is, so that it can be looked at, but not to a blur.
    image.style.setProperty("--most", `${2.5 * (small.naturalWidth || 864)}px`);
    for (const each of [".number", ".caption", ".credit bdi"]) {
      const from = figure.querySelector(each === ".credit bdi" ? ".by bdi" : each);
      large.querySelector(each).textContent = from ? from.textContent : "";
    }
    if (large.open) return;
    large.showModal();
    document.getElementById("close").focus();
  }
  function reveal(figure) {
    figure.classList.add("revealed");
    const frame = figure.querySelector("button.frame");
    frame.setAttribute("aria-label", frame.dataset.label);
  }
  function step(by) {
    // A spoiler is not shown by going past it.
    const open = figures.filter((each) => !each.hidden && each.querySelector("img")
      && (!each.classList.contains("spoiler") || each.classList.contains("revealed")));
    const at = open.indexOf(current);
    if (open.length) enlarge(open[(at + by + open.length) % open.length]);
  }
  function name() {
    theme.textContent = root.dataset.theme === "dark" ? theme.dataset.light : theme.dataset.dark;
  }
  for (const figure of figures) {
    const frame = figure.querySelector("button.frame");
    if (!frame) continue;
    frame.addEventListener("click", () => {
      if (figure.classList.contains("spoiler") && !figure.classList.contains("revealed"))
        reveal(figure);
      else enlarge(figure);
    });
  }
  for (const button of document.querySelectorAll("nav [data-status]"))
    button.addEventListener("click", () => { chosen.status = button.dataset.status; filter(); });
  for (const button of document.querySelectorAll("nav [data-tag]"))
    button.addEventListener("click", () => {
      const tag = button.dataset.tag;
      if (!chosen.tags.delete(tag)) chosen.tags.add(tag);
      filter();
    });
  theme.addEventListener("click", () => {
    root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
    name();
  });
  document.getElementById("close").addEventListener("click", () => large.close());
  document.getElementById("before").addEventListener("click", () => step(-1));
  document.getElementById("next").addEventListener("click", () => step(1));
  large.addEventListener("click", (event) => { if (event.target === large) large.close(); });
  large.addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft") step(-1);
    if (event.key === "ArrowRight") step(1);
  });
  large.addEventListener("close", () => current.querySelector("button.frame").focus());
  let from = 0;
  large.addEventListener("touchstart", (event) => { from = event.touches[0].clientX; },
    { passive: true });
  large.addEventListener("touchend", (event) => {
    const moved = event.changedTouches[0].clientX - from;
    if (Math.abs(moved) > 60) step(moved < 0 ? 1 : -1);
  });
  name();
  filter();
  document.querySelector("nav").hidden = false;
})();
