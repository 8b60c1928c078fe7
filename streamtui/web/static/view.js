// The messages of the conversation in view, and the replies that stream in it.

import { call, follow } from "./api.js";
import { button, element } from "./dom.js";
import { Turn } from "./turn.js";

const SHOWN = 200; // messages put on the page at first, and with each look further back

export class View {
  /** `ended` is called with the last event of a reply that was followed here; `lost` where it can't be followed. */
  constructor(root, scroll, { actions, ended, lost }) {
    this.root = root;
    this.scroll = scroll;
    this.actions = actions;
    this.ended = ended;
    this.lost = lost;
    this.conversation = null;
    this.turns = new Map(); // by message
    this.pending = []; // turns that were asked for and have no id yet
    this.streams = new Map(); // by message, the replies that stream here: the turn, and what ends the following
    this.compared = []; // the replies that stand side by side
    this.path = []; // the messages of the branch in view, oldest first
    this.siblings = new Map();
    this.from = 0; // how many messages of the path are left out at its beginning
  }

  get isStreaming() {
    return this.streams.size > 0 || this.pending.length > 0;
  }

  /** Read the trees of the replies that showing this would make anew. */
  async readTrees(transcript) {
    const path = branch(transcript);
    const isSame = transcript.conversation.id === this.conversation && this.turns.size > 0;
    const beside = siblings(transcript.messages);
    const isMissing = (message) => {
      const there = this.turns.get(message.id);
      return !there?.shows(message, beside.get(groupOf(message)));
    };
    await fetchTrees(transcript.conversation.id, path.slice(isSame ? this.from : -SHOWN).filter(isMissing));
  }

  /** Show a conversation as the server has it; null for a new one. What looks the same stays as it is. */
  show(transcript) {
    const id = transcript?.conversation.id ?? null;
    const isOther = id !== this.conversation || !this.turns.size;
    if (id !== this.conversation) this.clear();
    this.conversation = id;
    this.siblings = transcript ? siblings(transcript.messages) : new Map();
    this.path = transcript ? branch(transcript) : [];
    this.findCompared(transcript?.messages ?? []);
    const inView = new Set([...this.path.map((message) => message.id), ...this.compared.map((message) => message.id)]);
    for (const { turn } of this.streams.values()) if (!inView.has(turn.id)) this.end(turn);
    if (isOther) this.from = Math.max(0, this.path.length - SHOWN);
    this.from = Math.min(this.from, this.path.length);
    for (const message of this.path) this.compare(message);
    this.draw();
    if (isOther) this.scroll.jump();
    else this.scroll.grown();
  }

  /** Find out which replies stand side by side: those that stream beside the last one, until one of them is chosen. */
  findCompared(messages) {
    const last = this.path[this.path.length - 1];
    const isBeside = new Set(this.compared.map((message) => message.id));
    const group = last ? messages.filter((message) => groupOf(message) === groupOf(last)) : [];
    const streaming = group.filter((message) => message.status === "streaming");
    if (isBeside.has(last?.id)) this.compared = group.filter((message) => isBeside.has(message.id));
    else this.compared = streaming.length > 1 ? streaming : [];
  }

  /** One of the replies side by side was chosen: they stand in branches again. */
  separate() {
    this.compared = [];
  }

  /** The id of the last message. */
  get last() {
    return this.path[this.path.length - 1]?.id ?? null;
  }

  /** Return the id of the message before one, null for the first. */
  before(id) {
    return this.path[this.path.findIndex((message) => message.id === id) - 1]?.id ?? null;
  }

  /** Return the node of a message, put on the page if it was too far back; null where it is not on this branch. */
  async find(id) {
    const at = this.path.findIndex((message) => message.id === id);
    if (at < 0) return null;
    if (at < this.from) {
      await fetchTrees(this.conversation, this.path.slice(at, this.from));
      this.from = at;
      this.draw();
    }
    this.scroll.following = false;
    return this.turns.get(id).node;
  }

  draw() {
    const nodes = this.path.slice(this.from).map((message) => this.node(message));
    if (this.from) nodes.unshift((this.earlier ??= this.earlierButton()));
    if (!this.path.length && !this.pending.length) nodes.push(welcome());
    const replies = this.pending.filter((turn) => turn.role === "assistant");
    for (const turn of this.pending) if (replies.length < 2 || turn.role === "user") nodes.push(turn.node);
    if (replies.length > 1) nodes.push(columns(replies.map((turn) => turn.node)));
    const wanted = new Set(nodes);
    for (const node of [...this.root.children]) if (!wanted.has(node)) node.remove();
    nodes.forEach((node, at) => {
      if (this.root.children[at] !== node) this.root.insertBefore(node, this.root.children[at] ?? null);
    });
    if (this.earlier) this.earlier.textContent = `Show ${Math.min(SHOWN, this.from)} earlier messages`;
  }

  /** Return the node of a message of the path; of replies side by side that of all of them. */
  node(message) {
    if (!this.compared.some(({ id }) => id === message.id)) return this.turn(message).node;
    return columns(
      this.compared.map((reply) => {
        const cell = element("div");
        const label = `Go on with the reply of ${reply.model}`;
        cell.append(this.turn(reply).node, button("go on with this one", label, () => this.actions.choose(reply.id), "quiet pick"));
        return cell;
      }),
    );
  }

  earlierButton() {
    return button("", "Show earlier messages", async () => {
      const conversation = this.conversation;
      const from = Math.max(0, this.from - SHOWN);
      await fetchTrees(conversation, this.path.slice(from, this.from));
      if (conversation !== this.conversation) return;
      this.scroll.keep(() => {
        this.from = Math.min(from, this.path.length);
        this.draw();
      });
    });
  }

  /** Let go of a message's turn where that does not look like the message any more. */
  compare(message) {
    const there = this.turns.get(message.id);
    if (!there || this.streams.has(message.id)) return;
    if (message.status !== "streaming" && there.shows(message, this.beside(message))) return;
    there.close();
    this.turns.delete(message.id);
  }

  /** Return the ids of the messages between which the user can choose here. */
  beside(message) {
    return this.siblings.get(groupOf(message)) ?? [message.id];
  }

  /** Return the turn of a message: the one that is there, or a new one. */
  turn(message) {
    const there = this.turns.get(message.id);
    if (there) return there;
    const isStreaming = message.status === "streaming";
    const shown = isStreaming ? { ...message, text: "", reasoning: "" } : message;
    const options = { grown: () => this.scroll.grown(), actions: this.actions, siblings: this.beside(message) };
    const turn = new Turn(shown, options);
    this.turns.set(message.id, turn);
    if (isStreaming) this.follow(turn, { fromHere: false });
    else if (message.role === "assistant") turn.figures(message);
    if (!isStreaming) turn.offer();
    return turn;
  }

  /** Show what is being asked of the models, after the message `after`, before the server has answered. */
  expect(prompt, after, models) {
    const at = this.path.findIndex((message) => message.id === after);
    this.path = this.path.slice(0, at + 1);
    const options = { grown: () => this.scroll.grown(), actions: this.actions };
    const created = Date.now();
    this.separate();
    this.pending = models.map((model) => new Turn({ role: "assistant", model, created, status: "streaming" }, options));
    if (prompt !== null) this.pending.unshift(new Turn({ role: "user", created, text: prompt.text, attachments: prompt.files }, options));
    this.draw();
    this.scroll.jump();
  }

  /** The server has answered: what was expected has ids, and is followed. */
  confirm({ conversation, message, messages = [message], prompt }) {
    this.conversation = conversation;
    const replies = this.pending.filter((turn) => turn.role === "assistant");
    const asked = this.pending.find((turn) => turn.role === "user");
    this.pending = [];
    if (asked) this.place(asked, prompt, this.path);
    if (asked) asked.offer();
    const beside = [];
    replies.forEach((turn, at) => this.place(turn, messages[at], beside));
    this.path.push(beside[0]);
    if (beside.length > 1) this.compared = beside;
    if (beside.length > 1) this.draw();
    for (const turn of replies) this.follow(turn, { fromHere: true });
  }

  /** Give a turn its id, and put its message at the end of a list. */
  place(turn, id, list) {
    turn.id = turn.siblings = id;
    list.push({ id, role: turn.role, text: turn.text, model: turn.model });
    this.turns.set(id, turn);
  }

  /** What was expected does not come. */
  forget() {
    for (const turn of this.pending) turn.close();
    this.pending = [];
    this.draw();
  }

  /** Follow a reply: one that was asked for here and now, or one of which more may have been said before. */
  follow(turn, { fromHere }) {
    this.end(turn);
    const conversation = this.conversation;
    const stream = { turn, leave: null };
    this.streams.set(turn.id, stream);
    const hear = (event) => {
      if (event.type === "lost") return this.lost(conversation, turn);
      turn.hear(event);
      if (event.type !== "done") return;
      if (this.streams.get(turn.id) === stream) this.streams.delete(turn.id);
      this.ended(event, conversation, turn);
    };
    stream.join = () => {
      if (!fromHere) turn.join();
      fromHere = false;
      stream.leave = follow(conversation, turn.id, hear);
    };
    if (!document.hidden) stream.join();
  }

  /** A reply that was there goes on. */
  resume(turn) {
    turn.stream();
    this.follow(turn, { fromHere: false });
  }

  /** Stop following, to leave the connections to others; the replies go on. */
  leave() {
    for (const stream of this.streams.values()) {
      stream.leave?.();
      stream.leave = null;
    }
  }

  /** Follow again. */
  join() {
    for (const stream of this.streams.values()) if (!stream.leave) stream.join();
  }

  /** Follow a reply no longer, by default none. */
  end(turn) {
    for (const [id, stream] of this.streams) {
      if (turn && stream.turn !== turn) continue;
      stream.leave?.();
      this.streams.delete(id);
    }
  }

  clear() {
    this.end();
    for (const turn of [...this.turns.values(), ...this.pending]) turn.close();
    this.turns.clear();
    this.pending = [];
    this.separate();
  }
}

/** Return the messages of the branch in view, oldest first. */
function branch({ conversation, messages }) {
  const known = new Map(messages.map((message) => [message.id, message]));
  const path = [];
  let at = known.get(conversation.leaf) ?? messages[messages.length - 1];
  for (; at; at = known.get(at.parent)) {
    path.push(at);
    known.delete(at.id);
  }
  return path.reverse();
}

/** Messages with the same name stand beside each other. */
const groupOf = ({ parent, role }) => `${parent} ${role}`;

/** Read the trees of replies; one that can't be read is shown as it was written. */
async function fetchTrees(conversation, messages) {
  const replies = messages.filter(({ role, status, tree }) => role === "assistant" && status !== "streaming" && !tree);
  if (!replies.length) return;
  const names = replies.map(({ id }) => `message=${id}`).join("&");
  const trees = await call("GET", `conversations/${conversation}/blocks?${names}`).catch(() => ({}));
  for (const reply of replies) reply.tree = trees[reply.id];
}

/** Return the ids of messages that stand beside each other, by parent and role. */
function siblings(messages) {
  const groups = new Map();
  for (const message of messages) {
    const name = groupOf(message);
    groups.set(name, [...(groups.get(name) ?? []), message.id]);
  }
  return groups;
}

function columns(nodes) {
  const frame = element("div", "columns");
  frame.append(...nodes);
  return frame;
}

function welcome() {
  const node = element("div", "welcome");
  node.append(element("b", "", "What would you like to know?"), "Replies stream in as they are written.");
  return node;
}
