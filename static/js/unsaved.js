// What was typed into a form and not sent is asked about before one leaves the page. A draft that keeps itself is not.
"use strict";

const unsent = new Set();

document.addEventListener("input", ({ target, isTrusted }) => {
  if (isTrusted && target.form?.matches('.form[method="post"]:not([data-keep])')) unsent.add(target.form);
});

document.addEventListener("submit", ({ target }) => unsent.delete(target));

// «Отмена» of the form itself means it.
document.addEventListener("click", ({ target }) => {
  if (target.closest(".form .actions a")) unsent.delete(target.closest(".form"));
});

window.addEventListener("beforeunload", (event) => {
  if ([...unsent].some((form) => form.isConnected)) event.preventDefault();
});
