// How htmx behaves here: waiting is told to everyone, an error is never silent, an ended session leads to sign-in.
"use strict";

document.addEventListener("htmx:beforeRequest", (event) => {
  event.detail.target?.setAttribute("aria-busy", "true");
});

document.addEventListener("htmx:afterRequest", (event) => {
  event.detail.target?.removeAttribute("aria-busy");
});

// The session ended: the answer is the sign-in page, which must not land inside a table.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { login } = document.body.dataset;
  const address = event.detail.xhr.responseURL;
  if (!address || new URL(address).pathname !== login || location.pathname === login) return;
  event.detail.shouldSwap = false;
  // Where something is being written, leaving would lose it: one signs in beside it.
  if (isWriting(event.detail)) return Toasts.show("signed-out");
  location.assign(`${login}?next=${encodeURIComponent(location.pathname + location.search)}`);
});

// A form was sent, or is kept while somebody writes; the rest of the requests only read.
const isWriting = ({ elt, requestConfig }) => requestConfig.verb !== "get" || Boolean(elt.closest("[data-keep]"));

// Signed in again on another page: take the new session's token, so that the form can be sent.
async function takeNewToken() {
  const note = document.querySelector("[data-signed-out]");
  if (!note || document.hidden) return;
  const answer = await fetch(note.dataset.signedOut);
  if (!answer.ok || new URL(answer.url).pathname === document.body.dataset.login) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const token = page.querySelector("[name=csrfmiddlewaretoken]").value;
  document.querySelectorAll("[name=csrfmiddlewaretoken]").forEach((field) => (field.value = token));
  document.body.setAttribute("hx-headers", page.body.getAttribute("hx-headers"));
  note.remove();
  const isSent = !document.dispatchEvent(new CustomEvent("signed-in-again", { cancelable: true }));
  if (!isSent) Toasts.show("renewed");
}

// Only the token may be old, and the session good: then nobody has to do anything. Once: a second refusal is meant.
let refused = false;
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  const again = refused;
  refused = detail.xhr.status === 403;
  if (refused && !again) takeNewToken();
  if (detail.successful && detail.requestConfig.verb !== "get") document.querySelector('[data-name="renewed"]')?.remove();
});
window.addEventListener("focus", takeNewToken);
document.addEventListener("visibilitychange", takeNewToken);

// A place of the address that waits folded is open, as one asked for it.
window.addEventListener("DOMContentLoaded", () => {
  const place = location.hash ? document.getElementById(location.hash.slice(1)) : null;
  if (place?.matches("details")) place.open = true;
});

// Where tabs are wider than the screen, the one that is open stands in sight. The page itself does not scroll.
document.addEventListener("htmx:load", (event) => {
  event.detail.elt.querySelectorAll(".tabs :is([aria-current=page], [aria-current=true])").forEach((tab) => {
    const tabs = tab.closest(".tabs");
    const [outer, inner] = [tabs.getBoundingClientRect(), tab.getBoundingClientRect()];
    if (inner.right > outer.right || inner.left < outer.left) tabs.scrollLeft += inner.left - outer.left - 16;
  });
});

// Ask the same once more: what was typed is still in the page.
function again({ elt, requestConfig }) {
  const { verb, path, target, parameters } = requestConfig;
  return () => htmx.ajax(verb, path, { source: elt, target, values: parameters });
}

document.addEventListener("htmx:responseError", (event) => {
  const { status } = event.detail.xhr;
  // Signed in anew on another page, the form's token is an old one: what is written stays here until it has another.
  const isTokenOld = event.detail.xhr.getResponseHeader("X-Form-Expired") || event.detail.elt.closest("[data-keep]");
  if (status === 403 && isTokenOld) return Toasts.show("signed-out");
  const toast = { 403: "forbidden", 404: "missing", 410: "missing", 429: "busy", 503: "away", 504: "slow" }[status] || "server";
  Toasts.show(toast, again(event.detail));
});

for (const name of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, (event) => Toasts.show("network", again(event.detail)));
}

// What had the focus may be gone with the old rows, or a button disabled while its request runs: then its namesake has
// it, the next word of the filters, or the new list, and not the top of the page.
const askedFrom = new WeakMap();
let focusLeft = null;

document.addEventListener("htmx:beforeRequest", (event) => {
  askedFrom.set(event.detail.xhr, document.activeElement);
});

document.addEventListener("htmx:beforeSwap", (event) => {
  const { target, xhr } = event.detail;
  const had = document.activeElement === document.body ? askedFrom.get(xhr) : document.activeElement;
  focusLeft = target.id && target.contains(had) ? { id: target.id, had } : null;
});

document.addEventListener("htmx:afterSettle", () => {
  const left = document.activeElement === document.body ? focusLeft : null;
  const swapped = left && document.getElementById(left.id);
  focusLeft = null;
  if (!swapped) return;
  const namesake = left.had.id && document.getElementById(left.had.id);
  const word = left.had.closest(".active-filters") && (swapped.querySelector(".filter-word") || swapped.querySelector(".table-card > header"));
  const next = namesake || word || swapped;
  if (!next.matches("a[href], button, input, select, textarea, [tabindex]")) next.tabIndex = -1;
  next.focus({ preventScroll: true });
});

// A refused form comes back with its errors: the first of them takes the focus.
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.requestConfig?.verb === "get") return;
  event.target.querySelector?.('[role="alert"][autofocus], [aria-invalid="true"]')?.focus();
});

// Dates that are written mean the choice «own dates», and another choice than that one means no dates.
document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-period]");
  if (!form) return;
  const { period, since, until } = form.elements;
  if (event.target === period && period.value !== "custom") since.value = until.value = "";
  else if (event.target !== period && (since.value || until.value)) period.value = "custom";
});

// A button that copies a text says so in its own words; without JavaScript one copies the link beside it.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    return; // not allowed here: the link can still be copied by hand
  }
  button.setAttribute("aria-label", button.dataset.copied);
  button.title = button.dataset.copied;
  button.classList.add("primary");
});
