// Markdown as DOM nodes. Text only ever becomes text nodes: there is no innerHTML, and no attribute but a checked href.
// A subset of CommonMark and GFM: headings, lists, task lists, quotes, fences, tables, rules, emphasis, code, links.

import { element } from "./dom.js";

const FENCE = /^( {0,3})(`{3,}|~{3,})[ \t]*([^`]*)$/;
const HEADING = /^ {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$/;
const RULE = /^ {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$/;
const ITEM = /^( {0,3})([-*+]|\d{1,9}[.)])(?:([ \t]+)(.*)|[ \t]*)$/;
const QUOTE = /^ {0,3}> ?(.*)$/;
const DELIMITER = /^ {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$/;
const SETEXT = /^ {0,3}(=+|-+)[ \t]*$/;
const DEEPEST = 12;
const LONGEST_INLINE = 8000;

/** A stream of Markdown shown in `root`. Only the last blocks are made again when text arrives. */
export class Renderer {
  constructor(root) {
    this.root = root;
    this.tail = ""; // the text of the last blocks: all before it is finished
    this.finished = 0; // how many of the root's children belong to what is finished
  }

  append(text) {
    this.tail += text;
    const lines = this.tail.split("\n");
    const blocks = parse(lines, 0);
    while (this.root.childNodes.length > this.finished) this.root.lastChild.remove();
    for (const block of blocks) this.root.append(block.node);
    // A block that begins in the last two lines may yet turn out to belong to the one above it.
    let sure = blocks.length - 1;
    while (sure > 0 && blocks[sure].line >= lines.length - 2) sure--;
    if (sure > 0) {
      this.tail = this.tail.slice(offset(this.tail, blocks[sure].line));
      this.finished += sure;
    }
  }
}

function offset(text, line) {
  let at = 0;
  for (let n = 0; n < line; n++) at = text.indexOf("\n", at) + 1;
  return at;
}

/** Return the blocks of `lines`: each its node and the number of its first line. */
function parse(lines, depth) {
  const blocks = [];
  let n = 0;
  while (n < lines.length) {
    if (!lines[n].trim()) {
      n++;
      continue;
    }
    const [node, next] = block(lines, n, depth);
    blocks.push({ node, line: n });
    n = next;
  }
  return blocks;
}

function block(lines, n, depth) {
  const line = lines[n];
  let found;
  if ((found = FENCE.exec(line))) return fence(lines, n, found);
  if ((found = HEADING.exec(line))) return [filled(`h${found[1].length}`, found[2] ?? ""), n + 1];
  if (RULE.test(line)) return [element("hr"), n + 1];
  if (depth < DEEPEST && QUOTE.test(line)) return quote(lines, n, depth);
  if (depth < DEEPEST && ITEM.test(line)) return list(lines, n, depth);
  if (/^(?: {4}|\t)/.test(line)) return indented(lines, n);
  if (isTable(lines, n)) return table(lines, n);
  return paragraph(lines, n);
}

function fence(lines, n, [, indent, mark, language]) {
  const closing = new RegExp(`^ {0,3}\\${mark[0]}{${mark.length},}[ \\t]*$`);
  const body = [];
  let next = n + 1;
  while (next < lines.length && !closing.test(lines[next])) {
    body.push(lines[next].replace(new RegExp(`^ {0,${indent.length}}`), ""));
    next++;
  }
  return [code(body.join("\n"), language.trim().split(/\s/)[0]), Math.min(next + 1, lines.length)];
}

function indented(lines, n) {
  const body = [];
  let next = n;
  while (next < lines.length && (/^(?: {4}|\t)/.test(lines[next]) || !lines[next].trim())) {
    body.push(lines[next].replace(/^(?: {4}|\t)/, ""));
    next++;
  }
  while (body.length && !body[body.length - 1].trim()) body.pop();
  return [code(body.join("\n"), ""), next];
}

function code(text, language) {
  const figure = element("figure", "code");
  const head = element("figcaption");
  head.append(element("span", "", language || "text"));
  const copy = element("button", "quiet", "copy");
  copy.type = "button";
  copy.dataset.copy = "";
  head.append(copy);
  const pre = element("pre");
  pre.append(element("code", "", text));
  figure.append(head, pre);
  return figure;
}

function quote(lines, n, depth) {
  const body = [];
  let next = n;
  for (; next < lines.length && lines[next].trim(); next++) {
    const found = QUOTE.exec(lines[next]);
    if (!found && interrupts(lines[next])) break;
    body.push(found ? found[1] : lines[next]);
  }
  const node = element("blockquote");
  for (const each of parse(body, depth + 1)) node.append(each.node);
  return [node, next];
}

function list(lines, n, depth) {
  const [, , marker] = ITEM.exec(lines[n]);
  const ordered = /\d/.test(marker);
  const node = element(ordered ? "ol" : "ul");
  if (ordered && parseInt(marker) !== 1) node.start = parseInt(marker);
  let loose = false;
  let next = n;
  while (next < lines.length) {
    const found = ITEM.exec(lines[next]);
    if (!found || found[2].slice(-1) !== marker.slice(-1) || RULE.test(lines[next])) break;
    const [item, after, blank] = listItem(lines, next, found, depth);
    node.append(item);
    next = after;
    loose ||= blank;
  }
  if (loose) node.className = "loose";
  return [node, next];
}

function listItem(lines, n, [, indent, marker, space, rest], depth) {
  const gap = space === undefined || space.length > 4 ? 1 : space.length;
  const width = indent.length + marker.length + gap;
  const body = [(space ?? "").slice(gap) + (rest ?? "")];
  let next = n + 1;
  for (; next < lines.length; next++) {
    const line = lines[next];
    if (!line.trim()) body.push("");
    else if (indentation(line) >= width) body.push(dedented(line, width));
    else if (lines[next - 1].trim() && !interrupts(line) && !ITEM.test(line) && !openFence(body)) body.push(line.trim());
    else break;
  }
  let blank = false;
  while (body.length > 1 && !body[body.length - 1]) {
    body.pop();
    blank = next < lines.length && ITEM.test(lines[next]);
  }
  const item = element("li");
  const task = /^\[([ xX])\][ \t]+/.exec(body[0]);
  if (task) body[0] = body[0].slice(task[0].length);
  const blocks = parse(body, depth + 1);
  for (const { node } of blocks) item.append(node);
  blank ||= blocks.length > 1 && body.includes("");
  if (task) tick(item, task[1] !== " ");
  return [item, next, blank];
}

function tick(item, done) {
  const box = element("input");
  box.type = "checkbox";
  box.disabled = true;
  box.checked = done;
  item.className = "task";
  item.prepend(box);
}

function openFence(body) {
  return body.filter((line) => FENCE.test(line)).length % 2 === 1;
}

function indentation(line) {
  let width = 0;
  for (const character of line) {
    if (character === " ") width++;
    else if (character === "\t") width += 4 - (width % 4);
    else break;
  }
  return width;
}

function dedented(line, width) {
  let at = 0;
  for (let column = 0; column < width && at < line.length; at++) column += line[at] === "\t" ? 4 - (column % 4) : 1;
  return line.slice(at);
}

function isTable(lines, n) {
  if (n + 1 >= lines.length || !lines[n].includes("|") || !DELIMITER.test(lines[n + 1])) return false;
  return lines[n + 1].includes("-") && cells(lines[n]).length === cells(lines[n + 1]).length;
}

function table(lines, n) {
  const sides = cells(lines[n + 1]).map((cell) =>
    cell.endsWith(":") ? (cell.startsWith(":") ? "center" : "right") : "",
  );
  const node = element("table");
  const head = node.createTHead();
  head.append(row(lines[n], sides, "th"));
  const body = node.createTBody();
  let next = n + 2;
  for (; next < lines.length && lines[next].trim() && !interrupts(lines[next]); next++) {
    body.append(row(lines[next], sides, "td"));
  }
  const frame = element("div", "table");
  frame.append(node);
  return [frame, next];
}

function row(line, sides, kind) {
  const node = element("tr");
  const texts = cells(line);
  for (const [index, side] of sides.entries()) {
    const cell = filled(kind, texts[index] ?? "");
    if (side) cell.className = side;
    node.append(cell);
  }
  return node;
}

function cells(line) {
  const inner = line.trim().replace(/^\|/, "").replace(/(^|[^\\])\|$/, "$1");
  return inner.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));
}

function paragraph(lines, n) {
  const body = [lines[n].trimStart()];
  let next = n + 1;
  for (; next < lines.length && lines[next].trim(); next++) {
    const underline = SETEXT.exec(lines[next]);
    if (underline) return [filled(underline[1][0] === "=" ? "h1" : "h2", body.join("\n")), next + 1];
    if (interrupts(lines[next]) || isTable(lines, next)) break;
    body.push(lines[next].trimStart());
  }
  return [filled("p", body.join("\n")), next];
}

/** Whether a line ends the paragraph above it. */
function interrupts(line) {
  const item = ITEM.exec(line);
  return (
    FENCE.test(line) || HEADING.test(line) || RULE.test(line) || QUOTE.test(line) ||
    (item !== null && Boolean(item[4]) && (!/\d/.test(item[2]) || parseInt(item[2]) === 1))
  );
}

function filled(kind, text) {
  const node = element(kind);
  inline(node, text.trimEnd(), 0);
  return node;
}

const INLINE = new RegExp(
  [
    /\\([!-/:-@[-`{-~])/, // 1 escaped
    /(?<!`)(`+)(?!`)([^]*?[^`])\2(?!`)/, // 2, 3 code
    /!?\[((?:[^\]\\]|\\.){0,1000})\]\(\s*<?([^\s()<>]*(?:\([^\s()<>]*\)[^\s()<>]*)*)>?(?:\s+["'(][^"')]*["')])?\s*\)/, // 4, 5 link
    /<(https?:\/\/[^\s<>]+|mailto:[^\s<>]+)>/, // 6 autolink
    /\b(https?:\/\/[^\s<>]*[^\s<>.,:;!?'")\]}*_~`])/, // 7 bare address
    /\*\*\*(?=\S)([^]*?\S)\*\*\*/, // 8 both
    /\*\*(?=\S)([^]*?\S\*?)\*\*(?!\*)/, // 9 strong
    /(?:(?<![\p{L}\p{N}])\*(?=\S)|\*(?=[\p{L}\p{N}]))((?:\\[^]|\*\*[^*]+\*\*|[^*\\])+?)(?<=\S)\*(?!\*)/, // 10 emphasis
    /~~(?=\S)([^]*?\S)~~/, // 11 deleted
    /(?<![\p{L}\p{N}_])__(?=\S)([^]*?\S)__(?![\p{L}\p{N}_])/, // 12 strong, not inside a word
    /(?<![\p{L}\p{N}_])_(?=\S)([^_]*?\S)_(?![\p{L}\p{N}_])/, // 13 emphasis, not inside a word
    /(?: {2,}|\\)(\n)/, // 14 line break
  ].map((part) => part.source).join("|"),
  "gu",
);

function inline(parent, text, depth) {
  if (depth > DEEPEST || text.length > LONGEST_INLINE) {
    parent.append(text);
    return;
  }
  let at = 0;
  for (const found of text.matchAll(INLINE)) {
    if (found.index > at) parent.append(text.slice(at, found.index));
    at = found.index + found[0].length;
    parent.append(span(found, depth));
  }
  if (at < text.length) parent.append(text.slice(at));
}

function span(found, depth) {
  const [whole, escaped, , coded, label, target, autolink, bare] = found;
  if (escaped !== undefined) return escaped;
  if (coded !== undefined) return element("code", "", codeText(coded));
  if (target !== undefined) return link(target, (node) => inline(node, label, depth + 1), whole);
  if (autolink !== undefined) return link(autolink, (node) => node.append(autolink), whole);
  if (bare !== undefined) return link(bare, (node) => node.append(bare), whole);
  const [both, strong, stressed, deleted, underStrong, underStressed] = found.slice(8, 14);
  if (both !== undefined) return wrapped("em", `**${both}**`, depth);
  if ((strong ?? underStrong) !== undefined) return wrapped("strong", strong ?? underStrong, depth);
  if ((stressed ?? underStressed) !== undefined) return wrapped("em", stressed ?? underStressed, depth);
  if (deleted !== undefined) return wrapped("del", deleted, depth);
  return element("br");
}

function codeText(text) {
  const line = text.replaceAll("\n", " ");
  return /^ .* $/.test(line) && line.trim() ? line.slice(1, -1) : line;
}

function wrapped(kind, text, depth) {
  const node = element(kind);
  inline(node, text, depth + 1);
  return node;
}

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\]|0\.0\.0\.0|\[::\])$/;

/** Whether an address is this server's own, under whatever name: what a model writes must not lead back here. */
export function isOwn(url) {
  if (url.host === location.host) return true;
  return url.port === location.port && LOOPBACK.test(url.hostname) && LOOPBACK.test(location.hostname);
}

/** Return a link, to the web and to mail alone; anything else, and every picture, stays what it says. */
function link(target, fill, whole) {
  let url;
  try {
    url = new URL(target);
  } catch {
    return document.createTextNode(whole);
  }
  if (!["http:", "https:", "mailto:"].includes(url.protocol) || url.username || url.password || isOwn(url)) {
    return document.createTextNode(whole);
  }
  const node = element("a");
  node.href = url.href;
  node.rel = "noopener noreferrer nofollow";
  node.target = "_blank";
  node.title = url.host || url.href;
  fill(node);
  return node;
}
