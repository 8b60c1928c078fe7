// Prompts on their way: the one that was handed to the server but not answered yet, and those queued behind a reply.
// They are kept in the tab's storage, so that a reload in between loses nothing.

const NEW = "new";

const read = (key, otherwise) => JSON.parse(sessionStorage.getItem(key) ?? "null") ?? otherwise;

function write(key, value) {
  if (value === null || value.length === 0) sessionStorage.removeItem(key);
  else sessionStorage.setItem(key, JSON.stringify(value));
}

export const queued = (conversation) => read(`queue:${conversation ?? NEW}`, []);

export function enqueue(conversation, prompt) {
  write(`queue:${conversation ?? NEW}`, [...queued(conversation), prompt]);
}

/** Take one queued prompt out, by default the newest; return it, undefined where there is none. */
export function unqueue(conversation, index = -1) {
  const prompts = queued(conversation);
  const [prompt] = prompts.splice(index, 1);
  write(`queue:${conversation ?? NEW}`, prompts);
  return prompt;
}

/** What was queued behind the first prompt of a new conversation belongs to it once it has an id. */
export function moveQueue(conversation) {
  const prompts = queued(null);
  write(`queue:${NEW}`, []);
  for (const prompt of prompts) enqueue(conversation, prompt);
}

export function setSending(conversation, prompt) {
  write(`sending:${conversation ?? NEW}`, prompt);
}

/** Return the prompt of which it is not known whether it was sent, and forget it; null where there is none. */
export function takeSending(conversation) {
  const prompt = read(`sending:${conversation ?? NEW}`, null);
  write(`sending:${conversation ?? NEW}`, null);
  return prompt;
}
