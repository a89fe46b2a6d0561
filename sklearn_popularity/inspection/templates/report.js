"use strict";
const gallery = document.querySelector(".gallery");
if (gallery) {
  const cards = [...gallery.children];
  const buttons = [...document.querySelectorAll("[data-quadrant]")].filter(
    (each) => each.tagName === "BUTTON"
  );
  const order = document.getElementById("order");
  const search = document.getElementById("search");
  const shown = document.getElementById("shown");
  const more = document.getElementById("more");
  const atOnce = Number(gallery.dataset.atOnce);
  let quadrant = "";
  let limit = atOnce;
  const key = {
    clearest: (card) => -card.dataset.clarity,
    surprise: (card) => -Math.abs(card.dataset.true - card.dataset.predicted),
    true: (card) => -card.dataset.true,
    lowest: (card) => card.dataset.true,
    predicted: (card) => -card.dataset.predicted,
  };
  const update = () => {
    const text = search.value.trim().toLowerCase();
    const found = (card) =>
      (!quadrant || card.dataset.quadrant === quadrant) &&
      card.dataset.name.toLowerCase().includes(text);
    const by = order.value;
    const compare =
      by === "name"
        ? (a, b) => a.dataset.name.localeCompare(b.dataset.name)
        : (a, b) => key[by](a) - key[by](b);
    const sorted = [...cards].sort(compare);
    const matching = sorted.filter(found);
    const visible = new Set(matching.slice(0, limit));
    for (const card of cards) card.hidden = !visible.has(card);
    gallery.append(...sorted);
    shown.textContent = `${visible.size} of ${matching.length} photos`;
    more.hidden = visible.size === matching.length;
  };
  const restart = () => {
    limit = atOnce;
    update();
  };
  for (const button of buttons) {
    button.addEventListener("click", () => {
      quadrant = button.dataset.quadrant;
      for (const each of buttons) {
        each.setAttribute("aria-pressed", String(each === button));
      }
      restart();
    });
  }
  order.addEventListener("change", restart);
  search.addEventListener("input", restart);
  more.addEventListener("click", () => {
    limit += atOnce;
    update();
  });
  for (const tools of document.querySelectorAll(".tools")) tools.hidden = false;
  update();
}
// A link to a section within closed <details> opens them.
const rest = document.querySelector("details.rest");
const openTarget = () => {
  const target = document.getElementById(location.hash.slice(1));
  if (rest && target && rest.contains(target)) {
    rest.open = true;
    target.scrollIntoView();
  }
};
addEventListener("hashchange", openTarget);
openTarget();
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[table.tBodies.length - 1];
  table.querySelectorAll("thead th[data-column]").forEach((header) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...header.childNodes);
    header.append(button);
    button.addEventListener("click", () => {
      const falling = header.getAttribute("aria-sort") !== "descending";
      for (const each of table.querySelectorAll("[aria-sort]")) {
        each.removeAttribute("aria-sort");
      }
      header.setAttribute("aria-sort", falling ? "descending" : "ascending");
      const number = (row) => Number(row.dataset[header.dataset.column]);
      const value = (row) => (Number.isNaN(number(row)) ? -Infinity : number(row));
      const rows = [...body.rows].sort((a, b) => value(a) - value(b));
      body.append(...(falling ? rows.reverse() : rows));
    });
  });
}
