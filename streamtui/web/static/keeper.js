// Keeps replies going that this page asked for but does not follow just now: it is hidden, or shows something else.

import { call } from "./api.js";

const PERIOD_MS = 45_000; // the server waits two minutes, and a hidden page may be let run only once a minute

export class Keeper {
  constructor() {
    this.replies = new Map(); // by message: its conversation
    setInterval(() => this.keep(), PERIOD_MS);
  }

  add(conversation, message) {
    this.replies.set(message, conversation);
  }

  remove(message) {
    this.replies.delete(message);
  }

  keep() {
    for (const [message, conversation] of this.replies) {
      call("POST", `conversations/${conversation}/keep`, { message }).catch((error) => {
        if (error.status === 404) this.remove(message);
      });
    }
  }
}
