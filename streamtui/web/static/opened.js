// The conversation in view: which one it is, and reading it.

import { call, checkedId } from "./api.js";
import { $ } from "./dom.js";
import { status } from "./status.js";

/** The conversation that the address names. */
const named = () => checkedId(new URLSearchParams(location.hash.slice(1)).get("c"));
const addressOf = (id) => (id ? `#c=${id}` : location.pathname);

export class Opened {
  /** `changed` is called once another conversation is in view, `read` whenever it was read again. */
  constructor({ view, models, changed, read }) {
    Object.assign(this, { view, models, changed, read });
    this.id = null; // a new conversation has no id yet
    this.system = ""; // its system message
    this.seen = 0; // how many messages it had when it was read
    this.turn = 0; // counts, so that an answer that comes late does not show what nobody wants any more
    this.asked = 0; // counts what was asked here
  }

  get address() {
    return addressOf(this.id);
  }

  get isElsewhere() {
    return named() !== this.id;
  }

  /** Bring a conversation into view, null for a new one, and there a message. */
  async go(id, message) {
    if (id !== this.id || this.isElsewhere) {
      history.pushState(null, "", addressOf(id));
      await this.open(id);
    }
    if (message) (await this.view.find(message))?.scrollIntoView({ block: "center" });
  }

  /** Bring the conversation into view that the address names. */
  openNamed() {
    return this.open(named());
  }

  async open(id) {
    const turn = ++this.turn;
    const before = this.asked;
    const transcript = id ? await this.load(id, turn) : null;
    if (turn !== this.turn) return; // another one was opened meanwhile
    const isOther = (transcript?.conversation.id ?? null) !== this.id || !this.view.path.length;
    if (id === this.id && this.asked !== before) return; // a prompt was sent meanwhile: what was read lacks it
    this.id = transcript?.conversation.id ?? null;
    this.remember(transcript, isOther);
    this.view.show(transcript);
    if (isOther) await this.changed();
    this.read();
  }

  /** Read a conversation; null for one that is gone. */
  async load(id, turn) {
    try {
      const transcript = await call("GET", `conversations/${id}`);
      await this.view.readTrees(transcript);
      return transcript;
    } catch (error) {
      if (error.status !== 404) throw error;
      if (turn === this.turn) {
        history.replaceState(null, "", location.pathname);
        status("This conversation is not there any more.", true);
      }
      return null;
    }
  }

  /** Read the conversation in view again: somebody else, or the server, has changed it. */
  async reopen() {
    if (this.id && !this.view.pending.length) await this.open(this.id);
  }

  remember(transcript, isOther) {
    this.seen = transcript?.messages.length ?? 0;
    if (transcript) this.system = transcript.conversation.system ?? "";
    else if (this.system && this.wasSaved) this.system = "";
    this.wasSaved = transcript !== null;
    this.models.show(transcript?.conversation.model ?? null, { isOther });
    this.showTitle(transcript?.conversation.title);
  }

  showTitle(title) {
    $("title").textContent = title || "New conversation";
    document.title = title ? `${title} · streamtui` : "streamtui";
    for (const name of ["rename", "delete", "export", "figures"]) $(name).hidden = this.id === null;
  }

  /** The new conversation in view has its id now. */
  name(id) {
    this.id = id;
    history.pushState(null, "", addressOf(id));
  }

  /** The conversation in view is gone: what remains of it is a new one. */
  async vanish() {
    history.replaceState(null, "", location.pathname);
    await this.open(null);
  }
}
