// The conversation in view: its messages, and the reply that streams in it.

import { call, follow } from "./api.js";
import { button, element } from "./dom.js";
import { Turn } from "./turn.js";

const SHOWN = 200; // messages put on the page at first, and with each look further back

export class View {
  /** `ended` is called with the last event of a reply that was followed here; `lost` where it can't be followed. */
  constructor(root, scroll, actions, { ended, lost }) {
    this.root = root;
    this.scroll = scroll;
    this.actions = actions;
    this.ended = ended;
    this.lost = lost;
    this.conversation = null;
    this.turns = new Map(); // by message
    this.pending = []; // turns that were asked for and have no id yet
    this.stream = null; // the reply that streams here: its turn, and what ends the following
    this.path = []; // the messages of the branch in view, oldest first
    this.siblings = new Map();
    this.from = 0; // how many messages of the path are left out at its beginning
  }

  get isStreaming() {
    return this.stream !== null || this.pending.length > 0;
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
    if (this.stream && !this.path.some((message) => message.id === this.stream.turn.id)) this.end();
    if (isOther) this.from = Math.max(0, this.path.length - SHOWN);
    this.from = Math.min(this.from, this.path.length);
    for (const message of this.path) this.compare(message);
    this.draw();
    if (isOther) this.scroll.jump();
    else this.scroll.grown();
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
    const nodes = this.path.slice(this.from).map((message) => this.turn(message).node);
    if (this.from) nodes.unshift((this.earlier ??= this.earlierButton()));
    if (!this.path.length && !this.pending.length) nodes.push(welcome());
    for (const turn of this.pending) nodes.push(turn.node);
    const wanted = new Set(nodes);
    for (const node of [...this.root.children]) if (!wanted.has(node)) node.remove();
    nodes.forEach((node, at) => {
      if (this.root.children[at] !== node) this.root.insertBefore(node, this.root.children[at] ?? null);
    });
    if (this.earlier) this.earlier.textContent = `Show ${Math.min(SHOWN, this.from)} earlier messages`;
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
    if (!there || there === this.stream?.turn) return;
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

  /** Show what is being asked, after the message `after`, before the server has answered. */
  expect(prompt, after, model) {
    const at = this.path.findIndex((message) => message.id === after);
    this.path = this.path.slice(0, at + 1);
    const options = { grown: () => this.scroll.grown(), actions: this.actions };
    const reply = new Turn({ role: "assistant", model, created: Date.now(), status: "streaming" }, options);
    this.pending = [reply];
    if (prompt !== null) this.pending.unshift(new Turn({ role: "user", created: Date.now(), text: prompt }, options));
    this.draw();
    this.scroll.jump();
  }

  /** The server has answered: what was expected has ids, and is followed. */
  confirm({ conversation, message, prompt }) {
    this.conversation = conversation;
    for (const turn of this.pending) {
      turn.id = turn.role === "user" ? prompt : message;
      turn.siblings = turn.id;
      this.path.push({ id: turn.id, role: turn.role, text: turn.text });
      this.turns.set(turn.id, turn);
      if (turn.role === "user") turn.offer();
      else this.follow(turn, { fromHere: true });
    }
    this.pending = [];
  }

  /** What was expected does not come. */
  forget() {
    for (const turn of this.pending) turn.close();
    this.pending = [];
    this.draw();
  }

  /** Follow a reply: one that was asked for here and now, or one of which more may have been said before. */
  follow(turn, { fromHere }) {
    this.leave();
    const conversation = this.conversation;
    const stream = { turn, leave: null };
    this.stream = stream;
    const hear = (event) => {
      if (event.type === "lost") return this.lost(conversation, turn);
      turn.hear(event);
      if (event.type !== "done") return;
      if (this.stream === stream) this.stream = null;
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

  /** Stop following, to leave the connection to others; the reply goes on. */
  leave() {
    this.stream?.leave?.();
    if (this.stream) this.stream.leave = null;
  }

  /** Follow again. */
  join() {
    if (this.stream && !this.stream.leave) this.stream.join();
  }

  end() {
    this.leave();
    this.stream = null;
  }

  clear() {
    this.end();
    for (const turn of [...this.turns.values(), ...this.pending]) turn.close();
    this.turns.clear();
    this.pending = [];
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

function welcome() {
  const node = element("div", "welcome");
  node.append(element("b", "", "What would you like to know?"), "Replies stream in as they are written.");
  return node;
}
