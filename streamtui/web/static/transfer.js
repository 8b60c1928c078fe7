// Conversations as files.

import { call, file } from "./api.js";
import { choice } from "./dialog.js";
import { $ } from "./dom.js";
import { attempt } from "./status.js";

const KINDS = [
  ["md", "Markdown, to read"],
  ["json", "JSON, all branches and figures"],
];

export class Transfer {
  constructor({ opened }) {
    this.opened = opened;
    $("export").addEventListener("click", attempt(() => this.export()));
  }

  async export() {
    const kind = await choice("Export this conversation", KINDS, "Export");
    if (!kind) return;
    const content = await file(`conversations/${this.opened.id}/export?format=${kind}`);
    save(content, `${fileName($("title").textContent)}.${kind}`);
  }
}

/** Hand a file over to the browser. */
function save(content, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

const fileName = (title) => title.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "").slice(0, 60) || "conversation";
