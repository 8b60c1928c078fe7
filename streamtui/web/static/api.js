// Talking to the server: JSON calls, and the events of a reply.

const PATIENCE_MS = 15_000;
const ASK_PATIENCE_MS = 60_000; // an endpoint may first have to be asked for its models
const UPLOAD_MS = 300_000;
const ID = /^[0-9a-z]{1,64}$/;

/** A failure that can be shown as it is; `status` is 0 where there was no answer. */
export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export const LOST = new Refused(0, "The connection was lost.");

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

/** Call the API; return the parsed answer, null where there is none. Throws `Refused`, also for no answer in time. */
export async function call(method, path, body, signal = AbortSignal.timeout(PATIENCE_MS)) {
  const response = await request(method, path, body, signal);
  if (response.status === 204) return null;
  try {
    return await response.json();
  } catch {
    throw new Refused(response.status, "What answered is not streamtui. Does a proxy stand between? Reload the page.");
  }
}

/** Return what the API answers as a file. Throws `Refused`. */
export async function file(path) {
  return (await request("GET", path, undefined, AbortSignal.timeout(PATIENCE_MS))).blob();
}

/** Hand a file over; return what the API calls it. Throws `Refused`. */
export async function upload(path, content) {
  return (await request("PUT", path, content, AbortSignal.timeout(UPLOAD_MS))).json();
}

/** Begin a reply; return the ids of the conversation, the reply and the prompt. Throws `Refused`. */
export function ask(body, signal) {
  return call("POST", "chat", body, AbortSignal.any([signal, AbortSignal.timeout(ASK_PATIENCE_MS)]));
}

async function request(method, path, body, signal) {
  const headers = { Accept: "application/json", "X-Streamtui-Key": pageKey() }; // no other page can send the key
  const options = { method, signal, headers, credentials: "same-origin", cache: "no-store" };
  if (method === "PUT") options.body = body;
  if (method === "POST" || method === "PATCH") {
    headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body ?? {});
  }
  let response;
  try {
    response = await fetch(`api/${path}`, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    if (error.name !== "TimeoutError") throw new Refused(0, "streamtui does not answer. Is it still running?");
    throw new Refused(0, "streamtui did not answer in time. If it has many tabs open, close some.");
  }
  if (!response.ok) throw new Refused(response.status, await reason(response));
  return response;
}

async function reason(response) {
  try {
    return (await response.json()).error.message;
  } catch {
    return `The server answered ${response.status}. Try again in a moment.`;
  }
}

/** Follow a reply from its start; the browser takes up a lost connection by itself. Return what ends the following. */
export function follow(conversation, message, hear) {
  const source = new EventSource(`api/conversations/${conversation}/events?message=${message}&blocks=1`);
  for (const type of ["reasoning", "text", "blocks", "usage", "notice", "error", "done"]) {
    source.addEventListener(type, (event) => {
      if (event.data === undefined) {
        // The connection's own error; the browser tries again unless the server said that there is nothing.
        if (source.readyState === EventSource.CLOSED) hear({ type: "lost" });
        return;
      }
      if (type === "done") source.close();
      hear(JSON.parse(event.data));
    });
  }
  return () => source.close();
}
