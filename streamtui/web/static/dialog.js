// Questions to the user, and sheets to read. There is one dialog; the browser keeps the focus in it and gives it back.

import { $, element } from "./dom.js";

/** Show a title and nodes; return "yes", "other", or null where it was closed. Without `confirm` there is only Close. */
export async function show(title, nodes = [], { confirm = "", other = "" } = {}) {
  const dialog = $("dialog");
  if (dialog.open) return null;
  $("question").textContent = title;
  $("content").replaceChildren(...nodes);
  dialog.classList.toggle("wide", nodes.some((node) => node.matches("table, dl, .sheet")));
  $("confirm").textContent = confirm;
  $("confirm").hidden = !confirm;
  $("cancel").textContent = confirm ? "Cancel" : "Close";
  $("other").textContent = other;
  $("other").hidden = !other;
  dialog.returnValue = "";
  dialog.showModal();
  await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
  $("content").replaceChildren();
  return dialog.returnValue || null;
}

export const confirmed = (text, options) => show(text, [], options);

/** Ask for a line; return it, null where it was cancelled. */
export async function line(title, answer, confirm) {
  const field = element("input");
  Object.assign(field, { id: "answer", value: answer, maxLength: 200, autocomplete: "off", dir: "auto" });
  field.setAttribute("aria-labelledby", "question");
  return (await show(title, [field], { confirm })) ? field.value : null;
}

/** Ask for one of several; return its value, null where it was cancelled. `choices` are pairs of value and text. */
export async function choice(title, choices, confirm) {
  const field = select(choices, "");
  field.id = "choice";
  field.setAttribute("aria-labelledby", "question");
  return (await show(title, [field], { confirm })) ? field.value : null;
}

/** Return a native list of pairs of value and text. */
export function select(choices, value) {
  const node = element("select");
  for (const [key, text] of choices) node.add(new Option(text, key));
  node.value = value || choices[0]?.[0];
  return node;
}

/** Return a field with a visible name. */
export function labelled(name, field) {
  const label = element("label", "field");
  label.append(element("span", "", name), field);
  return label;
}

$("cancel").addEventListener("click", () => $("dialog").close());
$("other").addEventListener("click", () => $("dialog").close("other"));
