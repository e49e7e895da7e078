// Dialogs: opening, closing, giving the focus back; and the question before an act that cannot be undone.
"use strict";

const openers = new WeakMap();
let lastOpener = null;

function openDialog(dialog, opener) {
  if (dialog.open) return;
  // A dialog that takes the place of another gives the focus back to where the first was opened.
  const active = document.activeElement === document.body ? lastOpener : document.activeElement;
  lastOpener = opener || active;
  openers.set(dialog, lastOpener);
  dialog.showModal(); // Esc closes it: the browser's own doing
  // By itself it takes the first link, such as the person's name above the form.
  if (!dialog.querySelector("[autofocus]")) {
    dialog.querySelector('form :is(input:not([type="hidden"]), select, textarea):not(:disabled)')?.focus();
  }
}

// `close` does not bubble; the capture phase sees it all the same.
document.addEventListener(
  "close",
  (event) => {
    const opener = openers.get(event.target);
    if (opener?.isConnected) opener.focus();
  },
  true,
);

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  const named = opener && document.getElementById(opener.dataset.dialog);
  if (named) {
    event.preventDefault(); // without JavaScript the link leads to the dialog's own page
    openDialog(named, opener);
  }
  const dialog = event.target.closest("dialog:modal");
  if (dialog && (event.target.closest("[data-close]") || onVeil(event, dialog))) {
    event.preventDefault();
    dialog.close();
  }
});

// A link that announces a dialog opens it over the page; without JavaScript, or in a new tab, it leads to a page.
document.addEventListener("click", (event) => {
  const link = event.target.closest('a.status, a[aria-haspopup="dialog"]');
  if (!link || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  link.focus(); // Safari focuses no link that is clicked; the dialog gives the focus back to it
  htmx.ajax("GET", link.href, { target: "#overlay", source: link });
});

// The veil is the dialog element too, outside its box. Enter in a form «clicks» at 0, 0 and is no veil.
function onVeil(event, dialog) {
  if (event.target !== dialog || "keep" in dialog.dataset) return false;
  const box = dialog.getBoundingClientRect();
  return event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
}

// A dialog that arrives in an answer opens itself: <dialog data-open>.
document.addEventListener("htmx:afterSettle", () => {
  document.querySelectorAll("dialog[data-open]:not([open])").forEach((dialog) => {
    dialog.removeAttribute("data-open");
    openDialog(dialog);
  });
});

// Ask in our own words; resolves to true for yes.
function ask({ text, yes, danger }) {
  const dialog = document.getElementById("confirm");
  const button = dialog.querySelector("[data-confirm-yes]");
  button.dataset.label ??= button.textContent;
  dialog.querySelector("#confirm-question").textContent = text;
  button.textContent = yes || button.dataset.label;
  button.classList.toggle("danger", danger);
  button.classList.toggle("primary", !danger);
  dialog.returnValue = "";
  openDialog(dialog);
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

// data-confirm stands on the pressed button, on the chosen <option>, or on the form.
function questionOf(form, submitter, changed) {
  const option = changed?.matches?.("select") ? changed.selectedOptions[0] : null;
  const source = [submitter, option, form].find((one) => one?.dataset?.confirm);
  if (!source) return null;
  return { text: source.dataset.confirm, yes: source.dataset.confirmYes, danger: "danger" in source.dataset };
}

document.addEventListener("submit", async (event) => {
  const { target: form, submitter } = event;
  if (form.matches("[hx-post], [hx-get], [hx-delete]") || form.dataset.confirmed) return; // htmx asks below
  const question = questionOf(form, submitter);
  if (!question) return;
  event.preventDefault();
  if (!(await ask(question))) return;
  form.dataset.confirmed = "yes";
  form.requestSubmit(submitter);
  delete form.dataset.confirmed;
});

document.addEventListener("htmx:confirm", async (event) => {
  const { elt, issueRequest, triggeringEvent } = event.detail;
  const question = questionOf(elt, triggeringEvent?.submitter, triggeringEvent?.target);
  if (!question) return;
  event.preventDefault();
  if (await ask(question)) issueRequest(true);
  else elt.closest("form")?.reset(); // the select shows again what is true
});

// A menu or an explanation closes with Esc and with a click elsewhere.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const open = document.activeElement?.closest("details[open]:is(.menu, .explain, .account)");
  if (!open) return;
  open.open = false;
  open.querySelector("summary").focus();
});

document.addEventListener("click", (event) => {
  document.querySelectorAll("details[open]:is(.menu, .explain)").forEach((details) => {
    if (!details.contains(event.target)) details.open = false;
  });
});
