// What was not sent, by conversation: at once in the tab's own storage, a moment later at the server. A draft is a text
// and the files that go with it, as the server names them.

import { call } from "./api.js";

const PAUSE_MS = 400;
const NEW = "new"; // stands for the conversation that has no id yet
const PREFIX = "draft:";
const keyOf = (conversation) => PREFIX + (conversation ?? NEW);

export const EMPTY = { text: "", files: [] };

/** How requests name files. */
export const named = (files) => files.map(({ sha256, name }) => ({ sha256, name }));

export class Drafts {
  constructor() {
    this.timers = new Map();
  }

  /** Return the draft: what this tab has not handed over yet, else what the server keeps. */
  async read(conversation) {
    const unsaved = this.unsaved(conversation);
    if (unsaved) return unsaved;
    const { text, attachments } = await call("GET", `conversations/${conversation ?? NEW}/draft`);
    return { text, files: attachments };
  }

  /** Return what this tab has not handed over yet, null where the server has it all. */
  unsaved(conversation) {
    return JSON.parse(sessionStorage.getItem(keyOf(conversation)) ?? "null");
  }

  write(conversation, draft) {
    const key = keyOf(conversation);
    sessionStorage.setItem(key, JSON.stringify(draft));
    clearTimeout(this.timers.get(key));
    this.timers.set(key, setTimeout(() => this.save(conversation).catch(() => {}), PAUSE_MS));
  }

  /** Hand over what the server does not have yet; it stays here where that fails. */
  async save(conversation) {
    const key = keyOf(conversation);
    clearTimeout(this.timers.get(key));
    const before = sessionStorage.getItem(key);
    if (before === null) return;
    const { text, files } = JSON.parse(before);
    await call("POST", `conversations/${conversation ?? NEW}/draft`, { text, attachments: named(files) });
    if (sessionStorage.getItem(key) === before) sessionStorage.removeItem(key);
  }

  /** Hand over all that could not be handed over before. */
  async saveAll() {
    for (const key of Object.keys(sessionStorage)) {
      if (!key.startsWith(PREFIX)) continue;
      const name = key.slice(PREFIX.length);
      await this.save(name === NEW ? null : name);
    }
  }

  /** It was sent: there is no draft any more, here or there. */
  sent(conversation) {
    const key = keyOf(conversation);
    clearTimeout(this.timers.get(key));
    sessionStorage.removeItem(key);
  }
}

export const isEmpty = ({ text, files }) => !text.trim() && !files.length;

/** Put what was not sent before a draft; a text alone stays as it is. */
export function joined(...drafts) {
  const files = new Map(drafts.flatMap(({ files }) => files).map((file) => [`${file.sha256} ${file.name}`, file]));
  const texts = drafts.map(({ text }) => text).filter((text) => text.trim());
  return { text: texts.join("\n\n"), files: [...files.values()] };
}
