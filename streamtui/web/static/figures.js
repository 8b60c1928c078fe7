// How fast the replies were: one by one, all together, and each model over all that is saved.

import { call } from "./api.js";
import { show } from "./dialog.js";
import { $, element } from "./dom.js";
import { attempt } from "./status.js";
import { seconds } from "./turn.js";

const HEAD = ["reply", "first token", "tokens/s", "tokens", "took"];
const MODEL_HEAD = ["model", "replies", "first token", "tokens/s", "tokens"];

export class Figures {
  constructor({ opened }) {
    this.opened = opened;
    $("figures").addEventListener("click", attempt(() => this.show()));
  }

  async show() {
    const [{ messages }, models] = await Promise.all([
      call("GET", `conversations/${this.opened.id}`),
      call("GET", "stats"),
    ]);
    const replies = messages.filter(({ role, metrics }) => role === "assistant" && metrics);
    const rows = replies.map(row);
    if (replies.length > 1) rows.push(total(replies));
    const nodes = rows.length ? [table(HEAD, rows)] : [element("p", "soft", "No reply has ended here yet.")];
    if (models.length) nodes.push(element("h3", "", "All conversations, by model"), table(MODEL_HEAD, models.map(modelRow)));
    await show("Figures", nodes);
  }
}

const about = (usage, text) => (usage?.estimated === false ? text : `~${text}`);
const rate = (value) => (value == null ? "–" : Math.round(value).toLocaleString());
const time = (value) => (value == null ? "–" : seconds(value));

function row({ model, status, metrics, usage }, at) {
  const name = `${at + 1} · ${model}${status === "complete" ? "" : ` · ${status}`}`;
  const tokens = usage?.output_tokens == null ? "–" : about(usage, usage.output_tokens.toLocaleString());
  return [name, time(metrics.ttft_s), about(usage, rate(metrics.tokens_per_s)), tokens, time(metrics.total_s)];
}

function total(replies) {
  const sum = (values) => values.reduce((total, value) => total + (value ?? 0), 0);
  const waits = replies.map(({ metrics }) => metrics.ttft_s).filter((wait) => wait != null).sort((a, b) => a - b);
  const rated = replies.filter(({ metrics }) => metrics.tokens_per_s && metrics.streaming_s);
  const streamed = sum(rated.map(({ metrics }) => metrics.streaming_s));
  const tokens = sum(rated.map(({ metrics }) => metrics.tokens_per_s * metrics.streaming_s));
  const usage = { estimated: replies.some((reply) => reply.usage?.estimated !== false) };
  return [
    `${replies.length} replies`,
    `median ${time(waits[Math.floor(waits.length / 2)])}`,
    streamed ? about(usage, rate(tokens / streamed)) : "–",
    about(usage, sum(replies.map((reply) => reply.usage?.output_tokens)).toLocaleString()),
    time(sum(replies.map(({ metrics }) => metrics.total_s))),
  ];
}

function modelRow({ model, replies, ttft_s: ttft, tokens_per_s: speed, output_tokens: tokens, estimated }) {
  return [model, replies, time(ttft.p50), about({ estimated }, rate(speed.p50)), about({ estimated }, tokens.toLocaleString())];
}

function table(head, rows) {
  const node = element("table", "figures");
  const top = node.createTHead().insertRow();
  for (const name of head) {
    const cell = element("th", "", name);
    cell.scope = "col";
    top.append(cell);
  }
  const body = node.createTBody();
  for (const cells of rows) {
    const line = body.insertRow();
    for (const cell of cells) line.insertCell().textContent = cell;
  }
  return node;
}
