// The tree of blocks that the server makes of a reply, as DOM nodes. A node of it is a text, or [tag, attributes,
// children]. Only what is listed here becomes an element or an attribute, and text only ever becomes text nodes.

import { button, element } from "./dom.js";
import { childOf, isSplit, lastPart, lengthen, partsOf, split } from "./parts.js";

const TAGS = new Set([
  "a", "blockquote", "br", "code", "del", "div", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre",
  "s", "span", "strong", "sub", "sup", "table", "tbody", "td", "th", "thead", "tr", "ul",
]);
const ATTRIBUTES = new Set(["class", "data-info", "data-language", "data-marker", "data-number", "data-source", "dir", "start", "value"]);
const CLASS = /^[\w -]{0,60}$/;
const LOOPBACK = /^((.+\.)?localhost\.?|127(\.\d+){3}\.?|0\.0\.0\.0|\[::1?\]|\[::(ffff:)?(7f[\da-f]{2}:[\da-f]+|0:0)\])$/;
const ADDRESS = /^(https?:\/\/|[^\s/]+\.\p{L}{2,}(\/|$))/u; // what reads like one
const HEADINGS = { h1: "h2", h2: "h3", h3: "h4", h4: "h5", h5: "h6", h6: "h6" }; // the page's title is the h1

export class Blocks {
  constructor(root) {
    this.root = root;
  }

  /** Apply what has changed: nodes that are appended to, or replaced at, a path of indices from the root. */
  apply(patch) {
    for (const [operation, path, node] of patch) {
      if (operation === "append") this.append(path, node);
      else if (path.length) replace(this.at(path), node);
      else this.root.replaceChildren(...node[2].map((child) => build(child)));
    }
  }

  append(path, node) {
    const parent = lastPart(holder(this.at(path)));
    parent.append(build(node));
    const link = parent.closest("a");
    if (link && this.root.contains(link)) disclose(link); // its text has grown
  }

  at(path) {
    return path.reduce((node, index) => childOf(holder(node), index), this.root);
  }
}

/** Return the element that holds the children of a node: code and tables stand in a frame. */
const holder = (node) => (node.matches?.(".code, .table") ? node.lastChild : node);

function replace(old, node) {
  const made = build(node, old.parentNode.localName);
  if (isSplit(old)) for (const other of partsOf(old).slice(1)) other.remove();
  old.replaceWith(made);
}

/** Return the DOM node for a node of the tree; what is not on the list is a plain span. */
export function build(node, parent = "") {
  if (typeof node === "string") return document.createTextNode(node);
  const [tag, attributes, children] = node;
  if (tag === "tbody" || (tag === "code" && parent === "pre")) return split(tag, children.map((child) => build(child)));
  const made = tag === "a" ? link(attributes.href) : document.createElement(TAGS.has(tag) ? (HEADINGS[tag] ?? tag) : "span");
  for (const [name, value] of Object.entries(attributes)) {
    if (!ATTRIBUTES.has(name) || (name === "class" && !CLASS.test(value))) continue;
    made.setAttribute(name, value);
  }
  made.append(...children.map((child) => build(child, tag)));
  if (made.localName === "a") disclose(made);
  if (tag === "pre") return codeFrame(made, attributes);
  if (tag === "table") {
    lengthen(made);
    return framed("table", made);
  }
  return made;
}

function codeFrame(pre, attributes) {
  const frame = element("figure", "code");
  const head = element("figcaption");
  const copy = button("copy", "copy", () => {});
  copy.dataset.copy = "";
  head.append(element("span", "", attributes["data-language"] || attributes["data-info"] || "text"), copy);
  frame.append(head, pre);
  return frame;
}

function framed(name, node) {
  const frame = element("div", name);
  frame.append(node);
  return frame;
}

/** Return a link to the web or to mail; an address of any other kind, and every one of our own, is only text. */
function link(href) {
  let url;
  try {
    url = new URL(href);
  } catch {
    return element("span");
  }
  const isSafe = ["http:", "https:", "mailto:"].includes(url.protocol) && !url.username && !url.password;
  if (!isSafe || isOwn(url)) return element("span");
  const node = element("a");
  node.href = url.href;
  node.rel = "noopener noreferrer nofollow";
  node.target = "_blank";
  node.title = url.host || url.href;
  return node;
}

/** Where the text of a link names a host, but not the one that it leads to, say which one that is. */
function disclose(link) {
  const { host } = new URL(link.href);
  const text = link.textContent.trim().toLowerCase();
  if (ADDRESS.test(text) && hostOf(text) !== host) link.dataset.host = host;
  else delete link.dataset.host;
}

/** Return the host that a text names, as it is written there. */
const hostOf = (text) => text.replace(/^https?:\/\//, "").split(/[/?#\s]/)[0];

/** Whether an address is this server's own, under whatever name: what a model writes must not lead back here. */
export function isOwn(url) {
  if (url.host === location.host) return true;
  return url.port === location.port && LOOPBACK.test(url.hostname) && LOOPBACK.test(location.hostname);
}
