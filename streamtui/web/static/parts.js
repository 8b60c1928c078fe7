// Long code and long tables in parts: a browser lays out again only the part that grows, and skips those out of sight.
// The tree knows nothing of it: there the lines are children of one `code`, the rows of one `tbody`.

import { element } from "./dom.js";

const SIZE = 64; // lines or rows
const WIDEST = 30; // characters of a column of a long table

/** Return the node for a `code` or `tbody` with these children; of a `tbody` there may be several, in a fragment. */
export function split(tag, nodes) {
  const parts = [];
  for (let at = 0; at < nodes.length || !at; at += SIZE) parts.push(part(tag, nodes.slice(at, at + SIZE)));
  const whole = tag === "code" ? element("code") : document.createDocumentFragment();
  whole.append(...parts);
  return whole;
}

function part(tag, nodes) {
  const node = element(tag === "code" ? "span" : "tbody", "part");
  node.append(...nodes);
  return node;
}

/** Whether the children of a node stand in parts. A body of a table stands for all of them. */
export const isSplit = (node) => node.localName === "tbody" || (node.localName === "code" && node.parentNode?.localName === "pre");

/** Return the parts of such a node. */
export const partsOf = (node) => [...(node.localName === "tbody" ? node.parentNode.tBodies : node.children)];

/** Return a child of a node, as the tree counts them. */
export function childOf(node, index) {
  if (!isSplit(node)) return node.childNodes[index];
  const parts = node.localName === "tbody" ? node.parentNode.tBodies : node.children;
  return parts[Math.floor(index / SIZE)].childNodes[index % SIZE];
}

/** Return where the next child of a node goes. */
export function lastPart(node) {
  if (!isSplit(node)) return node;
  const last = node.localName === "tbody" ? node.parentNode.lastElementChild : node.lastElementChild;
  if (last.childNodes.length < SIZE) return last;
  const next = part(node.localName, []);
  last.after(next);
  if (node.localName === "tbody") lengthen(node.parentNode);
  return next;
}

/**
 * Fix the columns of a table that has become long, by what stands in its first rows: only then can each part be laid
 * out by itself. To programs that read the page aloud it stays a table.
 */
export function lengthen(table) {
  if (table.tBodies.length < 2 || table.classList.contains("long")) return;
  const rows = [...table.rows].slice(0, SIZE);
  const sizes = [...rows[0].cells].map((_, at) => {
    const longest = Math.max(...rows.map((row) => row.cells[at]?.textContent.length ?? 0));
    return `calc(${Math.max(3, Math.min(WIDEST, longest))}ch + 1.6rem)`;
  });
  table.style.setProperty("--columns", sizes.join(" "));
  table.style.setProperty("--width", `calc(${sizes.join(" + ")})`);
  table.classList.add("long");
  table.setAttribute("role", "table");
}
