// What asks for itself again and again (data-poll): seldom while nobody looks, never under an open question.
"use strict";

const HIDDEN_EVERY = 20000; // ms between two questions while the window is hidden
const lastAsked = new Map();

const isPoll = (element) => element?.matches?.("[data-poll]");

// A dialog or an explanation that is open would lose its place.
function isBusy(element) {
  return Boolean(document.querySelector("dialog[open]") || element.querySelector("details.explain[open]"));
}

document.addEventListener("htmx:beforeRequest", (event) => {
  const { elt } = event.detail;
  if (!isPoll(elt)) return;
  const now = Date.now();
  const tooSoon = document.hidden && now - (lastAsked.get(elt.id) ?? 0) < HIDDEN_EVERY;
  if (tooSoon || isBusy(elt)) event.preventDefault();
  else lastAsked.set(elt.id, now);
});

document.addEventListener("htmx:beforeSwap", (event) => {
  if (isPoll(event.detail.requestConfig?.elt) && isBusy(event.detail.requestConfig.elt)) event.detail.shouldSwap = false;
});
