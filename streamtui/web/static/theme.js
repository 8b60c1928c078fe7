// Light or dark: as the system has it, until the user says otherwise.

const THEMES = [["auto", "System"], ["light", "Light"], ["dark", "Dark"]];

/** Offer the themes in a native list, and apply the one that is chosen. */
export function showThemes(list) {
  for (const [value, text] of THEMES) list.add(new Option(text, value));
  list.value = localStorage.getItem("theme") ?? "auto";
  if (!list.value) list.value = "auto";
  list.addEventListener("change", () => apply(list.value));
  apply(list.value);
}

function apply(theme) {
  localStorage.setItem("theme", theme);
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}
