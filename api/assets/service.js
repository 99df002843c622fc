// The way to the server: the session, its CSRF token, calls and their errors, events of a job. It knows nothing of the
// page; who wants to hear that the session or the server is gone sets `hooks`.

import { isFinal, sentence } from "./sentences.js";

export const hooks = { signedOut() {}, gone() {}, back() {} };

const RETRY_MS = 2_000;
let csrf = "";
let waiting = null;

/** What went wrong, for programs (`code`) and people (`sentence`). */
export class ServiceError extends Error {
  constructor(error) {
    super(error.message);
    this.code = error.code;
    this.details = error.details ?? [];
    this.sentence = sentence(error);
  }
}

async function ask(method, path, body, extra = {}) {
  const headers = { Accept: "application/json", ...extra };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET") headers["X-CSRF-Token"] = csrf;
  let answer;
  try {
    answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), credentials: "same-origin" });
  } catch {
    outage();
    const error = new ServiceError({ code: "server_gone", message: "the server does not answer" });
    error.sentence = "The server does not answer. This page tries again by itself.";
    throw error;
  }
  const json = answer.headers.get("Content-Type")?.startsWith("application/json") ? await answer.json() : null;
  if (!answer.ok) throw new ServiceError(json?.error ?? { code: "internal", message: `status ${answer.status}` });
  return json;
}

/** Asks for something; the answer's JSON, or a ServiceError. */
export async function call(method, path, body) {
  try {
    return await ask(method, path, body);
  } catch (error) {
    // Another tab may have signed in anew: then the cookie has changed and this page's token is of the old one.
    const old = csrf;
    if (error.code === "forbidden" && method !== "GET" && (await session()) && csrf !== old) return ask(method, path, body);
    if (error.code === "unauthenticated") hooks.signedOut();
    throw error;
  }
}

/** Who is signed in; null for nobody. */
export async function session() {
  try {
    const found = await ask("GET", "/v1/session");
    csrf = found.csrf_token;
    return found.user;
  } catch (error) {
    if (error.code === "unauthenticated") return null;
    throw error;
  }
}

/** Signs in by a key. */
export async function signIn(token) {
  const found = await ask("POST", "/v1/session", undefined, { Authorization: `Bearer ${token}` });
  csrf = found.csrf_token;
  return found.user;
}

/** The server was not there: asks for it until it is. */
function outage() {
  if (waiting) return;
  hooks.gone();
  waiting = setInterval(async () => {
    try {
      await fetch("/health/live", { cache: "no-store" });
    } catch {
      return;
    }
    clearInterval(waiting);
    waiting = null;
    hooks.back();
  }, RETRY_MS);
}

/**
 * Follows a job until its end: `changed(job)` with the whole job whenever its state changes, `moved(event)` for what
 * happens within one. The row is asked again after every break, so nothing that an event told is needed twice.
 * Returns what ends it.
 */
export function follow(job, { changed, moved, failed }) {
  let source = null;
  let over = false;

  function stop() {
    over = true;
    source?.close();
  }
  async function refresh() {
    try {
      const now = await call("GET", job.links.self);
      if (over) return;
      if (isFinal(now.state)) stop();
      changed(now);
    } catch (error) {
      if (over) return;
      if (error.code === "server_gone") return;
      stop();
      failed(error);
    }
  }
  function listen() {
    source = new EventSource(job.links.events);
    for (const name of ["state", "reset"]) source.addEventListener(name, refresh);
    for (const name of ["stage", "progress"]) {
      source.addEventListener(name, (event) => { if (!over) moved(JSON.parse(event.data)); });
    }
    source.addEventListener("error", () => {
      // The browser comes back by itself after a cut; after a refusal it does not.
      if (!over) refresh();
      if (!over && source.readyState === EventSource.CLOSED) setTimeout(() => { if (!over) listen(); }, RETRY_MS);
    });
  }
  listen();
  return stop;
}
