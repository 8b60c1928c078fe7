// Light or dark: as the system has it, until the user says otherwise.

const NEXT = { auto: "dark", dark: "light", light: "auto" };

export const theme = () => localStorage.getItem("theme") ?? "auto";

export function applyTheme() {
  if (theme() === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme();
}

/** Go on to the next one; return its name. */
export function nextTheme() {
  localStorage.setItem("theme", NEXT[theme()] ?? "auto");
  applyTheme();
  return theme();
}
