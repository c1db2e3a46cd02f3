
"use strict";

// Without this script the page is whole: it only sorts, filters, and opens evidence in place.

const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const byId = (id) => document.getElementById(id);

// Sorting

const words = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

function value(row, column) {
  return row.cells[column].dataset.value ?? "";
}

function compare(kind, descending) {
  const sign = descending ? -1 : 1;
  return (first, second) => {
    if (first === "" || second === "") return (first === "") - (second === ""); // missing ones last
    return sign * (kind === "number" ? Number(first) - Number(second) : words.compare(first, second));
  };
}

function sortBy(header) {
  const column = header.cellIndex;
  const table = header.closest("table");
  const numbers = header.dataset.sort === "number";
  const before = header.getAttribute("aria-sort");
  const descending = before ? before === "ascending" : numbers;
  const order = compare(header.dataset.sort, descending);
  const rows = [...table.tBodies[0].rows];
  rows.sort((first, second) => order(value(first, column), value(second, column)));
  table.tBodies[0].append(...rows);
  all("[aria-sort]", table).forEach((other) => other.removeAttribute("aria-sort"));
  header.setAttribute("aria-sort", descending ? "descending" : "ascending");
}

function makeSortable(header) {
  const button = document.createElement("button");
  button.type = "button";
  button.append(...header.childNodes);
  button.addEventListener("click", () => sortBy(header));
  header.append(button);
}

// Filtering

function filter() {
  const text = byId("filter-text").value.trim().toLocaleLowerCase();
  const target = byId("filter-target").value;
  for (const item of all("[data-name]")) {
    item.hidden = !item.dataset.name.toLocaleLowerCase().includes(text);
  }
  for (const part of all("[data-target]")) {
    part.hidden = target !== "" && part.dataset.target !== target;
    if (target !== "" && part.matches("details") && !part.hidden) part.open = true;
  }
  for (const cell of all("table.map td")) {
    cell.hidden = target !== "" && cell.dataset.target !== target;
  }
  const rows = all("table.map tbody tr");
  const left = rows.filter((row) => !row.hidden).length;
  byId("filter-count").value = text ? `${left} of ${rows.length} channels` : "";
}

function makeFilter() {
  const form = byId("filter-text")?.form;
  if (!form) return;
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", filter);
  filter(); // what a reloaded page remembers
}

// Evidence

const dialog = byId("opened");

function open(anchor) {
  const article = byId(anchor);
  byId("opened-title").textContent = article.dataset.title;
  const shown = article.cloneNode(true);
  shown.removeAttribute("id");
  dialog.querySelector(".body").replaceChildren(shown);
  dialog.showModal();
  dialog.querySelector(".body").scrollTop = 0;
}

function makeEvidence() {
  document.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    const link = event.target.closest("a[href^='#stance-'], a[href^='#sentiment-']");
    const figure = event.target.closest("[data-opens]");
    const anchor = link?.hash.slice(1) ?? figure?.dataset.opens;
    if (!anchor || !byId(anchor)) return;
    event.preventDefault();
    open(anchor);
  });
  dialog.querySelector("button").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close(); // beside the box
  });
}

// Counts on hover and focus, sooner than the browser shows a title, and on touch

const tip = document.createElement("div");

function hint(element) {
  const owner = element.closest?.("[data-tip], [title], .line circle, rect, line.mark, path.few, .whisker");
  if (!owner) return null;
  const title = owner.querySelector(":scope > title");
  const text = owner.dataset.tip ?? owner.getAttribute("title") ?? title?.textContent;
  if (!text) return owner.parentElement && hint(owner.parentElement);
  owner.dataset.tip = text;
  owner.removeAttribute("title"); // or it shows twice
  title?.remove();
  if (owner.matches("svg")) owner.setAttribute("aria-label", text);
  else if (!owner.matches("svg *")) owner.setAttribute("aria-description", text);
  return owner;
}

function showTip(event) {
  const inside = event.type === "focusin" ? event.target.querySelector(".whisker") : null;
  const owner = hint(inside ?? event.target);
  tip.hidden = !owner;
  if (!owner) return;
  tip.textContent = owner.dataset.tip;
  const box = owner.getBoundingClientRect();
  const left = Math.min(box.left, document.documentElement.clientWidth - tip.offsetWidth - 8);
  const below = box.bottom + 6 + tip.offsetHeight < window.innerHeight;
  tip.style.left = `${Math.max(8, left)}px`;
  tip.style.top = `${below ? box.bottom + 6 : box.top - 6 - tip.offsetHeight}px`;
}

function hideTip() {
  tip.hidden = true;
}

function makeTips() {
  tip.className = "tip";
  tip.hidden = true;
  tip.setAttribute("aria-hidden", "true"); // what it says is a description of its owner
  document.body.append(tip);
  document.addEventListener("pointerover", showTip);
  document.addEventListener("focusin", showTip);
  document.addEventListener("focusout", hideTip);
  document.addEventListener("scroll", hideTip, { capture: true, passive: true });
  document.addEventListener("keydown", (event) => event.key === "Escape" && hideTip());
}

// Copying and printing

async function copy() {
  const text = byId("methods-text").innerText;
  try {
    await navigator.clipboard.writeText(text);
    byId("copied").value = "Copied.";
  } catch {
    window.getSelection().selectAllChildren(byId("methods-text"));
    byId("copied").value = "Selected: copy it with the keyboard.";
  }
}

function makeCopy() {
  byId("copy").hidden = false;
  byId("copy").addEventListener("click", copy);
}

function openForPrint() {
  const closed = all("#weeks details:not([open]), #ranking details:not([open]), header details");
  closed.forEach((part) => (part.open = true));
  const close = () => closed.forEach((part) => (part.open = false));
  window.addEventListener("afterprint", close, { once: true });
}

all("th[data-sort]").forEach(makeSortable);
makeFilter();
makeEvidence();
makeTips();
makeCopy();
window.addEventListener("beforeprint", openForPrint);
