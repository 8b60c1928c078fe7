// One message on the page: who, reasoning, body, and a foot line for status and figures.

import { Renderer, element } from "./markdown.js";
import { Rate } from "./rate.js";

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

export class Turn {
  /** `grown` is called after the turn has become taller. */
  constructor({ id, role, model, created, text = "", reasoning = "", status = "complete" }, grown = () => {}) {
    this.id = id;
    this.grown = grown;
    this.waiting = { text: "", reasoning: "" };
    this.have = { text: 0, reasoning: 0 };
    this.skip = { text: 0, reasoning: 0 };
    this.usage = null;
    this.rate = new Rate();
    this.began = performance.now();
    this.frame = 0;
    this.node = element("article", `turn ${role}`);
    const time = new Date(created).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    this.node.append(element("div", "who", `${role === "user" ? "you" : model || "assistant"} · ${time}`));
    this.body = element("div", "body");
    this.foot = element("div", "foot");
    this.node.append(this.body);
    if (role === "user") {
      this.body.textContent = text;
      return;
    }
    this.renderer = new Renderer(this.body);
    this.node.append(this.foot);
    this.waiting = { text, reasoning };
    this.show();
    if (status === "streaming") this.stream();
  }

  stream() {
    this.node.classList.add("streaming");
    this.tell();
    this.clock = setInterval(() => this.tell(), 500);
  }

  /** Events are about to come from the reply's start, which was at another time: what is here already is left out. */
  join() {
    this.skip = { ...this.have };
    this.rate = new Rate();
    this.began = null;
    this.tell();
  }

  /** Take in one event of the stream. */
  hear(event) {
    switch (event.type) {
      case "text":
      case "reasoning":
        this.take(event.type, event.text);
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
    if (isFirst) this.tell();
    if (!fresh) return;
    this.waiting[kind] += fresh;
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
    const { text, reasoning } = this.waiting;
    this.waiting = { text: "", reasoning: "" };
    if (reasoning) this.think(reasoning);
    if (text) {
      if (this.details?.open && !this.body.hasChildNodes() && this.details.dataset.by !== "reader") this.details.open = false;
      this.renderer.append(text);
    }
    if (text || reasoning) this.grown();
  }

  think(reasoning) {
    if (!this.details) {
      this.details = element("details", "reasoning");
      const summary = element("summary", "", "reasoning");
      summary.addEventListener("click", () => (this.details.dataset.by = "reader"));
      this.thought = element("div", "thought");
      this.details.append(summary, this.thought);
      this.body.before(this.details);
      this.details.open = this.node.classList.contains("streaming");
    }
    this.thought.append(reasoning);
    this.thought.scrollTop = this.thought.scrollHeight;
  }

  /** Say how it goes. How long it has been going only a reader knows who was there from the start. */
  tell() {
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
    clearInterval(this.clock);
    this.node.classList.remove("streaming");
    this.figures({ ...ending, usage: this.usage });
  }

  /** Write the foot line of a reply that has ended. */
  figures({ status, finish_reason: reason, error, metrics, usage }) {
    const about = usage?.output_tokens == null || usage.estimated ? "~" : "";
    const how = status === "complete" ? EARLY.get(reason) : error ? `${status}: ${error.message}` : status;
    const parts = how ? [how] : [];
    if (metrics?.tokens_per_s) parts.push(`${about}${Math.round(metrics.tokens_per_s)} tok/s`);
    if (usage?.output_tokens) parts.push(`${about}${usage.output_tokens.toLocaleString()} tokens`);
    if (metrics?.ttft_s) parts.push(`first token ${seconds(metrics.ttft_s)}`);
    this.foot.replaceChildren(element("span", status === "failed" ? "bad" : "", parts.join(" · ")));
    this.node.dataset.status = status;
    this.grown();
  }
}

function seconds(value) {
  return value < 10 ? `${value.toFixed(value < 1 ? 2 : 1)} s` : `${Math.round(value)} s`;
}
