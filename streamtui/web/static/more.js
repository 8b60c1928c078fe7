// The list of what can be done with the conversation in view, under the button at its title.

import { $ } from "./dom.js";

$("actions").addEventListener("beforetoggle", ({ newState }) => {
  if (newState !== "open") return;
  const { right, bottom } = $("more").getBoundingClientRect();
  $("actions").style.top = `${bottom + 4}px`;
  $("actions").style.right = `${document.documentElement.clientWidth - right}px`;
});
$("actions").addEventListener("click", () => $("actions").hidePopover());
