// Choosing rows: all of a table at once, how many are chosen. What is chosen are plain checkboxes of a form.
"use strict";

// By the form's own list: a row that has forms of its own cannot stand inside one, and names it by form="…".
const rowBoxes = (form) => [...form.elements].filter((one) => one.matches('tbody input[type="checkbox"]:not(:disabled)'));

function showChosen(form) {
  const boxes = rowBoxes(form);
  const chosen = boxes.filter((box) => box.checked).length;
  form.querySelectorAll("[data-chosen-count]").forEach((place) => {
    place.textContent = String(chosen);
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
  showChosen(button.form);
});

// The browser restores ticked boxes when one comes back to a page, and htmx brings new rows; the count must follow.
function showAllChosen() {
  document.querySelectorAll("form:has([data-chosen-count])").forEach(showChosen);
}
window.addEventListener("pageshow", showAllChosen);
document.addEventListener("htmx:afterSettle", showAllChosen);
