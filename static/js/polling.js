// What asks for itself again and again (data-poll) rests while the tab is hidden, and never asks under an open question.
"use strict";

const isPoll = (element) => element?.matches?.("[data-poll]");

// A dialog or an explanation that is open would lose its place.
function isBusy(element) {
  return Boolean(document.querySelector("dialog[open]") || element.querySelector("details.explain[open]"));
}

document.addEventListener("htmx:configRequest", (event) => {
  if (!isPoll(event.detail.elt)) return;
  // A page that asks by itself does not keep its session alive (users/staff/sessions.py).
  event.detail.headers["X-Poll"] = "true";
  if (event.detail.triggeringEvent?.type === "leave") event.detail.headers["X-Leaves"] = "true";
});

document.addEventListener("htmx:beforeRequest", (event) => {
  const { elt, requestConfig } = event.detail;
  if (!isPoll(elt)) return;
  const rests = document.hidden && requestConfig.triggeringEvent?.type !== "leave";
  if (rests || isBusy(elt)) event.preventDefault();
});

// Hidden, it asks nothing more, but what says who is here (bookings/payments/presence.py), which says once that it rests.
// As soon as somebody looks again, everything asks at once.
document.addEventListener("visibilitychange", () => {
  const happened = document.hidden ? "leave" : "look";
  document.querySelectorAll("[data-poll]").forEach((element) => htmx.trigger(element, happened));
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

// At the end the list of recipients reads itself again, but not over what somebody types in its filter: when that is
// applied, it reads the list too. A field that only has the focus keeps it.
document.addEventListener(
  "broadcast-ended",
  (event) => {
    const field = document.activeElement;
    if (field?.matches("#recipient-table input") && field.value !== field.defaultValue) event.stopPropagation();
  },
  { capture: true },
);
