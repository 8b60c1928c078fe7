// What the box holds: the draft of the conversation in view, or another wording of one of its messages.

import { $ } from "./dom.js";
import { EMPTY, isEmpty, joined } from "./drafts.js";
import { queued, unqueue } from "./outgoing.js";

export class DraftBox {
  /** `settled` is called after every change. */
  constructor({ composer, files, drafts, opened, settled }) {
    Object.assign(this, { composer, files, drafts, opened, settled });
    this.editing = null; // the message of which the box has another wording, and the draft that was there before
    this.isReady = false; // whether the box shows the draft of the conversation in view
    $("unedit").addEventListener("click", () => this.edit(null));
  }

  get content() {
    return { text: this.composer.text, files: this.files.list };
  }

  set content({ text, files }) {
    this.composer.text = text;
    if (files !== this.files.list) this.files.show(files);
  }

  get isEmpty() {
    return isEmpty(this.content);
  }

  /** Why it can't be sent as it is, in a line; nothing where it can. */
  get refusal() {
    return this.files.arriving ? "A file is still being taken in: send in a moment." : this.composer.refusal;
  }

  /** The user has changed something. */
  changed() {
    const { content, editing } = this;
    if (this.isReady) this.drafts.write(this.opened.id, editing ? joined(content, editing.draft) : content);
    this.settled();
  }

  /** Show the draft of the conversation that has come into view. */
  async show() {
    const conversation = this.opened.id;
    this.editing = null;
    $("editing").hidden = true;
    this.showQueue();
    if (!this.isReady) return this.showFirst(conversation);
    this.content = this.drafts.unsaved(conversation) ?? EMPTY;
    const before = this.composer.text;
    const draft = await this.drafts.read(conversation).catch(() => this.content);
    if (conversation === this.opened.id && this.composer.text === before) this.content = draft;
    this.settled();
  }

  /** Show the first draft before what was typed when it was not known yet where that belongs. */
  async showFirst(conversation) {
    const draft = await this.drafts.read(conversation).catch(() => this.drafts.unsaved(conversation) ?? EMPTY);
    if (this.isReady || conversation !== this.opened.id) return;
    this.isReady = true;
    const early = this.content;
    this.content = isEmpty(early) ? draft : joined(draft, early);
    if (!isEmpty(early)) this.changed();
    this.settled();
  }

  /** Put what was not sent before the draft of the conversation that it was written in. */
  async giveBack(conversation, ...prompts) {
    const isHere = () => conversation === this.opened.id;
    const before = isHere() ? this.content : await this.drafts.read(conversation).catch(() => EMPTY);
    const draft = joined(...prompts, before);
    this.drafts.write(conversation, draft);
    if (isHere()) this.content = draft;
    this.settled();
  }

  /** Put a queued prompt, by default the newest, back into the box; return whether there was one. */
  giveBackQueued(index = -1) {
    const prompt = unqueue(this.opened.id, index);
    if (prompt === undefined) return false;
    this.giveBack(this.opened.id, prompt);
    this.showQueue();
    this.composer.focus();
    return true;
  }

  /** Put all queued prompts of a conversation back into its box. */
  async giveAllBack(conversation) {
    const prompts = [];
    for (let prompt; (prompt = unqueue(conversation, 0)) !== undefined; ) prompts.push(prompt);
    if (prompts.length) await this.giveBack(conversation, ...prompts);
    if (conversation === this.opened.id) this.showQueue();
  }

  showQueue() {
    this.composer.showQueue(queued(this.opened.id));
  }

  /** Write another wording of a message in the box, or none; the draft comes back after that. */
  edit(turn) {
    const draft = this.editing?.draft ?? this.content;
    this.editing = turn && { message: turn.id, draft };
    $("editing").hidden = !turn;
    this.content = turn ? { text: turn.text, files: turn.files } : draft;
    this.changed();
  }

  clear() {
    if (this.editing) return this.edit(null);
    this.content = EMPTY;
    this.changed();
  }
}
