"use strict";
const cards = [...document.querySelectorAll(".ranking > li")];
const names = cards.map((card) => card.querySelector(".name").textContent.toLowerCase());
const summaries = cards.map((card) => card.querySelector("summary"));
const search = document.getElementById("search");
const range = document.getElementById("range");
const shown = document.getElementById("shown");
let current = 0;

// Tab reaches only the current photo; arrow keys reach the others.
const choose = (index) => {
  summaries[current].tabIndex = -1;
  current = index;
  summaries[current].tabIndex = 0;
};
const update = () => {
  const text = search.value.trim().toLowerCase();
  const [low, high] = range.value.split(",").map(Number);
  cards.forEach((card, i) => {
    const percentile = Number(card.dataset.percentile);
    card.hidden = !(names[i].includes(text) && percentile >= low && percentile <= high);
  });
  const first = cards.findIndex((card) => !card.hidden);
  if (first >= 0 && cards[current].hidden) choose(first);
  const count = cards.filter((card) => !card.hidden).length;
  shown.textContent = `${count} of ${cards.length} photos`;
};
const middle = (card) => {
  const box = card.getBoundingClientRect();
  return box.left + box.width / 2;
};
const beside = (step) => {
  let i = current + step;
  while (cards[i] && cards[i].hidden) i += step;
  return i;
};
// The photo in the next row whose centre is horizontally nearest.
const across = (step) => {
  let found = -1;
  let row = null;
  for (let i = current + step; cards[i]; i += step) {
    const top = cards[i].offsetTop;
    if (cards[i].hidden || top === cards[current].offsetTop) continue;
    if (row !== null && top !== row) break;
    row = top;
    const from = middle(cards[current]);
    const distance = (j) => Math.abs(middle(cards[j]) - from);
    if (found < 0 || distance(i) < distance(found)) found = i;
  }
  return found;
};
const target = {
  ArrowRight: () => beside(1),
  ArrowLeft: () => beside(-1),
  ArrowDown: () => across(1),
  ArrowUp: () => across(-1),
  Home: () => cards.findIndex((card) => !card.hidden),
  End: () => cards.findLastIndex((card) => !card.hidden),
};
document.querySelector(".ranking").addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !target[event.key]) return;
  const index = target[event.key]();
  event.preventDefault();
  if (!cards[index]) return;
  choose(index);
  summaries[index].focus();
});
document.addEventListener("keydown", (event) => {
  const open = document.querySelector(".ranking details[open]");
  if (event.key !== "Escape" || !open) return;
  open.open = false;
  choose(cards.indexOf(open.parentElement));
  summaries[current].focus();
});
summaries.forEach((summary, i) => {
  summary.tabIndex = i === 0 ? 0 : -1;
  summary.addEventListener("focus", () => choose(i));
  // For browsers that open several <details> with the same name.
  summary.parentElement.addEventListener("toggle", () => {
    if (!summary.parentElement.open) return;
    for (const each of document.querySelectorAll(".ranking details[open]")) {
      if (each !== summary.parentElement) each.open = false;
    }
  });
});
search.addEventListener("input", update);
range.addEventListener("change", update);
for (const each of document.querySelectorAll(".tools, .keys")) each.hidden = false;
update();
