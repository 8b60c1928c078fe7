// Files of a message that was sent: their names, and images as such, from our own server alone.

import { file } from "./api.js";
import { element } from "./dom.js";
import { chip } from "./files.js";

const DRAWN = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"]); // what browsers draw and never run

/** Return the node for a message's files. */
export function attached(files, grown) {
  const node = element("div", "files");
  for (const one of files) {
    const shown = chip(one);
    node.append(shown);
    if (DRAWN.has(one.media_type)) picture(one, grown).then((image) => shown.replaceWith(image), () => {});
  }
  return node;
}

async function picture({ sha256, name }, grown) {
  const content = await file(`attachments/${sha256}`);
  if (!DRAWN.has(content.type)) throw new TypeError("not an image that can be drawn");
  const image = element("img");
  image.alt = image.title = name;
  image.src = URL.createObjectURL(content);
  await image.decode();
  URL.revokeObjectURL(image.src);
  requestAnimationFrame(grown);
  return image;
}
