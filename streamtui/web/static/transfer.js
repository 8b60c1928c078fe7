// Conversations as files: out of here, and in.

import { file, upload } from "./api.js";
import { choice } from "./dialog.js";
import { $ } from "./dom.js";
import { attempt, status } from "./status.js";

const KINDS = [
  ["md", "Markdown, to read"],
  ["html", "HTML, to print or send"],
  ["json", "JSON, all branches and figures"],
];

export class Transfer {
  /** `came` is called with the id of the conversation that came in last. */
  constructor({ opened, came }) {
    this.opened = opened;
    this.came = came;
    $("export").addEventListener("click", attempt(() => this.export()));
    $("import").addEventListener("click", () => $("import-file").click());
    $("import-file").addEventListener("change", attempt(() => this.import()));
  }

  async export() {
    const kind = await choice("Export this conversation", KINDS, "Export");
    if (!kind) return;
    const content = await file(`conversations/${this.opened.id}/export?format=${kind}`);
    save(content, `${fileName($("title").textContent)}.${kind}`);
  }

  async import() {
    const files = [...$("import-file").files];
    $("import-file").value = "";
    const lines = [];
    for (const one of files) {
      status(`Importing ${one.name} …`);
      const { line, conversation } = await upload(`import?name=${encodeURIComponent(one.name.slice(-200))}`, one);
      lines.push(files.length > 1 ? `${one.name}: ${line}` : line);
      await this.came(conversation);
    }
    status(lines.join("; "));
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
