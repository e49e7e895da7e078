// Keeps the page fresh: only the pieces that changed are swapped, so nothing that one reads, types or selects is lost.
"use strict";

const REFRESH_EVERY = 1200; // milliseconds
const phoneScreen = document.getElementById("screen");

function isAtEnd() {
  if (!phoneScreen) return true;
  return phoneScreen.scrollHeight - phoneScreen.scrollTop - phoneScreen.clientHeight < 80;
}

function goToEnd() {
  if (phoneScreen) phoneScreen.scrollTop = phoneScreen.scrollHeight;
}

// Every child has an id and a key of its content: the same id and key mean that it may stay as it is.
function reconcile(host, html) {
  const fresh = document.createElement("template");
  fresh.innerHTML = html;
  const wanted = [...fresh.content.children];
  const ids = new Set(wanted.map((child) => child.id));
  for (const child of [...host.children]) {
    if (!ids.has(child.id)) child.remove();
  }
  const present = new Map([...host.children].map((child) => [child.id, child]));
  let place = host.firstElementChild;
  for (const child of wanted) {
    const old = present.get(child.id);
    if (!old) {
      child.classList.add("arriving");
      host.insertBefore(child, place);
    } else if (old.dataset.key === child.dataset.key) {
      if (old === place) place = place.nextElementSibling;
      else host.insertBefore(old, place);
    } else {
      const inPlace = old === place;
      if (inPlace) place = place.nextElementSibling;
      swapKeepingState(old, child, () => inPlace || host.insertBefore(child, place));
    }
  }
}

function swapKeepingState(old, child, move) {
  const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
  const open = [...old.querySelectorAll("input:checked")].map((box) => box.id);
  old.replaceWith(child);
  move(); // before the focus: moving an element takes it away
  for (const id of open) {
    const box = document.getElementById(id);
    if (box) box.checked = true;
  }
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

function isSelecting(host) {
  const selection = document.getSelection();
  return selection && !selection.isCollapsed && host.contains(selection.anchorNode);
}

async function refresh(host) {
  const address = new URL(host.dataset.source, location.href);
  if (host.id === "chats") {
    address.searchParams.set("q", document.querySelector(".search input").value);
    address.searchParams.set("open", host.dataset.open);
  }
  const answer = await fetch(address);
  if (!answer.ok || isSelecting(host)) return;
  const html = await answer.text();
  const follow = isAtEnd();
  reconcile(host, html);
  if (follow && (host.id === "messages" || host.id === "foot")) goToEnd();
}

async function refreshAll() {
  try {
    await Promise.all([...document.querySelectorAll("[data-source]")].map(refresh));
    document.body.classList.remove("lost");
  } catch {
    document.body.classList.add("lost"); // the sandbox has stopped; the next round will tell when it is back
  }
}

async function keepFresh() {
  if (document.visibilityState === "visible") await refreshAll();
  setTimeout(keepFresh, REFRESH_EVERY);
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  event.preventDefault();
  const body = new URLSearchParams(new FormData(form, event.submitter));
  event.submitter?.setAttribute("data-sending", "");
  try {
    await fetch(form.action, { method: "POST", body });
    form.reset();
  } catch {
    document.body.classList.add("lost"); // what was typed stays in the field
  }
  event.submitter?.removeAttribute("data-sending");
  await refreshAll();
  if (form.classList.contains("write")) goToEnd();
});

document.addEventListener("input", (event) => {
  if (event.target.type === "search") refresh(document.getElementById("chats"));
});

goToEnd();
setTimeout(keepFresh, REFRESH_EVERY);
