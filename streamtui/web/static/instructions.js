// How the model is to answer: the system message of the conversation, and how hard to think.

import { call } from "./api.js";
import { labelled, select, show } from "./dialog.js";
import { $, element } from "./dom.js";
import { attempt } from "./status.js";

const LONGEST = 100_000;
const LEVELS = ["none", "minimal", "low", "medium", "high", "xhigh"];
const EFFORTS = [["", "as the model does by itself"], ...LEVELS.map((level) => [level, level])];

export class Instructions {
  constructor({ opened }) {
    this.opened = opened;
    $("system").addEventListener("click", attempt(() => this.ask()));
    this.mark();
  }

  get effort() {
    return localStorage.getItem("effort") ?? "";
  }

  /** What a request says of it. */
  get request() {
    return this.effort ? { effort: this.effort } : {};
  }

  async ask() {
    const text = element("textarea");
    Object.assign(text, { id: "system-message", rows: 6, maxLength: LONGEST, value: this.opened.system, dir: "auto" });
    const effort = select(EFFORTS, this.effort);
    effort.id = "effort";
    const fields = [labelled("System message", text), labelled("Effort", effort)];
    if (!(await show("How the model is to answer", fields, { confirm: "Use" }))) return;
    localStorage.setItem("effort", effort.value);
    this.opened.system = text.value;
    if (this.opened.id) await call("POST", `conversations/${this.opened.id}/system`, { system: text.value });
    this.mark();
  }

  /** Show whether there is anything that the model is told beside the prompts. */
  mark() {
    $("system").classList.toggle("set", Boolean(this.opened.system || this.effort));
  }
}
