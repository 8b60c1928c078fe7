// What the page says of itself: the status line, and the words for those who listen instead of looking.

import { Refused } from "./api.js";
import { $ } from "./dom.js";

export function status(text, bad = false) {
  $("status").textContent = text;
  $("status").title = text;
  $("status").className = bad ? "bad" : "";
}

/** Return what to say of a failure; one of our own making is for the console. */
export function words(error) {
  if (error instanceof Refused) return error.message;
  console.error(error);
  return "Something on this page went wrong. Reload it; drafts are kept.";
}

export const complain = (error) => status(typeof error === "string" ? error : words(error), true);

/** Tell those who listen to the page. */
export function announce(text) {
  $("announcement").textContent = text;
}

/** Return a function that does the work and says so where it fails. */
export const attempt = (work) => async (...given) => {
  try {
    await work(...given);
  } catch (error) {
    complain(error);
  }
};
