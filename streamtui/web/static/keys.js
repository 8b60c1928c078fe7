// Keys that work everywhere on the page: one table for what they do and what the help sheet says of them.

import { show } from "./dialog.js";
import { $, element, isComposing } from "./dom.js";
import { isMenuOpen, setMenu } from "./menu.js";
import { attempt } from "./status.js";

const FIXED = [
  ["Enter", "send, or queue while a reply streams"],
  ["Shift+Enter", "new line"],
  ["Esc", "take back the newest queued prompt, else stop the reply"],
  ["Page Up, Page Down", "scroll the messages"],
  ["Ctrl+Home, Ctrl+End", "first and last message"],
];

export class Keys {
  /** `shortcuts` are rows: the code of the key that goes with Alt, its name, what it does, the function for it. */
  constructor(shortcuts, escape) {
    this.shortcuts = shortcuts;
    this.escape = escape;
    document.addEventListener("keydown", (event) => this.pressed(event));
    $("prompt").addEventListener("keydown", (event) => scroll(event));
    $("help").addEventListener("click", () => this.help());
  }

  help() {
    const list = element("dl");
    const rows = [...FIXED, ...this.shortcuts.map(([, key, what]) => [`Alt+${key}`, what])];
    for (const [keys, what] of rows) {
      const term = element("dt");
      for (const [at, key] of keys.split(", ").entries()) term.append(at ? ", " : "", element("kbd", "", key));
      list.append(term, element("dd", "", what));
    }
    return show("Shortcuts", [list]);
  }

  pressed(event) {
    if ($("dialog").open || isComposing(event) || event.defaultPrevented) return;
    if (event.key === "Escape") {
      if (event.target.matches("select") || document.querySelector(":popover-open")) return; // it closes its list
      if (isMenuOpen()) setMenu(false);
      else if (event.target !== $("search") || !$("search").value) attempt(this.escape)();
      return;
    }
    if (!event.altKey || event.ctrlKey || event.metaKey) return;
    const act = this.shortcuts.find(([code]) => code === event.code)?.[3];
    if (!act) return;
    event.preventDefault();
    attempt(act)();
  }
}

/** Scroll the messages from the box, where the key moves nothing in the text. */
function scroll(event) {
  const { scrollHeight, clientHeight } = $("log");
  const jump = { Home: -scrollHeight, End: scrollHeight }[event.key];
  const page = { PageUp: -clientHeight, PageDown: clientHeight }[event.key];
  const by = page ?? (event.ctrlKey || !event.target.value ? jump : undefined);
  if (by === undefined || isComposing(event)) return;
  event.preventDefault();
  $("log").scrollBy(0, by * (page ? 0.9 : 1));
}
