// The saved conversations: the list, searching it, and what can be done with the one in view.

import { call } from "./api.js";
import { confirmed, line } from "./dialog.js";
import { $ } from "./dom.js";
import { attempt, complain, status } from "./status.js";

const REFRESH_MS = 4000;
const SEARCH_MS = 200; // after the last key
const UNDO_MS = 10_000;

export class Conversations {
  constructor({ sidebar, opened, view, sending, drafts, access }) {
    Object.assign(this, { sidebar, opened, view, sending, drafts, access });
    this.isRenewing = false;
    this.isAway = false; // whether the server did not answer last time
    $("search").addEventListener("input", () => {
      clearTimeout(this.searching);
      this.searching = setTimeout(attempt(() => this.refresh()), SEARCH_MS);
    });
    $("rename").addEventListener("click", attempt(() => this.rename()));
    $("delete").addEventListener("click", attempt(() => this.remove()));
    $("undo").addEventListener("click", attempt(() => this.undo()));
    setInterval(() => this.renew(), REFRESH_MS);
  }

  async refresh() {
    const text = $("search").value.trim();
    const [conversations, rows] = await Promise.all([
      call("GET", `conversations?limit=${this.sidebar.wanted}`),
      text ? call("GET", `search?q=${encodeURIComponent(text)}&limit=100`) : null,
    ]);
    this.sidebar.show(rows ?? conversations, this.opened.id, attempt(() => this.refresh()));
    const mine = conversations.find(({ id }) => id === this.opened.id);
    if (!mine) return;
    this.opened.showTitle(mine.title);
    if (this.sending.isBusy) return;
    if (mine.status === "streaming" || mine.messages !== this.opened.seen) await this.opened.reopen(); // somebody else went on
  }

  /** Refresh now and then; say so while the server is away. */
  async renew() {
    if (document.hidden || this.access.isLocked || this.isRenewing) return;
    this.isRenewing = true;
    try {
      await this.refresh();
      if (this.isAway) status("");
      this.isAway = false;
      this.drafts.saveAll().catch(() => {});
    } catch (error) {
      this.isAway = true;
      this.access.refused(error);
    } finally {
      this.isRenewing = false;
    }
  }

  async rename() {
    const title = await line("Rename this conversation", $("title").textContent, "Rename");
    if (!title?.trim()) return;
    await call("PATCH", `conversations/${this.opened.id}`, { title: title.trim() });
    await this.refresh();
  }

  async remove() {
    const { id } = this.opened;
    if (!(await confirmed("Delete this conversation? Its text will be gone from disk.", { confirm: "Delete" }))) return;
    await call("DELETE", `conversations/${id}`);
    await this.opened.go(null);
    await this.refresh();
    status("Deleted.");
    $("undo").hidden = false;
    clearTimeout(this.forgetting);
    this.forgetting = setTimeout(() => ($("undo").hidden = true), UNDO_MS);
  }

  async undo() {
    $("undo").hidden = true;
    const { conversation } = await call("POST", "undelete");
    status(conversation ? "" : "It is too late to undo that.", !conversation);
    if (conversation) await this.opened.go(conversation);
    await this.refresh();
  }

  /** Show a conversation that was imported; null where there was none. */
  async came(conversation) {
    if (conversation) await this.opened.go(conversation);
    await this.refresh();
  }

  /** Begin a conversation of its own with the messages down to one. */
  async fork(turn) {
    const { conversation } = await call("POST", `conversations/${this.opened.id}/fork`, { message: turn.id });
    await this.opened.go(conversation);
    await this.refresh();
    status("This is a conversation of its own now; the other one stays as it was.");
  }

  /** Bring the branch through a message into view. */
  async choose(message) {
    await call("POST", `conversations/${this.opened.id}/branch`, { message });
    this.view.separate();
    await this.opened.reopen().catch(complain);
  }
}
