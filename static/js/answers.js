// Answering a student: «/» in the empty field opens the templates, arrows and Enter choose one, Ctrl+Enter sends.
"use strict";

const cannedOf = (element) => element?.closest?.("form")?.querySelector("#canned");

function openCanned(field) {
  const list = cannedOf(field);
  if (!list) return false;
  list.open = true;
  const search = list.querySelector("#canned-search");
  search.value = "";
  narrow(list, "");
  search.focus();
  return true;
}

function narrow(list, typed) {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  list.querySelectorAll("[data-words]").forEach((button) => {
    const text = `${button.textContent} ${button.dataset.words}`.toLowerCase();
    button.parentElement.hidden = !words.every((word) => text.includes(word));
  });
}

const offered = (list) => [...list.querySelectorAll("li:not([hidden]) [data-words]")];

function choose(button) {
  const field = button.closest("form").querySelector("[data-canned]");
  cannedOf(button).open = false;
  insert(field, button.dataset.words);
}

document.addEventListener("keydown", (event) => {
  const { target, key } = event;
  if (target.matches("[data-canned]")) {
    if (key === "/" && target.value === "" && openCanned(target)) event.preventDefault();
    if (key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      target.form.requestSubmit(target.form.querySelector("button.primary"));
    }
    return;
  }
  const list = target.closest("#canned");
  if (!list) return;
  const buttons = offered(list);
  const place = buttons.indexOf(target);
  if (key === "ArrowDown" || key === "ArrowUp") {
    event.preventDefault();
    const next = key === "ArrowDown" ? place + 1 : place - 1;
    (next < 0 ? list.querySelector("#canned-search") : buttons[Math.min(next, buttons.length - 1)])?.focus();
  } else if (key === "Enter" && target.id === "canned-search") {
    event.preventDefault();
    if (buttons[0]) choose(buttons[0]);
  } else if (key === "Escape") {
    event.preventDefault();
    list.open = false;
    list.closest("form").querySelector("[data-canned]").focus();
  }
});

document.addEventListener("input", (event) => {
  if (event.target.id === "canned-search") narrow(event.target.closest("#canned"), event.target.value);
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("#canned [data-words]");
  if (button) choose(button);
});

// What is typed outlives a button beside it, a reload and a look elsewhere, as long as this window is open. Sent, it is
// forgotten; signing out forgets all of it.
const ANSWER = "#answer-form textarea[name=text]";
const keptAt = (form) => `answer ${form.getAttribute("action")}`;

document.addEventListener("input", ({ target }) => {
  if (!target.matches(ANSWER)) return;
  if (target.value) sessionStorage.setItem(keptAt(target.form), target.value);
  else sessionStorage.removeItem(keptAt(target.form));
});

document.addEventListener("DOMContentLoaded", () => {
  const field = document.querySelector(ANSWER);
  const typed = field && sessionStorage.getItem(keptAt(field.form));
  if (!typed || field.value) return;
  field.value = typed;
  field.dispatchEvent(new Event("input", { bubbles: true })); // the preview shows it too
});

document.addEventListener("htmx:beforeOnLoad", ({ detail }) => {
  if (detail.elt.id === "answer-form" && detail.xhr.getResponseHeader("HX-Redirect")) {
    sessionStorage.removeItem(keptAt(detail.elt));
  }
});
