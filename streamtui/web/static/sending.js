// From a prompt to its reply: asking, queueing, what follows an end, stopping.

import { Refused, ask, call } from "./api.js";
import { $ } from "./dom.js";
import { isEmpty, named } from "./drafts.js";
import { enqueue, moveQueue, queued, setSending, takeSending, unqueue } from "./outgoing.js";
import { announce, complain, status } from "./status.js";
import { outcome } from "./turn.js";

const UNANSWERED_MS = 700; // after which a request that is to be stopped is taken for one that never left
const AGAIN_MS = 1000;

export class Sending {
  constructor({ box, composer, drafts, keeper, models, instructions, opened, view, access, refresh }) {
    Object.assign(this, { box, composer, drafts, keeper, models, instructions, opened, view, access, refresh });
    this.underWay = null; // the request that is not answered yet: its conversation, and what stops it
  }

  get isBusy() {
    return this.view.isStreaming || this.underWay?.conversation === this.opened.id;
  }

  /** Send what is in the box, or queue it behind what streams. */
  async send() {
    const prompt = this.box.content;
    if (this.box.isEmpty) return;
    if (this.box.refusal) return complain(new Refused(0, this.box.refusal));
    if (this.isBusy) {
      enqueue(this.opened.id, prompt);
      this.box.showQueue();
      this.box.clear();
      return;
    }
    const edit = this.box.editing?.message;
    this.box.clear();
    if (edit) await this.begin({ edit }, prompt, this.view.before(edit));
    else await this.begin(this.models.takeComparison(), prompt, this.view.last);
  }

  /** Ask the server: for a reply to a prompt, which follows `after`; or with null for another one to what is there. */
  async begin(body, prompt, after) {
    const conversation = this.opened.id;
    const turn = this.opened.turn;
    const aborter = new AbortController();
    let isUnwanted = false;
    const stop = () => {
      isUnwanted = true;
      setTimeout(() => aborter.abort(), UNANSWERED_MS);
    };
    this.opened.asked++;
    this.underWay = { conversation, stop };
    if (prompt !== null) setSending(conversation, prompt);
    this.view.expect(prompt, after, body.models ?? [body.model ?? this.models.chosen]);
    status("");
    this.settle();
    try {
      const ids = await ask(this.request(body, prompt, conversation), aborter.signal);
      if (this.box.isEmpty) this.drafts.sent(conversation);
      this.confirm(ids, conversation, turn);
      if (isUnwanted) await call("POST", `conversations/${ids.conversation}/stop`);
    } catch (error) {
      this.models.isChosen = true; // who was to answer is who is asked again
      if (conversation === this.opened.id && turn === this.opened.turn) this.view.forget();
      if (prompt !== null) await this.box.giveBack(conversation, prompt);
      await this.box.giveAllBack(conversation);
      if (conversation === this.opened.id) await this.opened.reopen().catch(() => {});
      if (error.name !== "AbortError") this.access.refused(error);
    } finally {
      takeSending(conversation);
      this.underWay = null;
      this.settle();
    }
  }

  request(body, prompt, conversation) {
    const what = prompt ? { prompt: prompt.text, attachments: named(prompt.files) } : {};
    const where = conversation ? { conversation } : this.opened.system ? { system: this.opened.system } : {};
    const who = body.models || body.model ? {} : this.models.takeRequest();
    return { ...this.instructions.request, ...who, ...what, ...body, ...where };
  }

  confirm(ids, conversation, turn) {
    for (const message of ids.messages ?? [ids.message]) this.keeper.add(ids.conversation, message);
    if (!conversation) moveQueue(ids.conversation);
    if (conversation === this.opened.id && turn === this.opened.turn) {
      const isNew = this.opened.id === null;
      if (isNew) this.opened.name(ids.conversation);
      this.view.confirm(ids);
      this.opened.seen += (ids.prompt ? 1 : 0) + (ids.messages?.length ?? 1);
      // What was typed meanwhile belongs to the conversation that has its id now.
      if (isNew && !this.box.isEmpty) this.drafts.write(this.opened.id, this.box.content);
      announce("The reply streams.");
    }
    this.refresh().catch(() => {});
  }

  /** Another reply to a prompt, which a message answers; `model` is who gives it, by default the conversation's. */
  async regenerate(turn, model) {
    if (this.isBusy) return;
    await this.begin({ regenerate: turn.id, ...(model && { model }) }, null, this.view.before(turn.id));
  }

  /** More of a reply that broke off. */
  async resume(turn) {
    if (this.isBusy) return;
    const conversation = this.opened.id;
    const ids = await call("POST", "chat", { continue: turn.id, conversation });
    this.opened.asked++;
    this.keeper.add(ids.conversation, ids.message);
    if (conversation === this.opened.id) this.view.resume(turn);
    this.settle();
  }

  /** A reply that was followed has ended. */
  async ended({ status: how, finish_reason: reason, error }, conversation, turn) {
    this.keeper.remove(turn.id);
    announce(outcome(how, reason, error) || "The reply is complete.");
    this.settle();
    if (conversation === this.opened.id && this.view.isStreaming) return; // another one, beside it
    if (how === "complete") await this.sendQueued(conversation);
    else await this.afterStop(conversation, turn);
    await this.refresh().catch(() => {});
  }

  /** The server has nothing to follow, or answers no more: see what became of the reply. */
  async lost(conversation, turn) {
    this.view.end(turn);
    let transcript;
    try {
      transcript = await call("GET", `conversations/${conversation}`);
    } catch (error) {
      if (error.status !== 404) return this.access.refused(error);
    }
    const reply = transcript?.messages.find(({ id }) => id === turn.id);
    if (reply?.status !== "streaming") return this.ended(reply ?? { status: "stopped" }, conversation, turn);
    setTimeout(() => conversation === this.opened.id && this.opened.reopen().catch(complain), AGAIN_MS);
  }

  /** Send what waits behind a reply that is complete. */
  async sendQueued(conversation) {
    const { opened, view } = this;
    if (conversation !== opened.id || !queued(conversation).length) return opened.reopen().catch(() => {});
    const prompt = unqueue(conversation, 0);
    this.box.showQueue();
    await opened.reopen().catch(() => {});
    await this.begin({}, prompt, view.last);
  }

  /** The server may have given the prompt back, and what was queued comes back too. */
  async afterStop(conversation, turn) {
    const isTakenBack = !turn.have.text && !turn.have.reasoning;
    if (isTakenBack && conversation === this.opened.id) await this.takePromptBack(conversation);
    await this.box.giveAllBack(conversation);
    if (conversation === this.opened.id) await this.opened.reopen().catch(() => {});
  }

  /** Put the prompt of a turn that is gone into the box; a conversation that had only this turn is a new one again. */
  async takePromptBack(conversation) {
    const gone = await call("GET", `conversations/${conversation}`).then(() => false, (error) => error.status === 404);
    const holder = gone ? null : conversation;
    const answer = call("GET", `conversations/${holder ?? "new"}/draft`);
    const { text, attachments: files } = await answer.catch(() => ({ text: "", attachments: [] }));
    if (gone && conversation === this.opened.id) {
      const unsent = this.box.content;
      this.drafts.sent(conversation);
      await this.opened.vanish();
      this.box.content = unsent;
      this.drafts.write(null, unsent);
    }
    const isMissing = !isEmpty({ text, files }) && !this.composer.text.includes(text || "\0");
    if (holder === this.opened.id && isMissing) await this.box.giveBack(holder, { text, files });
  }

  async stop() {
    if (this.underWay?.conversation === this.opened.id) return this.underWay.stop();
    if (!this.view.isStreaming) return;
    $("stop").disabled = true;
    const conversation = this.opened.id;
    await this.drafts.save(conversation).catch(() => {}); // so that the server knows whether the box is empty
    const request = call("POST", `conversations/${conversation}/stop`, {}, AbortSignal.timeout(1000));
    try {
      await request.catch((error) => {
        if (error.status !== 0) throw error;
        this.view.leave(); // a browser has few connections: this frees those of the replies
        return call("POST", `conversations/${conversation}/stop`, {}).finally(() => this.view.join());
      });
    } finally {
      $("stop").disabled = false;
    }
  }

  /** Show the button that makes sense. */
  settle() {
    const { isStreaming } = this.view;
    const { isEmpty: isNothing } = this.box;
    $("stop").hidden = !isStreaming;
    $("send").hidden = isStreaming && isNothing;
    $("send").textContent = isStreaming ? "Queue" : "Send";
    $("send").disabled = isNothing;
  }

  /** A prompt was on its way when the page was left: see whether it arrived, else give it back. */
  async recover() {
    const conversation = this.opened.id;
    const prompt = takeSending(conversation);
    if (prompt === null) return;
    const newest = conversation ? { id: conversation, messages: this.view.path } : await newestConversation();
    const isThere = newest?.messages.slice(-2).some((message) => message.text === prompt.text);
    if (!isThere) await this.box.giveBack(conversation, prompt);
    else if (!conversation) await this.opened.go(newest.id);
  }
}

async function newestConversation() {
  const [summary] = await call("GET", "conversations?limit=1");
  return summary ? { id: summary.id, messages: (await call("GET", `conversations/${summary.id}`)).messages } : null;
}
