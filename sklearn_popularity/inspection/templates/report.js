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
  let quadrant = "";
  const key = {
    clearest: (card) => -card.dataset.clarity,
    surprise: (card) => -Math.abs(card.dataset.true - card.dataset.predicted),
    true: (card) => -card.dataset.true,
    predicted: (card) => -card.dataset.predicted,
  };
  const update = () => {
    const text = search.value.trim().toLowerCase();
    const visible = cards.filter((card) => {
      card.hidden =
        (quadrant && card.dataset.quadrant !== quadrant) ||
        !card.dataset.name.toLowerCase().includes(text);
      return !card.hidden;
    });
    const by = order.value;
    const compare =
      by === "name"
        ? (a, b) => a.dataset.name.localeCompare(b.dataset.name)
        : (a, b) => key[by](a) - key[by](b);
    gallery.append(...[...cards].sort(compare));
    shown.textContent = `${visible.length} of ${cards.length} photos`;
  };
  for (const button of buttons) {
    button.addEventListener("click", () => {
      quadrant = button.dataset.quadrant;
      for (const each of buttons) {
        each.setAttribute("aria-pressed", String(each === button));
      }
      update();
    });
  }
  order.addEventListener("change", update);
  search.addEventListener("input", update);
  for (const tools of document.querySelectorAll(".tools")) tools.hidden = false;
  update();
}
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
