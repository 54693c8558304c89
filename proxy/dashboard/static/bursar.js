// What changes by itself is fetched again as HTML from this server; everything works without this file too.
"use strict";

(() => {
  document.documentElement.classList.add("has-script");
  const banner = document.getElementById("stale");
  const newest = new WeakMap();

  // A page that fills in a form, or marks a text, is left alone until that is done.
  function isBusy(part) {
    const typing = [...part.querySelectorAll("input, textarea, select")].some(
      (field) => field.type !== "hidden" && (field === document.activeElement || field.value !== field.defaultValue));
    const marked = window.getSelection();
    return typing || (!marked.isCollapsed && part.contains(marked.anchorNode));
  }

  function put(part, html) {
    if (newest.get(part) === html || isBusy(part)) return;
    newest.set(part, html);
    const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
    const open = [...part.querySelectorAll("details")].map((one) => one.open);
    const parsed = new DOMParser().parseFromString(html, "text/html");
    part.replaceChildren(...parsed.body.childNodes);
    part.querySelectorAll("details").forEach((one, at) => { one.open = Boolean(open[at]); });
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  }

  function say(text) {
    banner.hidden = !text;
    if (banner.textContent !== text) banner.textContent = text;
    document.documentElement.classList.toggle("is-stale", Boolean(text));
  }

  async function look(part) {
    if (document.hidden) return;
    try {
      const answer = await fetch(part.dataset.live, { headers: { accept: "text/html" }, cache: "no-store" });
      if (answer.status === 401) return say(banner.dataset.closed);
      if (!answer.ok) throw new Error(String(answer.status));
      const html = await answer.text();
      say("");
      put(part, html);
    } catch {
      say(banner.dataset.gone);
    }
  }

  for (const part of document.querySelectorAll("[data-live]")) {
    const again = () => look(part).finally(() => setTimeout(again, 1000 * Number(part.dataset.every)));
    setTimeout(again, 1000 * Number(part.dataset.every));
    document.addEventListener("visibilitychange", () => look(part));
  }

  for (const form of document.querySelectorAll("form[data-auto]")) {
    form.addEventListener("change", () => form.requestSubmit());
  }
})();
