"use strict";

// What pages cannot do without a script: lists that stay current, errors of the network, menus that close.
(() => {
  const unreachable = document.getElementById("unreachable");

  function reachable(is) {
    if (unreachable) unreachable.hidden = is;
  }

  // A part of a page with data-live asks for itself anew; the answer to "still the same?" costs next to nothing.
  const PAUSE = 1200;
  const MOST_PAUSE = 15000;

  function keepCurrent(part) {
    let etag = part.dataset.etag || "";
    let pause = PAUSE;

    async function look() {
      if (!part.isConnected) return;
      if (document.hidden) {
        document.addEventListener("visibilitychange", look, { once: true });
        return;
      }
      const address = part.dataset.live;
      const started = performance.now();
      try {
        const answer = await fetch(address, {
          headers: { "HX-Request": "true", ...(etag ? { "If-None-Match": etag } : {}) },
          cache: "no-store", credentials: "same-origin", redirect: "error", signal: AbortSignal.timeout(15000),
        });
        if (answer.status === 401) {
          location.reload();
          return;
        }
        if (answer.status !== 304 && !answer.ok) throw new Error(String(answer.status));
        if (answer.status === 200 && address === part.dataset.live) {
          const text = await answer.text();
          // Nothing is taken from under the fingers of somebody who fills in a form.
          if (!part.contains(document.activeElement) || !document.activeElement.matches("input, select, textarea")) {
            etag = answer.headers.get("ETag") || "";
            show(part, text);
          }
        }
        reachable(true);
        // A server that takes its time is asked less often.
        pause = Math.max(PAUSE, 4 * (performance.now() - started));
      } catch {
        reachable(false);
        pause = Math.min(MOST_PAUSE, 2 * pause);
      }
      setTimeout(look, pause);
    }
    setTimeout(look, PAUSE);
  }

  function opened(part) {
    return [...part.querySelectorAll("details[open][id]")].map((each) => each.id);
  }

  function reopen(ids) {
    ids.forEach((id) => document.getElementById(id)?.setAttribute("open", ""));
  }

  function show(part, text) {
    const before = new Map([...part.querySelectorAll("[data-version]")].map((row) => [row.id, row.dataset.version]));
    const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
    const open = opened(part);
    // The server's own page, made by the same templates as the first one; no script in it would be run.
    part.innerHTML = text;
    reopen(open);
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
    part.querySelectorAll("[data-version]").forEach((row) => {
      if (before.size && before.get(row.id) !== row.dataset.version) row.classList.add("changed");
    });
    htmx.process(part);
  }

  function begin(root) {
    root.querySelectorAll("[data-live]").forEach((part) => {
      if (!part.dataset.begun) {
        part.dataset.begun = "true";
        keepCurrent(part);
      }
    });
  }

  document.body.addEventListener("htmx:load", (event) => begin(event.detail.elt.parentElement || document.body));
  // What a reader has opened in a part stays open when the part is made anew.
  let open = [];
  document.body.addEventListener("htmx:beforeSwap", (event) => { open = opened(event.detail.target); });
  document.body.addEventListener("htmx:afterSwap", () => reopen(open));
  document.body.addEventListener("htmx:sendError", () => reachable(false));
  document.body.addEventListener("htmx:timeout", () => reachable(false));
  document.body.addEventListener("htmx:responseError", (event) => {
    if (event.detail.xhr.status !== 401) reachable(false);
  });
  document.body.addEventListener("htmx:afterOnLoad", () => reachable(true));

  // Menus close by Escape and by a click elsewhere.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    document.querySelectorAll("details.more[open]").forEach((menu) => {
      menu.removeAttribute("open");
      menu.querySelector("summary").focus();
    });
  });
  document.addEventListener("click", (event) => {
    document.querySelectorAll("details.more[open]").forEach((menu) => {
      if (!menu.contains(event.target)) menu.removeAttribute("open");
    });
  });

  // A form that was sent is not sent twice; one that asks first asks.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.confirm && !confirm(form.dataset.confirm)) {
      event.preventDefault();
      return;
    }
    if (form.method === "post") setTimeout(() => form.querySelectorAll("button").forEach((button) => { button.disabled = true; }), 0);
  });
  addEventListener("pageshow", (event) => {
    if (event.persisted) document.querySelectorAll("form button[disabled]").forEach((button) => { button.disabled = false; });
  });

  // What is shown once can be copied.
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const secret = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(secret.textContent.trim());
      button.querySelector("span").textContent = button.dataset.copied;
    } catch {
      getSelection().selectAllChildren(secret);
    }
  });

  // Whoever sent something wrong is brought to it; the tab of this page is seen, however narrow the screen.
  document.querySelector("main [aria-invalid='true']")?.focus();
  document.querySelectorAll(":is(.tabs, .views) [aria-current]").forEach((tab) => {
    const row = tab.closest(".tabs, .views");
    row.scrollLeft = tab.offsetLeft - row.offsetLeft - (row.clientWidth - tab.offsetWidth) / 2;
  });

  // A notice is said once: a page loaded again does not say it again.
  const address = new URL(location.href);
  if (address.searchParams.has("notice")) {
    address.searchParams.delete("notice");
    history.replaceState(null, "", address);
  }
  begin(document.body);
})();
