// The list of conversations.

import { button, element } from "./dom.js";

const DAY = 24 * 3600 * 1000;
const PAGE = 100;

export class Sidebar {
  /** `chosen` is called with the id of a conversation, and that of a message where a search has found one. */
  constructor(nav, chosen) {
    this.nav = nav;
    this.chosen = chosen;
    this.rows = new Map(); // by id: what a row shows, and its node
    this.most = PAGE;
    this.last = null; // what was shown last
    nav.addEventListener("keydown", (event) => this.walk(event));
  }

  /** How many conversations are wanted: one more than is shown, to know whether there are more. */
  get wanted() {
    return this.most + 1;
  }

  /** Show `conversations`, newest first; `current` is the one in view. Rows that look the same stay as they are. */
  show(conversations, current, refresh) {
    this.last = [conversations, refresh];
    const shown = conversations.slice(0, this.most);
    const known = this.rows;
    this.rows = new Map();
    const nodes = shown.map((summary) => {
      const state = JSON.stringify([summary.title, summary.status, summary.updated, summary.id === current, summary.snippet]);
      const name = `${summary.id} ${summary.message ?? ""}`;
      const there = known.get(name);
      const node = there?.state === state ? there.node : this.row(summary, current);
      this.rows.set(name, { state, node });
      return node;
    });
    if (conversations.length > this.most) {
      nodes.push(button("Show more", "Show more conversations", () => {
        this.most += PAGE;
        refresh();
      }, "quiet more"));
    }
    if (!nodes.length) nodes.push(element("p", "", "Nothing yet. What you ask is kept here."));
    const focused = this.nav.contains(document.activeElement) ? document.activeElement.dataset.id : null;
    const wanted = new Set(nodes);
    for (const node of [...this.nav.children]) if (!wanted.has(node)) node.remove();
    nodes.forEach((node, at) => {
      if (this.nav.children[at] !== node) this.nav.insertBefore(node, this.nav.children[at] ?? null);
    });
    this.setStop();
    if (focused && document.activeElement === document.body) this.nav.querySelector(`[data-id="${focused}"]`)?.focus();
  }

  /** Another conversation is in view: mark it, in the list as it was shown last. */
  mark(current) {
    if (this.last) this.show(this.last[0], current, this.last[1]);
  }

  row({ id, title, model, status, updated, snippet, message }, current) {
    const node = element("button", status === "streaming" ? "streaming" : "");
    node.dataset.id = id;
    if (id === current) node.setAttribute("aria-current", "true");
    const about = [status === "streaming" ? "streaming" : when(updated), model];
    if (["failed", "stopped", "interrupted"].includes(status)) about.push(status);
    const name = element("span", "name", title || "Untitled");
    name.dir = "auto";
    node.append(name, element("span", "about", snippet ?? about.join(" · ")));
    node.addEventListener("click", () => this.chosen(id, message));
    return node;
  }

  /** Only one row is a stop for the Tab key; the arrow keys walk from there. */
  setStop() {
    const rows = [...this.nav.querySelectorAll("button")];
    const stop = rows.find((row) => row === document.activeElement) ?? rows.find((row) => row.ariaCurrent) ?? rows[0];
    for (const row of rows) row.tabIndex = row === stop ? 0 : -1;
  }

  walk(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const rows = [...this.nav.querySelectorAll("button")];
    const next = rows[rows.indexOf(document.activeElement) + step];
    if (!next) return;
    event.preventDefault();
    next.focus();
    this.setStop();
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
