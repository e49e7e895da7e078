// The queue of payments by keyboard: J and K move, the letters on the buttons press them. By the place of the key: a
// Russian layout types the same.
"use strict";

const queue = () => document.getElementById("payment-queue");

// One press, one act: what is held down, or pressed before the next payment is there, does nothing. The forms settle
// at once (settle:0ms), or a quick press would come before htmx knows the new ones.
const isAtWork = () => Boolean(queue()?.closest("[aria-busy]") ?? queue()?.querySelector("[aria-busy]"));

function neighbour(step) {
  const links = [...document.querySelectorAll(".payment-list a")];
  const here = links.findIndex((link) => link.getAttribute("aria-current") === "true");
  return links[here + step];
}

function press(element) {
  const details = element.closest("details");
  if (!element.matches("summary") || !details) return element.click();
  details.open = true;
  details.querySelector('form :is(input:not([type="hidden"]), textarea)')?.focus();
}

const KEYS = ["KeyJ", "KeyK", "KeyA", "KeyD", "KeyR"];

// Why a key does nothing: the name of a toast of payment_queue.html.
function excuse(code) {
  if (!document.getElementById("payment-open")) return "no-payment";
  return code === "KeyJ" ? "last-payment" : "first-payment";
}

document.addEventListener("keydown", (event) => {
  if (!KEYS.includes(event.code) || !queue() || event.shiftKey || event.repeat || !isSingleKey(event)) return;
  const element =
    event.code === "KeyJ" ? neighbour(1)
    : event.code === "KeyK" ? neighbour(-1)
    : queue().querySelector(`[data-key="${event.code}"]`);
  event.preventDefault();
  if (isAtWork()) return;
  if (element) press(element);
  else Toasts.show(excuse(event.code));
});

// What was typed about a payment is there again when one comes back to it, as long as this window is open.
const TYPED = '#payment-open details :is(input:not([type="hidden"]), textarea)';
const placeOf = (field) => `${field.form.getAttribute("action").split("?")[0]} ${field.name}`;

document.addEventListener("input", (event) => {
  if (event.target.matches(TYPED)) sessionStorage.setItem(placeOf(event.target), event.target.value);
});

function bringBack() {
  document.querySelectorAll(TYPED).forEach((field) => {
    const typed = sessionStorage.getItem(placeOf(field));
    if (typed === null || typed === field.value) return;
    field.value = typed;
    field.closest("details").open = true;
  });
}

document.addEventListener("DOMContentLoaded", bringBack);
document.addEventListener("submit", (event) => {
  if (!event.target.closest("#payment-open")) return;
  event.target.querySelectorAll("input, textarea").forEach((field) => sessionStorage.removeItem(placeOf(field)));
});

// The one that is open stays in sight in a long list.
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.target.id !== "payment-queue") return;
  bringBack();
  document.querySelector('.payment-list a[aria-current="true"]')?.scrollIntoView({ block: "nearest" });
});

// Esc leaves a form that a letter opened; what was typed stays in it.
document.addEventListener("keydown", (event) => {
  const details = event.key === "Escape" && event.target.closest("#payment-open details[open]");
  if (!details) return;
  details.open = false;
  details.querySelector("summary").focus();
});
