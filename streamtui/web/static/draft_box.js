// What the box holds: the draft of the conversation in view, or another wording of one of its messages.

import { $ } from "./dom.js";
import { joined } from "./drafts.js";
import { queued, unqueue } from "./outgoing.js";

export class DraftBox {
  /** `settled` is called after every change. */
  constructor({ composer, drafts, opened, settled }) {
    Object.assign(this, { composer, drafts, opened, settled });
    this.editing = null; // the message of which the box has another wording, and the draft that was there before
    this.isReady = false; // whether the box shows the draft of the conversation in view
    $("unedit").addEventListener("click", () => this.edit(null));
  }

  typed(text) {
    if (this.isReady) this.drafts.write(this.opened.id, this.editing ? joined(text, this.editing.draft) : text);
    this.settled();
  }

  /** Show the draft of the conversation that has come into view. */
  async show() {
    const conversation = this.opened.id;
    this.editing = null;
    $("editing").hidden = true;
    this.showQueue();
    if (!this.isReady) return this.showFirst(conversation);
    this.composer.text = this.drafts.unsaved(conversation) ?? "";
    const before = this.composer.text;
    const text = await this.drafts.read(conversation).catch(() => before);
    if (conversation === this.opened.id && this.composer.text === before) this.composer.text = text;
    this.settled();
  }

  /** Show the first draft before what was typed when it was not known yet where that belongs. */
  async showFirst(conversation) {
    const draft = await this.drafts.read(conversation).catch(() => this.drafts.unsaved(conversation) ?? "");
    if (this.isReady || conversation !== this.opened.id) return;
    this.isReady = true;
    const early = this.composer.text;
    this.composer.text = joined(draft, early) || draft;
    if (early) this.typed(this.composer.text);
    this.settled();
  }

  /** Put what was not sent before the draft of the conversation that it was written in. */
  async giveBack(conversation, ...prompts) {
    const isHere = () => conversation === this.opened.id;
    const draft = isHere() ? this.composer.text : await this.drafts.read(conversation).catch(() => "");
    const text = joined(...prompts, draft);
    this.drafts.write(conversation, text);
    if (isHere()) this.composer.text = text;
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
    const draft = this.editing?.draft ?? this.composer.text;
    this.editing = turn && { message: turn.id, draft };
    $("editing").hidden = !turn;
    this.composer.text = turn ? turn.text : draft;
    this.typed(this.composer.text);
  }

  clear() {
    this.composer.text = "";
    if (this.editing) this.edit(null);
    else this.typed("");
  }
}
