// The page: makes its parts and connects them. Each part is a module with one idea.

import { Access, codeIn, patiently } from "./access.js";
import { call } from "./api.js";
import { Composer } from "./composer.js";
import { Conversations } from "./conversations.js";
import { choice } from "./dialog.js";
import { $, copyText, flash } from "./dom.js";
import { DraftBox } from "./draft_box.js";
import { Drafts } from "./drafts.js";
import { Figures } from "./figures.js";
import { Files } from "./files.js";
import { Instructions } from "./instructions.js";
import { Keeper } from "./keeper.js";
import { Keys } from "./keys.js";
import { setMenu } from "./menu.js";
import { Models } from "./models.js";
import "./more.js";
import { Opened } from "./opened.js";
import { Follower } from "./scroll.js";
import { Sending } from "./sending.js";
import { Sidebar } from "./sidebar.js";
import { attempt, status } from "./status.js";
import { showThemes } from "./theme.js";
import { Transfer } from "./transfer.js";
import { View } from "./view.js";

const scroll = new Follower($("log"), $("bottom"));
const drafts = new Drafts();
const keeper = new Keeper();
const models = new Models($("model"), $("other-model"));
const sidebar = new Sidebar($("conversations"), (id, message) => go(id, message));
const composer = new Composer({
  send: () => send(),
  typed: () => box.changed(),
  unqueue: (index) => box.giveBackQueued(index),
});
const files = new Files({ changed: () => box.changed() });
const view = new View($("messages"), scroll, {
  actions: {
    regenerate: attempt((turn) => sending.regenerate(turn)),
    regenerateWith: attempt((turn) => regenerateWith(turn)),
    resume: attempt((turn) => sending.resume(turn)),
    edit: (turn) => edit(turn),
    fork: attempt((turn) => conversations.fork(turn)),
    choose: attempt((message) => conversations.choose(message)),
  },
  ended: (...ending) => sending.ended(...ending),
  lost: (...reply) => sending.lost(...reply),
});
const opened = new Opened({
  view,
  models,
  changed: async () => {
    sidebar.mark(opened.id);
    await box.show();
    composer.focus();
  },
  read: () => {
    instructions.mark();
    sending.settle();
  },
});
const box = new DraftBox({ composer, files, drafts, opened, settled: () => sending.settle() });
const access = new Access({ entered, left: () => drafts.saveAll().then(() => view.clear(), () => view.clear()) });
const instructions = new Instructions({ opened });
const sending = new Sending({
  box, composer, drafts, keeper, models, instructions, opened, view, access,
  refresh: () => conversations.refresh(),
});
const conversations = new Conversations({ sidebar, opened, view, sending, drafts, access });
new Transfer({ opened, came: (conversation) => conversations.came(conversation) });
new Figures({ opened });
new Keys(
  [
    ["KeyN", "N", "new conversation", () => go(null)],
    ["KeyK", "K", "search conversations", () => $("search").focus()],
    ["KeyM", "M", "choose the model", () => $("model").focus()],
    ["KeyC", "C", "compare two models", () => $("compare").click()],
    ["KeyA", "A", "attach files", () => $("attach").click()],
    ["KeyR", "R", "another reply to the last prompt", () => withLast("assistant", (turn) => sending.regenerate(turn))],
    ["KeyE", "E", "edit the last prompt", () => withLast("user", edit)],
    ["KeyY", "Y", "copy the last reply", () => withLast("assistant", async (turn) => status(await copyText(turn.text, turn.body)))],
  ],
  async () => box.giveBackQueued() || (await sending.stop()),
);

async function entered(session) {
  $("endpoint").textContent = session.host;
  models.start(session.model);
  call("GET", "models").then((names) => models.offer(names), () => {});
  drafts.saveAll().catch(() => {});
  await opened.openNamed();
  await sending.recover();
  await patiently(() => conversations.refresh());
}

async function go(id, message) {
  setMenu(false);
  await opened.go(id, message).catch((error) => access.refused(error));
}

async function send() {
  await entering; // before that, the conversation that the address names is not in view
  await attempt(() => sending.send())();
}

function edit(turn) {
  if (sending.isBusy) return;
  box.edit(turn);
  composer.focus();
}

async function regenerateWith(turn) {
  const model = await choice("Another reply from", models.names.map((name) => [name, name]), "Regenerate");
  if (model) await sending.regenerate(turn, model);
}

function withLast(role, act) {
  const last = [...view.turns.values()].filter((turn) => turn.role === role && turn.node.isConnected).pop();
  return last && act(last);
}

$("stop").addEventListener("click", attempt(() => sending.stop()));
$("new").addEventListener("click", () => go(null));
$("messages").addEventListener("click", async ({ target }) => {
  const copy = target.closest("[data-copy]");
  if (!copy) return;
  const code = copy.closest("figure").querySelector("code");
  flash(copy, await copyText(code.textContent, code));
});
// Code is copied as it was written, however many elements it stands in.
document.addEventListener("copy", (event) => {
  const selection = getSelection();
  const code = selection.anchorNode?.parentElement?.closest("pre code");
  if (!code || selection.isCollapsed || !code.contains(selection.focusNode)) return;
  event.clipboardData.setData("text/plain", selection.getRangeAt(0).cloneContents().textContent);
  event.preventDefault();
});
addEventListener("hashchange", () => {
  if (codeIn(location.hash)) access.enter(opened.address);
  else if (opened.isElsewhere) opened.openNamed().catch((error) => access.refused(error));
});
addEventListener("popstate", () => {
  if (!codeIn(location.hash) && opened.isElsewhere) opened.openNamed().catch((error) => access.refused(error));
});
document.addEventListener("visibilitychange", () => {
  // A browser has few connections for all its tabs: those that nobody sees leave them to the others.
  if (document.hidden) {
    view.leave();
    drafts.saveAll().catch(() => {});
  } else {
    view.join();
    conversations.renew();
  }
});

showThemes($("theme"));
const entering = access.enter();
