// The box for the prompt: typing, pasting, sending by key, and what is queued above it.

import { $, button, element, isComposing } from "./dom.js";
import { complain } from "./status.js";

const LONGEST = 200_000; // characters the server takes

export class Composer {
  /** `send` is called for Enter, `typed` after every change of the text, `unqueue` with the place of a queued prompt. */
  constructor({ send, typed, unqueue }) {
    this.box = $("prompt");
    this.unqueue = unqueue;
    this.box.addEventListener("input", () => {
      this.resize();
      typed();
    });
    this.box.addEventListener("paste", (event) => this.paste(event, event.clipboardData));
    this.box.addEventListener("drop", (event) => this.paste(event, event.dataTransfer));
    this.box.addEventListener("keydown", (event) => {
      const isPlain = !event.shiftKey && !event.altKey && !isComposing(event);
      if (event.key !== "Enter" || !isPlain || matchMedia("(pointer: coarse)").matches) return;
      event.preventDefault();
      send();
    });
    $("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      send();
    });
  }

  get text() {
    return this.box.value;
  }

  set text(text) {
    if (this.box.value !== text) this.box.value = text;
    this.resize();
  }

  /** Return why the text can't be sent as it is, in a line; nothing where it can. */
  get refusal() {
    const { length } = this.text;
    return length > LONGEST ? `This has ${length.toLocaleString()} characters; a prompt may have ${LONGEST.toLocaleString()}.` : "";
  }

  /** Refuse what could never be sent; cutting it would lose the rest without a word. */
  paste(event, data) {
    const text = data?.getData("text/plain") ?? "";
    if (this.text.length + text.length <= LONGEST) return;
    event.preventDefault();
    complain(
      `Not pasted: with these ${text.length.toLocaleString()} characters it would be more than the ${LONGEST.toLocaleString()} of a prompt.`,
    );
  }

  /** Show the prompts that wait for the reply in flight. */
  showQueue(prompts) {
    const rows = prompts.map((prompt, at) => {
      const row = element("div", "queued");
      row.append(element("span", "", line(prompt)), button("edit", "Put this queued prompt back into the box", () => this.unqueue(at)));
      return row;
    });
    $("queue").replaceChildren(...rows);
  }

  resize() {
    this.box.style.height = "auto";
    this.box.style.height = `${this.box.scrollHeight}px`;
  }

  focus() {
    if (matchMedia("(hover: hover)").matches) this.box.focus();
  }
}

const line = ({ text, files }) => [text, ...files.map(({ name }) => name)].filter(Boolean).join(" · ");
