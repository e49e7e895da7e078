// Writing a message: formatting by button and by key, lines of buttons. The server keeps and shows everything.
"use strict";

const FORMATS = { a: ['<a href="https://">', "</a>"] };

function insert(field, text) {
  field.focus();
  // Old, and the only way that leaves the browser's undo whole.
  if (!document.execCommand("insertText", false, text)) field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

function format(field, tag) {
  const [opening, closing] = FORMATS[tag] || [`<${tag}>`, `</${tag}>`];
  const { selectionStart: start, selectionEnd: end, value } = field;
  insert(field, opening + value.slice(start, end) + closing);
  if (tag === "a") {
    // The address is what is typed next.
    field.setSelectionRange(start + '<a href="'.length, start + opening.length - 2);
  } else {
    field.setSelectionRange(start + opening.length, end + opening.length);
  }
}

document.addEventListener("click", (event) => {
  const tool = event.target.closest("[data-format], [data-insert]");
  const field = tool && document.getElementById(tool.closest("[role=toolbar]").getAttribute("aria-controls"));
  if (tool?.dataset.format) format(field, tool.dataset.format);
  if (tool?.dataset.insert) insert(field, tool.dataset.insert);
});

document.addEventListener("keydown", (event) => {
  if (event.target.tagName !== "TEXTAREA" || !(event.ctrlKey || event.metaKey) || event.altKey) return;
  // By the place of the key: a Russian layout types the same shortcuts.
  const key = (event.shiftKey ? "shift+" : "") + event.code.replace("Key", "").toLowerCase();
  const own = `[role="toolbar"][aria-controls="${CSS.escape(event.target.id)}"]`;
  const tool = document.querySelector(`${own} [data-key="${CSS.escape(key)}"]`);
  if (!tool) return;
  event.preventDefault();
  format(event.target, tool.dataset.format);
});

// Enter in a field presses the button beside it: it saves the template or the segment that was named, or adds the only
// person found. Elsewhere it does nothing: what is written is kept anyway, and the page must not jump.
document.addEventListener("submit", (event) => {
  if (!event.submitter?.matches("[data-enter]")) return;
  event.preventDefault();
  // htmx posts to the address of the button pressed last until that loses the focus, and this one never has it.
  event.submitter.dispatchEvent(new FocusEvent("focusout", { bubbles: true }));
  const field = document.activeElement;
  const found = document.querySelectorAll("#people-found .found-person");
  const beside = field.id === "people-search" ? found.length === 1 && found[0] : field.closest(".row");
  const button = beside && beside.querySelector("button[formaction]");
  if (!button) return;
  // Not at once: a form that is being submitted is not submitted again.
  setTimeout(() => {
    button.focus();
    button.click();
    field.focus();
  });
});

// Who was found and taken is not searched for any more: the next save would list them again.
// Before the answer takes its place: the button is gone with it.
document.addEventListener("htmx:beforeOnLoad", ({ detail }) => {
  if (detail.elt.name !== "chosen" || detail.xhr.status !== 200) return;
  const search = document.getElementById("people-search");
  search.value = "";
  search.focus();
});

document.addEventListener("click", (event) => {
  const lines = document.getElementById("button-lines");
  if (event.target.closest("[data-add-line]")) {
    event.preventDefault();
    const line = document.getElementById("button-line").content.cloneNode(true);
    // Django counts the lines; one that is removed leaves its number unused.
    const total = document.querySelector('[name="buttons-TOTAL_FORMS"]');
    line.querySelectorAll("[name]").forEach((field) => (field.name = field.name.replace("__prefix__", total.value)));
    total.value = Number(total.value) + 1;
    const rows = [...lines.querySelectorAll('[name$="-row"]')].map((row) => Number(row.value) || 0);
    line.querySelector('[name$="-row"]').value = Math.max(0, ...rows) + 1;
    lines.append(line);
    lines.lastElementChild.querySelector("input").focus();
  }
  const removing = event.target.closest("[data-remove-line]");
  if (removing) {
    removing.closest(".button-line").remove();
    document.querySelector("[data-add-line]").focus();
    lines.dispatchEvent(new Event("change", { bubbles: true }));
  }
});

// A file that is too large is said before it is sent.
document.addEventListener("change", (event) => {
  const { files, dataset } = event.target;
  if (!files || !dataset.most) return;
  const isTooLarge = [...files].some((file) => file.size > dataset.most * 1024 * 1024);
  event.target.setCustomValidity(isTooLarge ? dataset.tooLarge : "");
  if (isTooLarge) {
    event.target.reportValidity();
    event.target.value = "";
  }
});

// Signed in again on another page, app.js has the new token: what was written meanwhile is kept now.
document.addEventListener("signed-in-again", (event) => {
  event.preventDefault();
  htmx.trigger("#compose", "change");
});

// Going on sends everything itself: nothing that is under way, or waits for its time, may come after it.
let goesOn = false;
// On the window, and so behind a question on the document that may still stop it.
window.addEventListener("submit", (event) => {
  if (event.target.id !== "compose" || event.defaultPrevented) return;
  // Signed out, all of it would be lost at the door.
  if (document.querySelector("[data-signed-out]")) return event.preventDefault();
  goesOn = true;
  htmx.trigger(event.target, "htmx:abort");
});
document.addEventListener("htmx:beforeRequest", (event) => {
  if (goesOn && event.target.id === "compose") event.preventDefault();
});
window.addEventListener("pageshow", () => (goesOn = false));
