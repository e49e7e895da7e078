// The jump by keyboard: Ctrl K or «/» opens it, the arrows choose, and it remembers what was opened last.
"use strict";

const REMEMBERED = "jump";
const MANY = 8; // web/jump.py names as many

function remembered() {
  try {
    return JSON.parse(localStorage.getItem(REMEMBERED)) || []; // addresses alone: names stay on the server
  } catch {
    return [];
  }
}

function remember(address) {
  const addresses = [address, ...remembered().filter((one) => one !== address)].slice(0, MANY);
  try {
    localStorage.setItem(REMEMBERED, JSON.stringify(addresses));
  } catch {
    // A browser that keeps nothing only forgets.
  }
}

const WRITES = "input, textarea, select, [contenteditable]";

// A single key acts outside of fields and dialogs, where nobody has switched that off.
function isSingleKey(event) {
  const alone = !event.ctrlKey && !event.metaKey && !event.altKey;
  return "shortcuts" in document.body.dataset && alone && !event.target.closest(WRITES) && !document.querySelector("dialog:modal");
}

document.addEventListener("keydown", (event) => {
  const combined = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.code === "KeyK";
  const single = isSingleKey(event);
  const opener =
    combined || (single && event.key === "/") ? "jump-opener" : single && event.key === "?" ? "shortcuts-opener" : null;
  const link = opener && document.getElementById(opener);
  if (!link || document.querySelector("dialog:modal")) return;
  event.preventDefault();
  const field = opener === "jump-opener" && document.querySelector("[data-jump] input");
  if (field) return field.focus(); // this is the page of the jump
  htmx.ajax("GET", link.href, { target: "#overlay", source: link });
});

// Before anything is typed the server names what was opened last.
document.addEventListener("htmx:configRequest", (event) => {
  const { elt, parameters } = event.detail;
  if (elt.matches("[data-jump]") && !elt.elements.q.value.trim()) parameters.recent = remembered();
});

document.addEventListener("click", (event) => {
  const link = event.target.closest(".jump-found a");
  if (link) remember(link.getAttribute("href"));
});

// What was opened last stands first among what was found.
document.addEventListener("htmx:afterSettle", () => {
  const addresses = remembered();
  const place = (item) => {
    const known = addresses.indexOf(item.firstElementChild.getAttribute("href"));
    return known < 0 ? MANY : known;
  };
  document.querySelectorAll(".jump-found ul").forEach((list) => {
    const found = [...list.children];
    const sorted = found.toSorted((one, other) => place(one) - place(other));
    // Whatever settles on the page comes here, and a link that is moved loses the focus.
    if (sorted.some((item, index) => item !== found[index])) list.append(...sorted);
  });
});

// Arrows walk from the field through what was found; Enter in the field opens the first.
document.addEventListener("keydown", (event) => {
  const box = event.target.closest(".jump");
  if (!box || !["ArrowDown", "ArrowUp", "Enter"].includes(event.key) || event.isComposing) return;
  const field = box.querySelector("[data-jump] input");
  const stops = [field, ...box.querySelectorAll(".jump-found a")];
  const here = stops.indexOf(event.target);
  if (event.key === "Enter") {
    if (here !== 0 || !stops[1] || !field.value.trim()) return;
    event.preventDefault();
    return stops[1].click();
  }
  if (here < 0) return;
  event.preventDefault();
  stops[(here + (event.key === "ArrowDown" ? 1 : stops.length - 1)) % stops.length].focus();
});
