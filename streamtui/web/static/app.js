// The page: opens conversations, sends prompts, follows the reply in view.

import { Refused, ask, call, checkedId, pageKey } from "./api.js";
import { Composer } from "./composer.js";
import { question } from "./dialog.js";
import { $, copyText, flash, isComposing } from "./dom.js";
import { Drafts, joined } from "./drafts.js";
import { Keeper } from "./keeper.js";
import { isMenuOpen, setMenu } from "./menu.js";
import { Models } from "./models.js";
import { enqueue, moveQueue, queued, setSending, takeSending, unqueue } from "./outgoing.js";
import { Follower } from "./scroll.js";
import { Sidebar } from "./sidebar.js";
import { applyTheme, nextTheme, theme } from "./theme.js";
import { outcome } from "./turn.js";
import { View } from "./view.js";

const REFRESH_MS = 4000;
const UNANSWERED_MS = 700; // after which a request that is to be stopped is taken for one that never left
const SEARCH_MS = 200; // after the last key
const RETRY_MS = [1000, 2000, 4000, 8000];
const SHORTCUTS = [
  ["Enter", "send, or queue while a reply streams"],
  ["Shift+Enter", "new line"],
  ["Esc", "take back the newest queued prompt, else stop the reply"],
  ["Page Up, Page Down", "scroll the messages"],
  ["Ctrl+Home, Ctrl+End", "first and last message"],
  ["Alt+N", "new conversation"],
  ["Alt+K", "search conversations"],
  ["Alt+R", "another reply to the last prompt"],
  ["Alt+E", "edit the last prompt"],
  ["Alt+Y", "copy the last reply"],
].map(([keys, what]) => `${keys}: ${what}`).join("\n");

const scroll = new Follower($("log"), $("bottom"));
const drafts = new Drafts();
const keeper = new Keeper();
const models = new Models($("model"));
const sidebar = new Sidebar($("conversations"), (id, message) => go(id, message));
const composer = new Composer({ send, typed, complain, unqueue: giveBackQueued });
const view = new View(
  $("messages"),
  scroll,
  { regenerate, resume, edit, choose },
  { ended, lost },
);
let current = null; // the conversation in view; null is a new one that has no id yet
let shown = { messages: 0, status: null }; // what the list said of it when it was read
let opening = 0; // counts, so that an answer that comes late does not show what nobody wants any more
let asked = 0; // counts what was asked here
let sending = null; // the request under way: its conversation, and what stops it
let editing = null; // the message of which the box has another wording, and the draft that was there before
let isReady = false; // whether the box shows the draft of the conversation in view
let away = false;

// ── entering ──

async function enter() {
  const code = new URLSearchParams(location.hash.slice(1)).get("code");
  if (code) {
    history.replaceState(null, "", current ? `#c=${current}` : location.pathname);
    await trade(code);
  }
  const session = await patiently(() => call("GET", "session"));
  $("locked").hidden = true;
  $("endpoint").textContent = session.host;
  models.start(session.model);
  call("GET", "models").then((names) => models.offer(names), () => {});
  drafts.saveAll().catch(() => {});
  await open(named());
  await recoverSending();
  await patiently(refresh);
}

async function trade(code) {
  try {
    await patiently(() => call("POST", "session", { code, key: pageKey() }));
  } catch (error) {
    $("why").textContent = words(error);
  }
}

/** Try again what a server that is just starting, or busy, has refused. Throws what another try would not change. */
async function patiently(work) {
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

/** A prompt was on its way when the page was left: see whether it arrived, else give it back. */
async function recoverSending() {
  const conversation = current;
  const prompt = takeSending(conversation);
  if (prompt === null) return;
  const sent = conversation ? view.path : await newest();
  if (!sent.slice(-2).some((message) => message.text === prompt)) await giveBack(conversation, prompt);
  else if (!conversation) go(sent.conversation);
}

async function newest() {
  const [summary] = await call("GET", "conversations?limit=1");
  if (!summary) return [];
  const { messages } = await call("GET", `conversations/${summary.id}`);
  return Object.assign(messages, { conversation: summary.id });
}

function locked(error) {
  if (error.status !== 401) return complain(error);
  $("locked").hidden = false;
}

$("unlock").addEventListener("submit", async (event) => {
  event.preventDefault();
  await trade($("code").value.trim().split("code=").pop());
  $("code").value = "";
  enter().catch(locked);
});

// ── the conversation in view ──

const named = () => checkedId(new URLSearchParams(location.hash.slice(1)).get("c"));

async function go(id, message) {
  setMenu(false);
  if (id !== current || id !== named()) {
    history.pushState(null, "", id ? `#c=${id}` : location.pathname);
    await open(id).catch(complain);
  }
  if (message) (await view.find(message))?.scrollIntoView({ block: "center" });
}

addEventListener("hashchange", () => {
  if (new URLSearchParams(location.hash.slice(1)).has("code")) enter().catch(locked);
  else if (named() !== current) open(named()).catch(complain);
});
addEventListener("popstate", () => {
  if (named() !== current) open(named()).catch(complain);
});

async function open(id) {
  const turn = ++opening;
  const before = asked;
  let transcript = null;
  if (id) {
    try {
      transcript = await call("GET", `conversations/${id}`);
      await view.readTrees(transcript);
    } catch (error) {
      if (error.status !== 404) throw error;
      if (turn !== opening) return;
      history.replaceState(null, "", location.pathname);
      status("This conversation is not there any more.", true);
    }
  }
  if (turn !== opening) return; // another one was opened meanwhile
  const isOther = (transcript?.conversation.id ?? null) !== current || !view.path.length;
  if (id === current && asked !== before) return; // a prompt was sent meanwhile: what was read does not have it
  current = transcript?.conversation.id ?? null;
  remember(transcript);
  view.show(transcript);
  if (isOther) await showDraft();
  settle();
  if (isOther) composer.focus();
}

/** Read the conversation in view again: somebody else, or the server, has changed it. */
async function reopen() {
  if (current && !view.pending.length) await open(current);
}

function remember(transcript) {
  shown = { messages: transcript?.messages.length ?? 0, status: view.stream ? "streaming" : null };
  models.show(transcript?.conversation.model ?? null);
  head(transcript?.conversation.title);
  $("system").dataset.text = transcript?.conversation.system ?? (current ? "" : ($("system").dataset.text ?? ""));
}

function head(title) {
  $("title").textContent = title || "New conversation";
  document.title = title ? `${title} · streamtui` : "streamtui";
  $("rename").hidden = $("delete").hidden = $("export").hidden = current === null;
}

// ── the draft ──

function typed(text) {
  if (isReady) drafts.write(current, editing ? joined(text, editing.draft) : text);
  settle();
}

async function showDraft() {
  const conversation = current;
  editing = null;
  $("editing").hidden = true;
  composer.showQueue(queued(conversation));
  if (!isReady) return showFirstDraft(conversation);
  composer.text = drafts.unsaved(conversation) ?? "";
  const before = composer.text;
  const text = await drafts.read(conversation).catch(() => before);
  if (conversation === current && composer.text === before) composer.text = text;
  settle();
}

/** Show the first draft before what was typed when it was not known yet where that belongs. */
async function showFirstDraft(conversation) {
  const draft = await drafts.read(conversation).catch(() => drafts.unsaved(conversation) ?? "");
  if (isReady || conversation !== current) return;
  isReady = true;
  const early = composer.text;
  composer.text = joined(draft, early) || draft;
  if (early) typed(composer.text);
  settle();
}

/** Put what was not sent before the draft of the conversation that it was written in. */
async function giveBack(conversation, ...prompts) {
  const draft = conversation === current ? composer.text : await drafts.read(conversation).catch(() => "");
  const text = joined(...prompts, draft);
  drafts.write(conversation, text);
  if (conversation === current) composer.text = text;
  settle();
}

function giveBackQueued(index = -1) {
  const prompt = unqueue(current, index);
  if (prompt === undefined) return false;
  giveBack(current, prompt);
  composer.showQueue(queued(current));
  composer.focus();
  return true;
}

/** Write another wording of a message in the box, or none; the draft comes back after that. */
function setEditing(turn) {
  const draft = editing?.draft ?? composer.text;
  editing = turn && { message: turn.id, draft };
  $("editing").hidden = !turn;
  composer.text = turn ? turn.text : draft;
  typed(composer.text);
}

// ── sending and stopping ──

async function send() {
  await entered; // before that, the conversation that the address names is not in view
  const prompt = composer.text;
  if (!prompt.trim()) return;
  if (composer.refusal) return complain(new Refused(0, composer.refusal));
  if (view.isStreaming || sending?.conversation === current) {
    enqueue(current, prompt);
    composer.showQueue(queued(current));
    clearBox();
    return;
  }
  const edit = editing?.message;
  clearBox();
  await begin({ prompt, ...(edit && { edit }) }, prompt, edit ? view.before(edit) : view.last);
}

function clearBox() {
  composer.text = "";
  if (editing) setEditing(null);
  else typed("");
}

/** Ask the server; `prompt` is what it is about, null where it is another reply to one, which follows `after`. */
async function begin(body, prompt, after) {
  const conversation = current;
  const turn = opening;
  const aborter = new AbortController();
  const system = $("system").dataset.text;
  let isUnwanted = false;
  asked++;
  sending = {
    conversation,
    stop: () => {
      isUnwanted = true;
      setTimeout(() => aborter.abort(), UNANSWERED_MS);
    },
  };
  if (prompt !== null) setSending(conversation, prompt);
  view.expect(prompt, after, models.chosen);
  status("");
  settle();
  const request = { ...body, ...models.request, ...(conversation ? { conversation } : system ? { system } : {}) };
  try {
    const ids = await ask(request, aborter.signal);
    if (!composer.text) drafts.sent(conversation);
    confirm(ids, conversation, turn);
    if (isUnwanted) await call("POST", `conversations/${ids.conversation}/stop`);
  } catch (error) {
    if (conversation === current && turn === opening) view.forget();
    if (prompt !== null) await giveBack(conversation, prompt);
    await giveQueueBack(conversation);
    if (conversation === current) await reopen().catch(() => {});
    if (error.name !== "AbortError") locked(error);
  } finally {
    takeSending(conversation);
    sending = null;
    settle();
  }
}

function confirm(ids, conversation, turn) {
  keeper.add(ids.conversation, ids.message);
  if (!conversation) moveQueue(ids.conversation);
  if (conversation === current && turn === opening) {
    const isNew = current === null;
    current = ids.conversation;
    view.confirm(ids);
    shown = { messages: shown.messages + (ids.prompt ? 2 : 1), status: "streaming" };
    if (isNew) history.pushState(null, "", `#c=${current}`);
    // What was typed meanwhile belongs to the conversation that has its id now.
    if (isNew && composer.text) drafts.write(current, composer.text);
    announce("The reply streams.");
  }
  refresh().catch(() => {});
}

/** A reply that was followed has ended. */
async function ended({ status: how, finish_reason: reason, error }, conversation, turn) {
  keeper.remove(turn.id);
  announce(outcome(how, reason, error) || "The reply is complete.");
  settle();
  if (how === "complete") await sendQueued(conversation);
  else await afterStop(conversation, turn);
  await refresh().catch(() => {});
}

/** The server has nothing to follow, or answers no more: see what became of the reply. */
async function lost(conversation, turn) {
  view.end();
  let transcript;
  try {
    transcript = await call("GET", `conversations/${conversation}`);
  } catch (error) {
    if (error.status !== 404) return complain(error);
  }
  const reply = transcript?.messages.find(({ id }) => id === turn.id);
  if (reply?.status === "streaming") setTimeout(() => conversation === current && reopen().catch(complain), RETRY_MS[0]);
  else await ended(reply ?? { status: "stopped" }, conversation, turn);
}

/** Send what waits behind a reply that is complete. */
async function sendQueued(conversation) {
  if (conversation !== current || !queued(conversation).length) return reopen().catch(() => {});
  const prompt = unqueue(conversation, 0);
  composer.showQueue(queued(conversation));
  await reopen().catch(() => {});
  await begin({ prompt }, prompt, view.last);
}

/** The server may have given the prompt back, and what was queued comes back too. */
async function afterStop(conversation, turn) {
  const isTakenBack = !turn.have.text && !turn.have.reasoning;
  if (isTakenBack && conversation === current) {
    const gone = await call("GET", `conversations/${conversation}`).then(() => false, (error) => error.status === 404);
    const holder = gone ? null : conversation;
    const draft = (await call("GET", `conversations/${holder ?? "new"}/draft`).catch(() => ({ text: "" }))).text;
    if (gone && conversation === current) {
      const unsent = composer.text;
      drafts.sent(conversation);
      history.replaceState(null, "", location.pathname);
      await open(null);
      composer.text = unsent;
      drafts.write(null, unsent);
    }
    if (holder === current && draft && !composer.text.includes(draft)) await giveBack(holder, draft);
  }
  await giveQueueBack(conversation);
  if (conversation === current) await reopen().catch(() => {});
}

async function giveQueueBack(conversation) {
  const prompts = [];
  for (let prompt; (prompt = unqueue(conversation, 0)) !== undefined; ) prompts.push(prompt);
  if (prompts.length) await giveBack(conversation, ...prompts);
  if (conversation === current) composer.showQueue([]);
}

async function stop() {
  if (sending?.conversation === current) return sending.stop();
  if (!view.stream) return;
  $("stop").disabled = true;
  const conversation = current;
  await drafts.save(conversation).catch(() => {}); // so that the server knows whether the box is empty
  const request = call("POST", `conversations/${conversation}/stop`, {}, AbortSignal.timeout(1000));
  try {
    await request.catch((error) => {
      if (error.status !== 0) throw error;
      view.leave(); // a browser has few connections: this frees the one of the reply
      return call("POST", `conversations/${conversation}/stop`, {}).finally(() => view.join());
    });
  } catch (error) {
    complain(error);
  } finally {
    $("stop").disabled = false;
  }
}

/** Show the button that makes sense. */
function settle() {
  const isStreaming = view.isStreaming;
  $("stop").hidden = !isStreaming;
  $("send").hidden = isStreaming && !composer.text.trim();
  $("send").textContent = isStreaming ? "Queue" : "Send";
  $("send").disabled = !composer.text.trim();
}

// ── what can be done with a message ──

async function regenerate(turn) {
  if (!view.isStreaming) await begin({ regenerate: turn.id }, null, view.before(turn.id));
}

async function resume(turn) {
  if (view.isStreaming) return;
  const conversation = current;
  try {
    const ids = await call("POST", "chat", { continue: turn.id, conversation });
    asked++;
    keeper.add(ids.conversation, ids.message);
    if (conversation === current) view.resume(turn);
    settle();
  } catch (error) {
    complain(error);
  }
}

function edit(turn) {
  if (view.isStreaming) return;
  setEditing(turn);
  composer.focus();
}

async function choose(message) {
  try {
    await call("POST", `conversations/${current}/branch`, { message });
    await reopen();
  } catch (error) {
    complain(error);
  }
}

// ── the list ──

async function refresh() {
  const text = $("search").value.trim();
  const [conversations, rows] = await Promise.all([
    call("GET", `conversations?limit=${sidebar.wanted}`),
    text ? call("GET", `search?q=${encodeURIComponent(text)}&limit=100`) : null,
  ]);
  sidebar.show(rows ?? conversations, current, () => refresh().catch(complain));
  const mine = conversations.find(({ id }) => id === current);
  if (!mine) return;
  head(mine.title);
  if (view.isStreaming || sending) return;
  if (mine.status === "streaming" || mine.messages !== shown.messages) await reopen(); // somebody else went on
}

/** Refresh now and then; say so while the server is away. */
async function renew() {
  if (document.hidden || !$("locked").hidden || renew.isRunning) return;
  renew.isRunning = true;
  try {
    await refresh();
    if (away) status("");
    away = false;
    drafts.saveAll().catch(() => {});
  } catch (error) {
    away = true;
    locked(error);
  } finally {
    renew.isRunning = false;
  }
}

async function rename() {
  const title = await question("Rename this conversation", { answer: $("title").textContent, confirm: "Rename" });
  if (title === null || !title.trim()) return;
  await call("PATCH", `conversations/${current}`, { title: title.trim() });
  await refresh();
}

async function remove() {
  const id = current;
  if (!(await question("Delete this conversation? Its text will be gone from disk.", { confirm: "Delete" }))) return;
  await call("DELETE", `conversations/${id}`);
  await go(null);
  await refresh();
  status("Deleted.");
  $("undo").hidden = false;
  setTimeout(() => ($("undo").hidden = true), 10_000);
}

async function undo() {
  $("undo").hidden = true;
  const { conversation } = await call("POST", "undelete");
  status(conversation ? "" : "It is too late to undo that.", !conversation);
  if (conversation) await go(conversation);
  await refresh();
}

async function instruct() {
  const before = $("system").dataset.text ?? "";
  const text = await question("System message: how the model is to answer here", { answer: before, isLong: true, confirm: "Use" });
  if (text === null) return;
  $("system").dataset.text = text;
  if (current) await call("POST", `conversations/${current}/system`, { system: text });
}

async function download() {
  const transcript = await call("GET", `conversations/${current}`);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(transcript, null, 2)], { type: "application/json" }));
  link.download = `${transcript.conversation.title.replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 60) || "conversation"}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

async function logOut() {
  const answer = await question("Log out? Drafts and conversations stay.", { confirm: "Log out", other: "Log out everywhere" });
  if (!answer) return;
  await drafts.saveAll().catch(() => {});
  await call("DELETE", answer === "other" ? "sessions" : "session");
  view.clear();
  $("locked").hidden = false;
}

// ── small things ──

function status(text, bad = false) {
  $("status").textContent = text;
  $("status").title = text;
  $("status").className = bad ? "bad" : "";
}

/** Return what to say of a failure; one of our own making is for the console. */
function words(error) {
  if (error instanceof Refused) return error.message;
  console.error(error);
  return "Something on this page went wrong. Reload it; drafts are kept.";
}

function complain(error) {
  status(typeof error === "string" ? error : words(error), true);
}

/** Tell those who listen to the page instead of seeing it. */
function announce(text) {
  $("announcement").textContent = text;
}

const attempt = (work) => () => Promise.resolve(work()).catch(complain);
const lastTurn = (role) => [...view.turns.values()].filter((turn) => turn.role === role && turn.node.isConnected).pop();

$("stop").addEventListener("click", attempt(stop));
$("new").addEventListener("click", attempt(() => go(null)));
$("rename").addEventListener("click", attempt(rename));
$("delete").addEventListener("click", attempt(remove));
$("undo").addEventListener("click", attempt(undo));
$("system").addEventListener("click", attempt(instruct));
$("export").addEventListener("click", attempt(download));
$("logout").addEventListener("click", attempt(logOut));
$("unedit").addEventListener("click", () => setEditing(null));
$("help").addEventListener("click", () => question(SHORTCUTS));
$("theme").addEventListener("click", (event) => flash(event.target, `Theme: ${nextTheme()}`));
$("theme").title = `Theme: ${theme()}`;
$("search").addEventListener("input", () => {
  clearTimeout(refresh.timer);
  refresh.timer = setTimeout(attempt(refresh), SEARCH_MS);
});
$("messages").addEventListener("click", async ({ target }) => {
  const copy = target.closest("[data-copy]");
  if (!copy) return;
  const code = copy.closest("figure").querySelector("code");
  flash(copy, await copyText(code.textContent, code));
});
$("prompt").addEventListener("keydown", (event) => {
  const { scrollHeight, clientHeight } = $("log");
  const isEmpty = !composer.text;
  const jump = { Home: -scrollHeight, End: scrollHeight }[event.key];
  const page = { PageUp: -clientHeight, PageDown: clientHeight }[event.key];
  const by = page ?? (event.ctrlKey || isEmpty ? jump : undefined);
  if (by === undefined || isComposing(event)) return;
  event.preventDefault();
  $("log").scrollBy(0, by * (page ? 0.9 : 1));
});
document.addEventListener("keydown", (event) => {
  if ($("dialog").open || isComposing(event) || event.defaultPrevented) return;
  if (event.key === "Escape") {
    if (event.target === $("model")) return; // it closes its list
    if (isMenuOpen()) setMenu(false);
    else if (event.target === $("search") && $("search").value) attempt(refresh)();
    else if (!giveBackQueued()) attempt(stop)();
    return;
  }
  if (!event.altKey || event.ctrlKey || event.metaKey) return;
  const last = { KeyR: "assistant", KeyE: "user", KeyY: "assistant" }[event.code];
  const act = {
    KeyN: () => go(null),
    KeyK: () => $("search").focus(),
    KeyR: () => regenerate(lastTurn(last)),
    KeyE: () => edit(lastTurn(last)),
    KeyY: () => copyText(lastTurn(last).text, lastTurn(last).body).then((done) => status(done)),
  }[event.code];
  if (!act || (last && !lastTurn(last))) return;
  event.preventDefault();
  attempt(act)();
});
document.addEventListener("visibilitychange", () => {
  // A browser has few connections for all its tabs: those that nobody sees leave them to the others.
  if (document.hidden) {
    view.leave();
    drafts.saveAll().catch(() => {});
  } else {
    view.join();
    renew();
  }
});

applyTheme();
setInterval(renew, REFRESH_MS);
const entered = enter().catch(locked);
