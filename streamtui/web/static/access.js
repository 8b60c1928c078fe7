// Being let in: trading the code of a printed address, the lock, logging out.

import { Refused, call, pageKey } from "./api.js";
import { confirmed } from "./dialog.js";
import { $ } from "./dom.js";
import { complain, status, words } from "./status.js";

const RETRY_MS = [1000, 2000, 4000, 8000];

/** Try again what a server that is just starting, or busy, has refused. Throws what another try would not change. */
export async function patiently(work) {
  for (let tries = 0; ; tries++) {
    try {
      return await work();
    } catch (error) {
      const isPassing = error instanceof Refused && (error.status === 0 || error.status === 429 || error.status >= 500);
      if (!isPassing) throw error;
      complain(error);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS[Math.min(tries, RETRY_MS.length - 1)]));
      status("");
    }
  }
}

export const codeIn = (address) => new URLSearchParams(address.slice(1)).get("code");

export class Access {
  /** `entered` is called with what the server says of itself whenever the page was let in. */
  constructor({ entered, left }) {
    this.entered = entered;
    this.left = left;
    $("unlock").addEventListener("submit", async (event) => {
      event.preventDefault();
      await this.trade($("code").value.trim().split("code=").pop());
      $("code").value = "";
      this.enter();
    });
    $("logout").addEventListener("click", () => this.logOut().catch(complain));
  }

  get isLocked() {
    return !$("locked").hidden;
  }

  /** Get in, with the code of the address where it has one; `address` is what stands there instead afterwards. */
  async enter(address = location.pathname) {
    try {
      const code = codeIn(location.hash);
      if (code) {
        history.replaceState(null, "", address);
        await this.trade(code);
      }
      const session = await patiently(() => call("GET", "session"));
      $("locked").hidden = true;
      await this.entered(session);
    } catch (error) {
      this.refused(error);
    }
  }

  async trade(code) {
    try {
      await patiently(() => call("POST", "session", { code, key: pageKey() }));
    } catch (error) {
      $("why").textContent = words(error);
    }
  }

  /** Say of a failure what it was; one that means that the page is not let in any more locks it. */
  refused(error) {
    if (error.status !== 401) return complain(error);
    if (this.isLocked) return;
    $("locked").hidden = false;
    $("code").focus();
  }

  async logOut() {
    const options = { confirm: "Log out", other: "Log out everywhere" };
    const answer = await confirmed("Log out? Drafts and conversations stay.", options);
    if (!answer) return;
    await this.left();
    await call("DELETE", answer === "other" ? "sessions" : "session");
    $("locked").hidden = false;
    $("code").focus();
  }
}
