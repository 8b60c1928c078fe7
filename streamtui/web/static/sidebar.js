// The list of conversations.

import { element } from "./markdown.js";

const DAY = 24 * 3600 * 1000;

export class Sidebar {
  constructor(nav, chosen) {
    this.nav = nav;
    this.chosen = chosen;
    this.drawn = "";
  }

  /** Show `conversations`, newest first; `current` is the one in view. */
  show(conversations, current) {
    const state = JSON.stringify([conversations.map(({ id, title, status, updated }) => [id, title, status, updated]), current]);
    if (state === this.drawn) return;
    this.drawn = state;
    const focused = this.nav.contains(document.activeElement) ? document.activeElement.dataset.id : null;
    const rows = conversations.map((each) => this.row(each, current));
    this.nav.replaceChildren(...(rows.length ? rows : [element("p", "", "Nothing yet. What you ask is kept here.")]));
    if (focused) this.nav.querySelector(`[data-id="${focused}"]`)?.focus();
  }

  row({ id, title, model, status, updated }, current) {
    const button = element("button", status === "streaming" ? "streaming" : "");
    button.dataset.id = id;
    if (id === current) button.setAttribute("aria-current", "true");
    const about = [status === "streaming" ? "streaming" : when(updated), model];
    if (["failed", "stopped", "interrupted"].includes(status)) about.push(status);
    button.append(element("span", "name", title || "Untitled"), element("span", "about", about.join(" · ")));
    button.addEventListener("click", () => this.chosen(id));
    return button;
  }
}

function when(time) {
  const date = new Date(time);
  const age = Date.now() - date;
  if (age < DAY && date.getDate() === new Date().getDate()) {
    return date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  }
  return date.toLocaleDateString([], { day: "numeric", month: "short", year: age > 300 * DAY ? "numeric" : undefined });
}
