// Unsent text, by conversation: at once in the tab's own storage, a moment later at the server.

import { call } from "./api.js";

const PAUSE_MS = 400;
const NEW = "new"; // stands for the conversation that has no id yet

export class Drafts {
  constructor() {
    this.timers = new Map();
  }

  /** Return the draft: what this tab has not handed over yet, else what the server keeps. */
  async read(conversation) {
    const name = conversation ?? NEW;
    const unsaved = sessionStorage.getItem(`draft:${name}`);
    if (unsaved !== null) return unsaved;
    return (await call("GET", `conversations/${name}/draft`)).text;
  }

  /** Return what this tab has not handed over yet, null where the server has it all. */
  unsaved(conversation) {
    return sessionStorage.getItem(`draft:${conversation ?? NEW}`);
  }

  write(conversation, text) {
    const name = conversation ?? NEW;
    sessionStorage.setItem(`draft:${name}`, text);
    clearTimeout(this.timers.get(name));
    this.timers.set(name, setTimeout(() => this.save(conversation).catch(() => {}), PAUSE_MS));
  }

  /** Hand over what the server does not have yet; it stays here where that fails. */
  async save(conversation) {
    const name = conversation ?? NEW;
    clearTimeout(this.timers.get(name));
    const text = sessionStorage.getItem(`draft:${name}`);
    if (text === null) return;
    await call("POST", `conversations/${name}/draft`, { text });
    if (sessionStorage.getItem(`draft:${name}`) === text) sessionStorage.removeItem(`draft:${name}`);
  }

  /** Hand over all that could not be handed over before. */
  async saveAll() {
    for (const key of Object.keys(sessionStorage)) {
      if (!key.startsWith("draft:")) continue;
      const name = key.slice("draft:".length);
      await this.save(name === NEW ? null : name);
    }
  }

  /** The text was sent: there is no draft any more, here or there. */
  sent(conversation) {
    const name = conversation ?? NEW;
    clearTimeout(this.timers.get(name));
    sessionStorage.removeItem(`draft:${name}`);
  }
}

/** Put what was not sent before a draft; a text alone stays as it is. */
export const joined = (...texts) => texts.filter((text) => text.trim()).join("\n\n");
