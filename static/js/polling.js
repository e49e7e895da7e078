// What asks for itself again and again (data-poll): seldom while nobody looks, never under an open question.
"use strict";

const HIDDEN_EVERY = 20000; // ms between two questions while the window is hidden
const lastAsked = new Map();

const isPoll = (element) => element?.matches?.("[data-poll]");

// A dialog or an explanation that is open would lose its place.
function isBusy(element) {
  return Boolean(document.querySelector("dialog[open]") || element.querySelector("details.explain[open]"));
}

// A page that asks by itself does not keep its session alive (users/staff/sessions.py).
document.addEventListener("htmx:configRequest", (event) => {
  if (isPoll(event.detail.elt)) event.detail.headers["X-Poll"] = "true";
});

document.addEventListener("htmx:beforeRequest", (event) => {
  const { elt } = event.detail;
  if (!isPoll(elt)) return;
  const now = Date.now();
  // What only counts new rows (data-rests) asks again as soon as somebody looks.
  const rests = document.hidden && elt.hasAttribute("data-rests");
  const tooSoon = document.hidden && now - (lastAsked.get(elt.id) ?? 0) < HIDDEN_EVERY;
  if (rests || tooSoon || isBusy(elt)) event.preventDefault();
  else lastAsked.set(elt.id, now);
});

document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  document.querySelectorAll("[data-rests]").forEach((element) => htmx.trigger(element, "look"));
});

// What somebody has unfolded to read stays so when the new answer takes its place.
let unfolded = [];

document.addEventListener("htmx:beforeSwap", (event) => {
  const elt = event.detail.requestConfig?.elt;
  if (!isPoll(elt)) return;
  // The last answer (286) comes once: skipped, the page would show for ever what it was before the end.
  if (isBusy(elt) && event.detail.xhr.status !== 286) event.detail.shouldSwap = false;
  unfolded = [...elt.querySelectorAll("details[id][open]")].map((details) => details.id);
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (!isPoll(event.detail.requestConfig?.elt)) return;
  for (const id of unfolded) document.getElementById(id)?.setAttribute("open", "");
});

// At the end the list of recipients reads itself again, but not under the hands of somebody who types in its filter.
document.addEventListener(
  "broadcast-ended",
  (event) => {
    if (document.activeElement?.matches("#recipient-table input")) event.stopPropagation();
  },
  { capture: true },
);
