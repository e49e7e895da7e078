// Choosing rows: all of a table at once, how many are chosen. What is chosen are plain checkboxes of a form.
"use strict";

// By the form's own list: a row that has forms of its own cannot stand inside one, and names it by form="…".
const rowBoxes = (form) => [...form.elements].filter((one) => one.matches('tbody input[type="checkbox"]:not(:disabled)'));

// What is chosen stays chosen while one turns the pages of a list, and is forgotten with its filter.
const STORE = "chosen ";

function listOf(form) {
  const address = form.elements.next?.value;
  if (!address) return null;
  const { pathname, searchParams } = new URL(address, location.origin);
  ["page", "before", "after", "sort"].forEach((name) => searchParams.delete(name));
  return `${STORE}${pathname}?${searchParams}`;
}

const keptOf = (list) => new Set(JSON.parse((list && sessionStorage.getItem(list)) || "[]"));

function keepChosen(form) {
  const list = listOf(form);
  const boxes = rowBoxes(form);
  if (!list || !boxes.length) return 0;
  const kept = keptOf(list);
  boxes.forEach((box) => (box.checked ? kept.add(box.value) : kept.delete(box.value)));
  sessionStorage.setItem(list, JSON.stringify([...kept]));
  // The rows of other pages are sent along by hidden fields.
  form.querySelectorAll("[data-kept]").forEach((field) => field.remove());
  const here = new Set(boxes.map((box) => box.value));
  const elsewhere = [...kept].filter((value) => !here.has(value));
  elsewhere.forEach((value) => {
    const field = Object.assign(document.createElement("input"), { type: "hidden", name: boxes[0].name, value });
    field.dataset.kept = "";
    form.append(field);
  });
  return elsewhere.length;
}

// A page of the list arrives: tick what was chosen on it before.
function tickKept(form) {
  const list = listOf(form);
  if (!list) return;
  Object.keys(sessionStorage)
    .filter((name) => name.startsWith(STORE) && name !== list)
    .forEach((name) => sessionStorage.removeItem(name));
  const kept = keptOf(list);
  rowBoxes(form).forEach((box) => {
    box.checked ||= kept.has(box.value);
  });
}

function forgetChosen(form) {
  const list = listOf(form);
  if (list) sessionStorage.removeItem(list);
}

function showChosen(form) {
  const elsewhere = keepChosen(form);
  const boxes = rowBoxes(form);
  const chosen = boxes.filter((box) => box.checked).length;
  form.querySelectorAll("[data-chosen-count]").forEach((place) => {
    place.textContent = String(chosen + elsewhere);
  });
  form.querySelectorAll("[data-chosen-elsewhere]").forEach((place) => {
    place.hidden = !elsewhere;
    place.querySelector("span").textContent = String(elsewhere);
  });
  const all = [...form.elements].find((one) => one.matches("[data-choose-all]"));
  if (!all) return;
  all.checked = chosen > 0 && chosen === boxes.length;
  all.indeterminate = chosen > 0 && chosen < boxes.length;
}

function choose(form, checked) {
  rowBoxes(form).forEach((box) => {
    box.checked = checked;
  });
}

// With Shift a click chooses, or leaves out, everything between the last click and this one.
let lastClicked = null;

document.addEventListener("click", (event) => {
  const box = event.target;
  if (!box.matches('tbody input[type="checkbox"]') || !box.form) return;
  const boxes = rowBoxes(box.form);
  const [from, to] = [boxes.indexOf(lastClicked), boxes.indexOf(box)].sort((one, other) => one - other);
  if (event.shiftKey && from >= 0) {
    boxes.slice(from, to + 1).forEach((between) => {
      between.checked = box.checked;
    });
  }
  lastClicked = box; // the change of the box itself comes next, and shows the count
});

document.addEventListener("change", (event) => {
  const box = event.target;
  if (!box.matches('input[type="checkbox"]') || !box.form) return;
  if (box.matches("[data-choose-all]")) choose(box.form, box.checked);
  showChosen(box.form);
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-choose-none]");
  if (!button) return;
  choose(button.form, false);
  forgetChosen(button.form);
  showChosen(button.form);
});

// Once they are sent, the next page has them.
document.addEventListener("submit", (event) => {
  if (event.target.querySelector("[data-chosen-count]")) forgetChosen(event.target);
});

// The browser restores ticked boxes when one comes back to a page, and htmx brings new rows; the count must follow.
function showAllChosen() {
  document.querySelectorAll("form:has([data-chosen-count])").forEach((form) => {
    tickKept(form);
    showChosen(form);
  });
}
window.addEventListener("pageshow", showAllChosen);
document.addEventListener("htmx:afterSettle", showAllChosen);
