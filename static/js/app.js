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
  // Where something is being written, leaving would lose the last words: one signs in beside it.
  if (event.detail.elt.closest("[data-keep]")) return Toasts.show("signed-out");
  location.assign(`${login}?next=${encodeURIComponent(location.pathname + location.search)}`);
});

// Ask the same once more: what was typed is still in the page.
function again({ elt, requestConfig }) {
  const { verb, path, target, parameters } = requestConfig;
  return () => htmx.ajax(verb, path, { source: elt, target, values: parameters });
}

document.addEventListener("htmx:responseError", (event) => {
  const { status } = event.detail.xhr;
  // Signed in anew on another page, the form's token is an old one: what is written stays here until it has another.
  if (status === 403 && event.detail.elt.closest("[data-keep]")) return Toasts.show("signed-out");
  const toast = { 403: "forbidden", 404: "missing", 410: "missing", 429: "busy", 503: "away", 504: "slow" }[status] || "server";
  Toasts.show(toast, again(event.detail));
});

for (const name of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, (event) => Toasts.show("network", again(event.detail)));
}

// What had the focus may be gone with the old rows: then the new list has it, not the top of the page.
let focusLeft = null;

document.addEventListener("htmx:beforeSwap", (event) => {
  const { target } = event.detail;
  focusLeft = target.id && target.contains(document.activeElement) ? target.id : null;
});

document.addEventListener("htmx:afterSettle", () => {
  const list = focusLeft && document.activeElement === document.body && document.getElementById(focusLeft);
  focusLeft = null;
  if (!list) return;
  if (!list.hasAttribute("tabindex")) list.tabIndex = -1;
  list.focus({ preventScroll: true });
});

// A refused form comes back with its errors: the first of them takes the focus.
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.requestConfig?.verb === "get") return;
  event.target.querySelector?.('[role="alert"][autofocus], [aria-invalid="true"]')?.focus();
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
