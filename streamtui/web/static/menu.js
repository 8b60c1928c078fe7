// The drawer that holds the list of conversations where there is no room beside the text.

import { $ } from "./dom.js";

const isDrawer = matchMedia("(max-width: 46rem)");

export const isMenuOpen = () => document.body.classList.contains("menu");

export function setMenu(open) {
  const wasOpen = isMenuOpen();
  document.body.classList.toggle("menu", open);
  $("menu").setAttribute("aria-expanded", String(open));
  document.querySelector("main").inert = open && isDrawer.matches;
  if (open && isDrawer.matches) $("new").focus();
  else if (wasOpen && isDrawer.matches) $("menu").focus();
}

$("menu").addEventListener("click", () => setMenu(!isMenuOpen()));
$("shade").addEventListener("click", () => setMenu(false));
