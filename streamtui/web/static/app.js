// The page: opens conversations, sends prompts, keeps every stream going whichever conversation is in view.

import { LOST, Refused, ask, call, checkedId, follow, pageKey } from "./api.js";
import { element } from "./markdown.js";
import { Follower } from "./scroll.js";
import { Sidebar } from "./sidebar.js";
import { Turn } from "./turn.js";

const REFRESH_MS = 4000;
const STOP_MS = 500; // for how long stopping waits for a connection before it gives up that of the reply
const REOPEN_MS = 1000;
const SHOWN = 200; // messages put on the page at first
const $ = (id) => document.getElementById(id);

const scroll = new Follower($("log"), $("bottom"));
const sidebar = new Sidebar($("conversations"), (id) => go(id));
const streams = new Map(); // by conversation: the turn that grows, and what ends it
let current = null; // the conversation in view; null is a new one that has no id yet
let shown = { messages: 0, model: null };
let conversations = [];
let opening = 0;
let away = false;
let renewing = false;

// ── entering ──

async function enter() {
  const code = new URLSearchParams(location.hash.slice(1)).get("code");
  if (code) {
    history.replaceState(null, "", location.pathname);
    await trade(code);
  }
  const session = await call("GET", "session");
  $("locked").hidden = true;
  $("model").replaceChildren(new Option(session.model || "default", ""));
  $("endpoint").textContent = session.host;
  call("GET", "models").then(offer, () => {});
  await refresh();
  await open(named());
  setInterval(renew, REFRESH_MS);
}

async function trade(code) {
  try {
    await call("POST", "session", { code, key: pageKey() });
  } catch (error) {
    $("why").textContent = error.message;
  }
}

function offer(models) {
  const known = new Set([...$("model").options].map((option) => option.value || option.text));
  for (const model of models) if (!known.has(model)) $("model").add(new Option(model, model));
  choose(shown.model);
}

function choose(model) {
  const select = $("model");
  if (model && ![...select.options].some((option) => option.value === model || option.text === model)) {
    select.add(new Option(model, model));
  }
  const found = [...select.options].find((option) => option.text === model);
  select.value = found ? found.value : "";
}

function locked(error) {
  if (!(error instanceof Refused) || error.status !== 401) return complain(error);
  $("locked").hidden = false;
}

$("unlock").addEventListener("submit", (event) => {
  event.preventDefault();
  location.hash = `code=${$("code").value.trim().split("code=").pop()}`;
});

// ── the conversation in view ──

const named = () => checkedId(new URLSearchParams(location.hash.slice(1)).get("c"));

function go(id) {
  document.body.classList.remove("menu");
  if (id === current && id === named()) return;
  location.hash = id ? `c=${id}` : "";
  if (!id) open(null);
}

addEventListener("hashchange", () => {
  if (new URLSearchParams(location.hash.slice(1)).has("code")) location.reload();
  else if (named() !== current) open(named());
});

async function open(id) {
  if (asks(id)) return reopen(id);
  const turn = ++opening;
  let found = null;
  if (id) {
    try {
      found = await call("GET", `conversations/${id}`);
    } catch (error) {
      if (error.status !== 404) return complain(error);
      history.replaceState(null, "", location.pathname);
    }
  }
  if (turn !== opening) return; // another one was opened meanwhile
  if (asks(id)) return reopen(id); // a prompt was sent meanwhile: what was read does not have it
  if (current !== id) lookAway(current);
  current = found ? id : null;
  const path = found ? branch(found) : [];
  shown = { messages: found?.messages.length ?? 0, model: found?.conversation.model ?? null };
  show(path);
  head(found?.conversation.title);
  choose(shown.model);
  settle();
  if (matchMedia("(hover: hover)").matches) $("prompt").focus();
}

/** Return the messages of the branch in view, oldest first. */
function branch({ conversation, messages }) {
  const known = new Map(messages.map((message) => [message.id, message]));
  const path = [];
  let at = known.get(conversation.leaf) ?? messages[messages.length - 1];
  for (; at; at = known.get(at.parent)) {
    path.unshift(at);
    known.delete(at.id);
  }
  return path;
}

function show(path) {
  const hidden = path.slice(0, -SHOWN);
  $("messages").replaceChildren(...path.slice(-SHOWN).map((message) => view(message)));
  if (hidden.length) $("messages").prepend(earlier(hidden));
  if (!path.length) {
    const welcome = element("div", "welcome");
    welcome.append(element("b", "", "What would you like to know?"), "Replies stream in as they are written.");
    $("messages").append(welcome);
  }
  scroll.jump();
}

function earlier(hidden) {
  const button = element("button", "quiet", `Show ${hidden.length} earlier messages`);
  button.addEventListener("click", () => button.replaceWith(...hidden.map((message) => view(message))));
  return button;
}

function view(message) {
  const running = streams.get(current);
  if (running && running.turn.id === message.id) return running.turn.node;
  const streaming = message.status === "streaming";
  const turn = new Turn(streaming ? { ...message, text: "", reasoning: "" } : message, () => scroll.grown());
  if (streaming) attach(message.id, turn);
  else if (message.role === "assistant") turn.figures(message);
  return turn.node;
}

/** Follow a reply that another window, or the terminal app, asked for, whenever this one can be seen. */
function attach(message, turn) {
  const conversation = current;
  streams.get(conversation)?.leave?.();
  let source = null;
  const heard = (event) => {
    turn.hear(event);
    if (event.type === "done") ended(conversation, turn);
  };
  const look = () => {
    source?.close();
    turn.join();
    source = follow(conversation, message, heard);
  };
  streams.set(conversation, { turn, look, leave: () => source?.close() });
  if (!document.hidden) look();
}

/** Stop following somebody else's reply: a browser has few connections. What was asked here goes on. */
function lookAway(conversation) {
  const leave = streams.get(conversation)?.leave;
  if (!leave) return;
  leave();
  streams.delete(conversation);
}

function head(title) {
  $("title").textContent = title || "New conversation";
  document.title = title ? `${title} · streamtui` : "streamtui";
  $("rename").hidden = $("delete").hidden = current === null;
}

// ── sending and stopping ──

async function send() {
  await entered; // before that, the conversation that the address names is not in view
  const prompt = $("prompt").value;
  if (!prompt.trim() || streams.has(current)) return;
  const body = { prompt };
  if (current) body.conversation = current;
  const model = $("model").selectedOptions[0];
  if (model?.value && model.text !== shown.model) body.model = model.value;
  if (model && !model.value && current && model.text !== shown.model) body.model = model.text;
  const mine = { role: "user", created: Date.now(), text: prompt };
  const asked = new Turn(mine);
  const turn = new Turn({ role: "assistant", model: model?.text, created: Date.now(), status: "streaming" }, () => scroll.grown());
  const aborter = new AbortController();
  const origin = { conversation: current, opening };
  streams.set(current, { turn, abort: () => aborter.abort() });
  if (!current) $("messages").replaceChildren();
  $("messages").append(asked.node, turn.node);
  shown.messages += 2;
  $("prompt").value = "";
  resize();
  status("");
  settle();
  scroll.jump();
  try {
    await stream(await ask(body, aborter.signal), turn, origin, aborter);
  } catch (error) {
    lost(error, origin.conversation, turn, asked, prompt);
  }
}

async function stream(reply, turn, origin, aborter) {
  turn.id = reply.message;
  streams.delete(origin.conversation);
  origin.conversation = reply.conversation;
  streams.set(reply.conversation, { turn, abort: () => aborter.abort() });
  if (current === null && opening === origin.opening) {
    current = reply.conversation;
    history.pushState(null, "", `#c=${current}`);
    head(conversations.find(({ id }) => id === current)?.title);
  }
  refresh().catch(() => {});
  for await (const event of reply.events) {
    turn.hear(event);
    if (event.type === "done") return ended(reply.conversation, turn);
  }
  throw LOST;
}

/** The stream broke, or never began: then the prompt is the draft again. */
function lost(error, conversation, turn, asked, prompt) {
  const wanted = error.name === "AbortError";
  if (streams.get(conversation)?.turn === turn) streams.delete(conversation);
  if (turn.id) {
    turn.end(wanted ? { status: "stopped" } : { status: "failed", error: error instanceof Refused ? error : LOST });
    reopen(conversation);
  } else {
    clearInterval(turn.clock);
    if (asked.node.isConnected) shown.messages -= 2;
    asked.node.remove();
    turn.node.remove();
    if (!$("messages").hasChildNodes()) show([]);
    if (!$("prompt").value) $("prompt").value = prompt;
    resize();
    if (!wanted) locked(error);
  }
  settle();
}

function ended(conversation, turn) {
  if (streams.get(conversation)?.turn === turn) streams.delete(conversation);
  settle();
  refresh().catch(() => {});
}

/** Read a conversation again in a moment, as after its stream was lost: the server knows what became of the reply. */
function reopen(conversation) {
  if (conversation && conversation === current) setTimeout(() => conversation === current && open(conversation), REOPEN_MS);
}

/** Return whether a reply that was asked for here streams in the conversation in view: nothing else is to take its place. */
function asks(conversation) {
  return conversation === current && streams.get(conversation)?.abort !== undefined;
}

async function stop() {
  const running = streams.get(current);
  if (!running) return;
  $("stop").disabled = true;
  try {
    if (current === null) running.abort();
    else await call("POST", `conversations/${current}/stop`, {}, running.abort && STOP_MS);
  } catch (error) {
    if (!running.abort) return complain(error);
    running.abort(); // which leaves a connection for the second try
    call("POST", `conversations/${current}/stop`, {}).catch(complain);
  } finally {
    $("stop").disabled = false;
  }
}

/** Show the button that makes sense. */
function settle() {
  const streaming = streams.has(current);
  $("stop").hidden = !streaming;
  $("send").hidden = streaming;
  $("send").disabled = !$("prompt").value.trim();
}

// ── the list ──

async function refresh() {
  conversations = await call("GET", "conversations");
  sidebar.show(conversations, current);
  const mine = conversations.find(({ id }) => id === current);
  if (!mine) return;
  head(mine.title);
  if (streams.has(current)) return;
  if (mine.status === "streaming" || mine.messages !== shown.messages) await open(current); // somebody else went on
  else shown.model = mine.model;
}

/** Refresh now and then; say so while the server is away. */
async function renew() {
  if (document.hidden || renewing || !$("locked").hidden) return;
  renewing = true;
  try {
    await refresh();
    if (away) status("");
    away = false;
  } catch (error) {
    away = true;
    locked(error);
  } finally {
    renewing = false;
  }
}

async function question(text, answer, confirm) {
  const dialog = $("dialog");
  $("question").textContent = text;
  $("answer").hidden = answer === null;
  $("answer").value = answer ?? "";
  $("confirm").textContent = confirm;
  dialog.returnValue = "";
  dialog.showModal();
  await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
  return dialog.returnValue === "yes" ? $("answer").value || true : null;
}

async function rename() {
  const title = await question("Rename this conversation", $("title").textContent, "Rename");
  if (typeof title !== "string" || !title.trim()) return;
  await call("PATCH", `conversations/${current}`, { title: title.trim() });
  await refresh();
}

async function remove() {
  const id = current;
  if (!(await question("Delete this conversation? Its text will be gone from disk.", null, "Delete"))) return;
  await call("DELETE", `conversations/${id}`);
  streams.delete(id);
  go(null);
  await refresh();
}

// ── small things ──

function status(text, bad = false) {
  $("status").textContent = text;
  $("status").className = bad ? "bad" : "";
}

const complain = (error) => status(error.message, true);

function resize() {
  const box = $("prompt");
  box.style.height = "auto";
  box.style.height = `${box.scrollHeight}px`;
}

async function copy(button) {
  const code = button.closest("figure").querySelector("code");
  try {
    await navigator.clipboard.writeText(code.textContent);
    button.textContent = "copied";
  } catch {
    getSelection().selectAllChildren(code);
    button.textContent = "selected";
  }
  setTimeout(() => (button.textContent = "copy"), 1500);
}

$("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});
$("prompt").addEventListener("input", () => {
  resize();
  settle();
});
$("prompt").addEventListener("keydown", (event) => {
  const plain = !event.shiftKey && !event.altKey && !event.isComposing;
  if (event.key !== "Enter" || !plain || matchMedia("(pointer: coarse)").matches) return;
  event.preventDefault();
  send();
});
$("stop").addEventListener("click", stop);
$("new").addEventListener("click", () => go(null));
$("menu").addEventListener("click", () => document.body.classList.toggle("menu"));
$("shade").addEventListener("click", () => document.body.classList.remove("menu"));
$("cancel").addEventListener("click", () => $("dialog").close());
$("rename").addEventListener("click", () => rename().catch(complain));
$("delete").addEventListener("click", () => remove().catch(complain));
$("messages").addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || $("dialog").open || event.isComposing) return;
  if (document.body.classList.contains("menu")) document.body.classList.remove("menu");
  else stop();
});
document.addEventListener("visibilitychange", () => {
  // A browser has few connections for all its tabs: those that nobody sees leave them to the others.
  for (const { look, leave } of streams.values()) (document.hidden ? leave : look)?.();
  renew();
});

const entered = enter().catch(locked);
