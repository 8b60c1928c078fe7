// One message on the page: who, reasoning, body, and a foot line for status and figures.

import { Renderer, element } from "./markdown.js";

export class Turn {
  /** `grown` is called after the turn has become taller. */
  constructor({ id, role, model, created, text = "", reasoning = "", status = "complete" }, grown = () => {}) {
    this.id = id;
    this.grown = grown;
    this.waiting = { text: "", reasoning: "" };
    this.characters = 0;
    this.usage = null;
    this.began = performance.now();
    this.first = null;
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
    this.foot.textContent = "waiting for the first token";
    this.clock = setInterval(() => this.tell(), 500);
  }

  /** Take in one event of the stream. */
  hear(event) {
    switch (event.type) {
      case "text":
      case "reasoning":
        this.first ??= performance.now();
        this.characters += event.text.length;
        this.waiting[event.type] += event.text;
        this.notice?.remove();
        this.frame ||= requestAnimationFrame(() => this.show());
        break;
      case "usage":
        this.usage = event;
        break;
      case "notice":
        this.say(event.text);
        break;
      case "done":
        this.end(event.status, event.metrics, event.error);
    }
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

  tell() {
    if (this.first === null) {
      this.foot.textContent = `waiting for the first token · ${seconds((performance.now() - this.began) / 1000)}`;
      return;
    }
    const spent = (performance.now() - this.first) / 1000;
    const tokens = this.characters / 4;
    const rate = tokens >= 10 && spent > 0.5 ? `~${Math.round(tokens / spent)} tok/s · ` : "";
    this.foot.textContent = `${rate}${seconds(spent)}`;
  }

  end(status, metrics, error) {
    this.show();
    clearInterval(this.clock);
    this.node.classList.remove("streaming");
    this.node.dataset.status = status;
    this.figures(status, metrics, this.usage, error);
  }

  /** Write the foot line of a reply that has ended. */
  figures(status, metrics, usage, error) {
    const parts = [];
    if (status !== "complete") parts.push(error ? `${status}: ${error.message}` : status);
    if (metrics?.tokens_per_s) parts.push(`${usage?.output_tokens != null && !usage.estimated ? "" : "~"}${Math.round(metrics.tokens_per_s)} tok/s`);
    if (usage?.output_tokens) parts.push(`${usage.estimated ? "~" : ""}${usage.output_tokens.toLocaleString()} tokens`);
    if (metrics?.ttft_s) parts.push(`first token ${seconds(metrics.ttft_s)}`);
    this.foot.replaceChildren(element("span", status === "failed" ? "bad" : "", parts.join(" · ")));
    this.node.dataset.status = status;
    this.grown();
  }
}

function seconds(value) {
  return value < 10 ? `${value.toFixed(value < 1 ? 2 : 1)} s` : `${Math.round(value)} s`;
}
