// The theme at once, without a new page; the server keeps the choice in a cookie (hsl_dashboard.web.views.theme_set).
"use strict";

function showTheme(theme) {
  const root = document.documentElement;
  if (theme === "system") root.removeAttribute("data-theme");
  else root.dataset.theme = theme;
  document.body.classList.remove("theme-light", "theme-dark"); // where the Django admin keeps it
  document.querySelectorAll("[data-theme-switch] button").forEach((button) => {
    button.setAttribute("aria-pressed", String(button.value === theme));
  });
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-theme-switch]") || !event.submitter) return;
  event.preventDefault();
  showTheme(event.submitter.value);
  const body = new FormData(form, event.submitter);
  fetch(form.action, { method: "POST", body, redirect: "manual" }).catch(() => {}); // it stays for this page
});

// A filter may have changed the address since the page was made: the language switch leads back to where one is.
document.addEventListener(
  "submit",
  (event) => {
    const field = event.target.querySelector("[data-current-address]");
    if (field) field.value = location.pathname + location.search;
  },
  true,
);
