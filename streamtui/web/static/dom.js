// Small pieces of the page.

export const $ = (id) => document.getElementById(id);

export function element(kind, className = "", text = "") {
  const node = document.createElement(kind);
  if (className) node.className = className;
  if (text) node.textContent = text;
  return node;
}

/** Return a button with a label for those who can't see its sign. */
export function button(text, label, pressed, className = "quiet") {
  const node = element("button", className, text);
  node.type = "button";
  if (label !== text) {
    node.title = label;
    node.setAttribute("aria-label", label);
  }
  node.addEventListener("click", pressed);
  return node;
}

/** Whether a key belongs to an input method: some browsers send the last one after the composition has ended. */
export const isComposing = (event) => event.isComposing || event.keyCode === 229;

/** Copy text; where the browser forbids that, select `node` for the user's own copying. Returns what was done. */
export async function copyText(text, node) {
  try {
    await navigator.clipboard.writeText(text);
    return "copied";
  } catch {
    getSelection().selectAllChildren(node);
    return "selected";
  }
}

/** Let a button say for a moment what it did. */
export function flash(node, text) {
  const before = node.textContent;
  node.textContent = text;
  setTimeout(() => (node.textContent = before), 1500);
}
