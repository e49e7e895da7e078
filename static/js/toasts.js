// Toasts: short notes in the corner. Their words are <template>s in _overlays.html, translated by the server.
"use strict";

const FADE_AFTER = 8000; // ms

const Toasts = {
  // Show the toast of <template id="toast-NAME">; `retry`, when given, is called by its «Try again».
  show(name, retry) {
    const toast = document.getElementById(`toast-${name}`).content.firstElementChild.cloneNode(true);
    const button = toast.querySelector("[data-retry]");
    if (button && retry) {
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
    }, FADE_AFTER);
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

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-dismiss]");
  if (button) button.closest(button.dataset.dismiss).remove();
});
