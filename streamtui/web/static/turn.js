// One message on the page: who, reasoning, body, a foot line for status and figures, and what can be done with it.

import { Blocks } from "./blocks.js";
import { attached } from "./pictures.js";
import { button, copyText, element, flash } from "./dom.js";
import { Rate } from "./rate.js";
import { Follower } from "./scroll.js";

const STALL_MS = 3000;
const EARLY = new Map([
  ["length", "cut off: length limit"],
  ["max_tokens", "cut off: length limit"],
  ["model_context_window_exceeded", "cut off: the model's context is full"],
  ["content_filter", "cut off: content filter"],
  ["refusal", "cut off: the model refused to go on"],
  ["tool_calls", "asked for a tool, which a chat does not have"],
  ["tool_use", "asked for a tool, which a chat does not have"],
]);
const CAN_CONTINUE = ["stopped", "interrupted", "failed"];

export class Turn {
  /**
   * `grown` is called after the turn has become taller. `actions` has the functions behind its buttons: `regenerate`,
   * `regenerateWith` another model, `resume`, `edit`, `fork`, each with this turn, and `choose` with the id of a message
   * beside it. A reply that was read has its `tree` of blocks; one that streams is sent it.
   */
  constructor(message, { grown = () => {}, actions = {}, siblings = [] } = {}) {
    const { id, role, model, created, text = "", reasoning = "", status = "complete", tree, attachments = [] } = message;
    this.id = id;
    this.role = role;
    this.model = model;
    this.text = text;
    this.files = attachments;
    this.status = status;
    this.siblings = siblings.join();
    this.grown = grown;
    this.actions = actions;
    this.waiting = { reasoning: "" };
    this.patches = [];
    this.have = { text: 0, reasoning: 0 };
    this.skip = { text: 0, reasoning: 0 };
    this.usage = null;
    this.rate = new Rate();
    this.began = performance.now();
    this.frame = 0;
    this.node = element("article", `turn ${role}`);
    const time = new Date(created).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    const who = role === "user" ? "you" : model || "assistant";
    this.node.setAttribute("aria-label", `${who}, ${time}`);
    this.head = element("div", "who", `${who} · ${time}`);
    this.body = element("div", "body");
    this.foot = element("div", "foot");
    this.tools = element("div", "actions");
    this.node.append(this.head, this.body);
    this.showBranches(siblings);
    if (role === "user") {
      this.body.dir = "auto";
      this.body.textContent = text;
      if (attachments.length) this.node.append(attached(attachments, grown));
      this.node.append(this.tools);
      this.offer();
      return;
    }
    this.blocks = new Blocks(this.body);
    if (tree) this.blocks.apply([["replace", [], tree]]);
    else if (text) this.body.append(element("p", "", text));
    this.node.append(this.foot, this.tools);
    this.waiting = { reasoning };
    this.show();
    if (status === "streaming") this.stream();
    else this.offer();
  }

  /** Whether this is how a message looks, so that it need not be made again. */
  shows({ status, text }, siblings) {
    return this.status === status && this.text === text && this.siblings === siblings.join();
  }

  showBranches(siblings) {
    if (siblings.length < 2) return;
    const at = siblings.indexOf(this.id);
    const step = (by, sign, label) => {
      const node = button(sign, label, () => this.actions.choose(siblings[at + by]), "branch");
      node.disabled = siblings[at + by] === undefined;
      return node;
    };
    const branches = element("span", "branches");
    branches.append(step(-1, "‹", "Previous branch"), `${at + 1}/${siblings.length}`, step(1, "›", "Next branch"));
    this.head.append(branches);
  }

  /** Offer what makes sense with the message as it is. */
  offer() {
    const buttons = [];
    if (this.text) buttons.push(button("copy", "copy", (event) => this.copy(event.target)));
    if (this.id && this.role === "user") buttons.push(button("edit", "edit", () => this.actions.edit(this)));
    if (this.id && this.role === "assistant") {
      buttons.push(button("regenerate", "regenerate", () => this.actions.regenerate(this)));
      buttons.push(button("with…", "regenerate with another model", () => this.actions.regenerateWith(this)));
      buttons.push(button("fork", "a conversation of its own from here", () => this.actions.fork(this)));
      const isCut = CAN_CONTINUE.includes(this.status) || ["length", "max_tokens"].includes(this.reason);
      if (isCut && this.text.trim()) buttons.push(button("continue", "continue", () => this.actions.resume(this)));
    }
    this.tools.replaceChildren(...buttons);
  }

  async copy(node) {
    flash(node, await copyText(this.text, this.body));
  }

  stream() {
    this.status = "streaming";
    delete this.node.dataset.status;
    this.node.classList.add("streaming");
    this.node.setAttribute("aria-busy", "true");
    this.tools.replaceChildren();
    this.showState();
    this.clock = setInterval(() => this.showState(), 500);
  }

  /** Events are about to come from the reply's start, which was at another time: what is here already is left out. */
  join() {
    this.skip = { ...this.have };
    this.rate = new Rate();
    this.began = null;
    this.showState();
  }

  /** Take in one event of the stream. */
  hear(event) {
    switch (event.type) {
      case "text":
      case "reasoning":
        this.take(event.type, event.text);
        break;
      case "blocks":
        this.patches.push(...event.patch);
        this.frame ||= requestAnimationFrame(() => this.show());
        break;
      case "usage":
        this.usage = event;
        break;
      case "notice":
        this.say(event.text);
        break;
      case "done":
        this.end(event);
    }
  }

  take(kind, text) {
    const fresh = text.slice(this.skip[kind]);
    this.skip[kind] -= text.length - fresh.length;
    this.have[kind] += fresh.length;
    const isFirst = this.rate.first === null;
    this.rate.arrived(fresh);
    if (isFirst) this.showState();
    if (!fresh) return;
    if (kind === "text") this.text += fresh;
    else this.waiting.reasoning += fresh;
    this.notice?.remove();
    this.frame ||= requestAnimationFrame(() => this.show());
  }

  say(text, bad = false) {
    this.notice?.remove();
    this.notice = element("div", bad ? "notice bad" : "notice", text);
    this.foot.before(this.notice);
    this.grown();
  }

  /** Bring what has arrived since the last frame on the page. */
  show() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const { reasoning } = this.waiting;
    this.waiting.reasoning = "";
    if (reasoning) this.think(reasoning);
    const patches = this.patches;
    this.patches = [];
    if (patches.length) {
      if (this.details?.open && !this.body.hasChildNodes() && this.details.dataset.by !== "user") this.details.open = false;
      this.blocks.apply(patches);
    }
    if (patches.length || reasoning) this.grown();
  }

  think(reasoning) {
    if (!this.details) {
      this.details = element("details", "reasoning");
      const summary = element("summary", "", "reasoning");
      summary.addEventListener("click", () => (this.details.dataset.by = "user"));
      this.thought = element("div", "thought");
      this.thought.dir = "auto";
      this.details.append(summary, this.thought);
      this.body.before(this.details);
      this.details.open = this.node.classList.contains("streaming");
      this.thoughtEnd = new Follower(this.thought);
    }
    this.thought.append(reasoning);
    this.thoughtEnd.grown();
  }

  /** Show how it goes. How long it has been going is known only where the page was there from the start. */
  showState() {
    const now = performance.now();
    const since = this.began === null ? "" : ` · ${seconds((now - (this.rate.first ?? this.began)) / 1000)}`;
    this.foot.textContent = this.state(now) + since;
  }

  state(now) {
    if (!this.have.text && !this.have.reasoning) return "waiting for the first token";
    const silence = this.rate.last === null ? 0 : now - this.rate.last;
    if (silence >= STALL_MS) return `no data for ${Math.floor(silence / 1000)} s`;
    const rate = this.rate.tokens(now);
    return rate === null ? "streaming" : `~${Math.round(rate)} tok/s`;
  }

  /** The reply has ended: `status`, and what is known of `finish_reason`, `error` and `metrics`. */
  end(ending) {
    this.show();
    this.close();
    this.node.classList.remove("streaming");
    this.node.removeAttribute("aria-busy");
    this.figures({ ...ending, usage: this.usage });
    this.offer();
  }

  /** Let go of timers. */
  close() {
    clearInterval(this.clock);
    cancelAnimationFrame(this.frame);
  }

  /** Write the foot line of a reply that has ended. */
  figures({ status, finish_reason: reason, error, metrics, usage }) {
    this.status = status;
    this.reason = reason;
    const about = usage?.output_tokens == null || usage.estimated ? "~" : "";
    const how = outcome(status, reason, error);
    const parts = how ? [how] : [];
    if (metrics?.tokens_per_s) parts.push(`${about}${Math.round(metrics.tokens_per_s)} tok/s`);
    if (usage?.output_tokens) parts.push(`${about}${usage.output_tokens.toLocaleString()} tokens`);
    if (metrics?.ttft_s) parts.push(`first token ${seconds(metrics.ttft_s)}`);
    this.foot.replaceChildren(element("span", status === "failed" ? "bad" : "", parts.join(" · ")));
    this.node.dataset.status = status;
    this.grown();
  }
}

/** Return how a reply ended, in words; nothing for one that came to its own end. */
export function outcome(status, reason, error) {
  if (status === "complete") return EARLY.get(reason) ?? "";
  if (error) return `${status}: ${error.message}`;
  return reason === "client_left" ? `${status}: the page was closed, and nobody came back to it` : status;
}

export function seconds(value) {
  return value < 10 ? `${value.toFixed(value < 1 ? 2 : 1)} s` : `${Math.round(value)} s`;
}
