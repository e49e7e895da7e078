// «Вернуть» goes when the server would refuse it, and Z presses the last one.
"use strict";

const UNDO_FOR = 10000; // ms: WINDOW in users/undo/services.py

// The newest act that still can be undone.
document.addEventListener("keydown", (event) => {
  if (event.code !== "KeyZ" || event.shiftKey || !isSingleKey(event)) return;
  const buttons = document.querySelectorAll("[data-undo] button");
  const button = buttons[buttons.length - 1];
  event.preventDefault();
  if (button) button.click();
  else Toasts.show("nothing-undone");
});

document.addEventListener("DOMContentLoaded", () => {
  const seen = new WeakSet();
  const expire = () => {
    document.querySelectorAll("[data-undo]").forEach((form) => {
      if (seen.has(form)) return;
      seen.add(form);
      setTimeout(() => {
        // The button had the focus: its toast or message keeps it, not the top of the page.
        const left = form.contains(document.activeElement) ? form.parentElement : null;
        form.remove();
        left?.querySelector("button")?.focus();
      }, UNDO_FOR);
    });
  };
  expire();
  for (const place of ["toasts", "messages"]) {
    const region = document.getElementById(place);
    if (region) new MutationObserver(expire).observe(region, { childList: true, subtree: true });
  }
});
