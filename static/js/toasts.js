// Toasts: short notes in the corner. Their words are <template>s in _overlays.html or the page, translated by the server.
"use strict";

const FADE_AFTER = 8000; // ms
const UNDO_AFTER = 11000; // ms: what can be undone stays until it cannot

const Toasts = {
  // Show the words NAME of the toast of errors, or the toast of a name that has its own; «Try again» calls `retry`.
  show(name, retry) {
    const template = document.getElementById(`toast-${name}`) || document.getElementById("toast-error");
    const toast = template.content.firstElementChild.cloneNode(true);
    toast.querySelectorAll(`[data-words]:not([data-words="${name}"])`).forEach((others) => others.remove());
    const button = toast.querySelector("[data-retry]");
    if (button && retry && button.dataset.retry.split(" ").includes(name)) {
      button.addEventListener("click", () => {
        toast.remove();
        retry();
      });
    } else if (button) {
      button.parentElement.remove();
    }
    const region = document.getElementById("toasts");
    // The same trouble twice is one toast, not a heap.
    region.querySelectorAll(`[data-name="${name}"]`).forEach((old) => old.remove());
    toast.dataset.name = name;
    region.append(toast);
  },

  // A good word goes by itself; what went wrong stays until it is closed.
  // Whoever reads slowly keeps it: the clock stops under the pointer and with the focus inside.
  fade(toast) {
    if (toast.matches(".error, .warning")) return;
    const timer = setInterval(() => {
      if (toast.matches(":hover, :focus-within")) return;
      clearInterval(timer);
      toast.remove();
    }, toast.querySelector("[data-undo]") ? UNDO_AFTER : FADE_AFTER);
  },
};

document.addEventListener("DOMContentLoaded", () => {
  const watch = new MutationObserver((changes) => {
    changes.flatMap((change) => [...change.addedNodes]).forEach((node) => {
      if (node.classList?.contains("toast")) Toasts.fade(node);
    });
  });
  watch.observe(document.getElementById("toasts"), { childList: true });
});

// A page that opens further down, where one was before or at a place of its address, says it in the corner. The browser
// goes there at some moment after the page is loaded.
const OPENS_WITHIN = 1000; // ms

window.addEventListener("load", () => {
  const watch = new IntersectionObserver((seen) => seen.forEach(({ intersectionRatio, target: message }) => {
    if (intersectionRatio > 0.5) return;
    watch.unobserve(message);
    message.className = message.className.replace("message", "toast");
    message.querySelectorAll("[data-dismiss]").forEach((button) => { button.dataset.dismiss = ".toast"; });
    document.getElementById("toasts").append(message);
  }), { threshold: 0.5 });
  document.querySelectorAll("#messages > .message").forEach((message) => watch.observe(message));
  setTimeout(() => watch.disconnect(), OPENS_WITHIN);
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-dismiss]");
  if (button) button.closest(button.dataset.dismiss).remove();
});
