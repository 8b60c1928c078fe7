// Questions to the user.

import { $ } from "./dom.js";

/**
 * Ask; return the text of the field (true where there is none), "other" for the second button, null where it was
 * cancelled. `answer` is the field's text, null for no field; `isLong` makes it a large one.
 */
export async function question(text, { answer = null, confirm = "OK", other = "", isLong = false } = {}) {
  const dialog = $("dialog");
  const field = isLong ? $("long-answer") : $("answer");
  $("question").textContent = text;
  $("answer").hidden = answer === null || isLong;
  $("long-answer").hidden = answer === null || !isLong;
  field.value = answer ?? "";
  $("confirm").textContent = confirm;
  $("other").textContent = other;
  $("other").hidden = !other;
  dialog.returnValue = "";
  dialog.showModal();
  await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
  if (dialog.returnValue === "other") return "other";
  if (dialog.returnValue !== "yes") return null;
  return answer === null ? true : field.value;
}

$("cancel").addEventListener("click", () => $("dialog").close());
$("other").addEventListener("click", () => $("dialog").close("other"));
