// Talking to the server: JSON calls, and the stream of a reply that was asked for.

const PATIENCE_MS = 15_000;
const ID = /^[0-9a-z]{1,64}$/;

/** Return `value` if it can be an id, else null: an address from outside must name nothing else. */
export const checkedId = (value) => (ID.test(value ?? "") ? value : null);

/**
 * Return the key that lets this page in together with its cookie. Cookies are shown to every server on this host;
 * storage belongs to one port.
 */
export function pageKey() {
  let key = localStorage.getItem("key");
  if (!key) {
    key = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
    localStorage.setItem("key", key);
  }
  return key;
}

export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export const LOST = new Refused(0, "The connection was lost.");

/** Call the API; return the parsed answer, null where there is none. Throws `Refused`, also for no answer in time. */
export async function call(method, path, body, patience = PATIENCE_MS) {
  try {
    const response = await request(method, path, body, AbortSignal.timeout(patience));
    return response.status === 204 ? null : await response.json();
  } catch (error) {
    if (error.name !== "TimeoutError") throw error;
    throw new Refused(0, "streamtui did not answer in time. If it has many tabs open, close some.");
  }
}

async function request(method, path, body, signal) {
  const headers = { "X-Streamtui-Key": pageKey() }; // no other page can send a header like this
  const options = { method, signal, headers, credentials: "same-origin", cache: "no-store" };
  if (method === "POST" || method === "PATCH") {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body ?? {});
  }
  let response;
  try {
    response = await fetch(`api/${path}`, options);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Refused(0, "streamtui does not answer. Is it still running?");
  }
  if (!response.ok) throw new Refused(response.status, await reason(response));
  return response;
}

async function reason(response) {
  try {
    return (await response.json()).error.message;
  } catch {
    return `The server answered ${response.status}.`;
  }
}

/** Ask; return the conversation's and the message's id and the events of the reply. Throws `Refused`. */
export async function ask(body, signal) {
  const response = await request("POST", "chat", body, signal);
  return {
    conversation: response.headers.get("X-Conversation"),
    message: response.headers.get("X-Message"),
    events: events(response.body),
  };
}

async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const frames = (rest + value).split("\n\n");
    rest = frames.pop();
    for (const frame of frames) {
      const line = frame.split("\n").find((field) => field.startsWith("data: "));
      if (line) yield JSON.parse(line.slice(6));
    }
  }
}

/** Follow a reply that somebody else asked for, from its start; the browser takes up a lost connection by itself. */
export function follow(conversation, message, heard) {
  const source = new EventSource(`api/conversations/${conversation}/events?message=${message}`);
  for (const type of ["reasoning", "text", "usage", "notice", "error", "done"]) {
    source.addEventListener(type, (event) => {
      if (event.data === undefined) {
        // The connection's own error; the browser tries again unless the server said that there is nothing.
        if (source.readyState === EventSource.CLOSED) heard({ type: "done", status: "interrupted", error: LOST });
        return;
      }
      if (type === "done") source.close();
      heard(JSON.parse(event.data));
    });
  }
  return source;
}
