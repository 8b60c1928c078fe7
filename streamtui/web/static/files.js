// Files that go with the prompt: taken by button, drop and paste, handed to the server at once, shown until they are sent.

import { Refused, upload } from "./api.js";
import { $, button, element } from "./dom.js";
import { complain, status } from "./status.js";

const MOST = 32;
const LARGEST = 32_000_000;

export class Files {
  /** `changed` is called after every change of the list. */
  constructor({ changed }) {
    this.changed = changed;
    this.list = [];
    this.arriving = 0; // files that are being handed over
    this.turn = 0; // counts the lists, so that a file that was long on its way does not go with another prompt
    $("attach").addEventListener("click", () => $("file").click());
    $("file").addEventListener("change", () => this.take([...$("file").files]).then(() => ($("file").value = "")));
    $("prompt").addEventListener("paste", (event) => this.given(event, event.clipboardData));
    for (const kind of ["dragover", "dragleave", "drop"]) {
      document.addEventListener(kind, (event) => this.dragged(event));
    }
  }

  /** Show other files, those of another draft. */
  show(list) {
    this.list = list;
    this.turn++;
    this.draw();
  }

  dragged(event) {
    if (!event.dataTransfer?.types.includes("Files")) return;
    document.body.classList.toggle("dropping", event.type === "dragover");
    event.preventDefault(); // else the browser leaves the page to show the file
    if (event.type === "drop") this.given(event, event.dataTransfer);
  }

  given(event, data) {
    const files = [...(data?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    this.take(files);
  }

  async take(files) {
    status("");
    for (const file of files) {
      const turn = this.turn;
      this.arriving++;
      this.draw();
      try {
        if (this.list.length >= MOST) throw new Refused(0, `A prompt can carry at most ${MOST} files.`);
        if (file.size > LARGEST) throw new Refused(0, `${file.name} is too large: at most 32 MB can be attached.`);
        const taken = await upload(`attachments?name=${encodeURIComponent(file.name.slice(-200) || "file")}`, file);
        const isHere = this.list.some(({ sha256, name }) => sha256 === taken.sha256 && name === taken.name);
        if (turn === this.turn && !isHere) this.list = [...this.list, taken];
      } catch (error) {
        complain(error);
      }
      this.arriving--;
      this.draw();
      this.changed();
    }
  }

  remove(file) {
    this.list = this.list.filter((other) => other !== file);
    this.draw();
    this.changed();
    $("prompt").focus();
  }

  draw() {
    const chips = this.list.map((file) => {
      const node = chip(file);
      node.append(button("×", `Remove ${file.name}`, () => this.remove(file), "quiet remove"));
      return node;
    });
    if (this.arriving) chips.push(element("span", "chip", "taking in a file …"));
    $("files").replaceChildren(...chips);
    $("files").hidden = !chips.length;
  }
}

/** Return a file's name and size, as a small box. */
export function chip({ name, size }) {
  const node = element("span", "chip");
  const label = element("span", "name", name);
  label.dir = "auto";
  node.append(label, element("span", "size", inWords(size)));
  return node;
}

function inWords(size) {
  if (size < 1000) return `${size} B`;
  return size < 1e6 ? `${Math.round(size / 1000)} kB` : `${(size / 1e6).toFixed(1)} MB`;
}
