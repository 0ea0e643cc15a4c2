// The workbench API: JSON in, JSON out; errors are sentences with a next step.

let csrf = null;

export class ApiError extends Error {
  constructor(status, error) {
    super([error.message, error.hint].filter(Boolean).join(" "));
    Object.assign(this, { status, code: error.code, field: error.field, current: error.current, retryAfter: error.retryAfter });
  }
}

export async function session() {
  const answer = await get("/api/session");
  csrf = answer.csrf;
  return answer;
}

export async function signIn(password) {
  const answer = await post("/api/session", { password });
  csrf = answer.csrf;
  return answer;
}

export const get = (path, options) => call("GET", path, undefined, options);
export const post = (path, body = {}, options) => call("POST", path, body, options);
export const put = (path, body) => call("PUT", path, body);
export const patch = (path, body) => call("PATCH", path, body);
export const remove = (path) => call("DELETE", path);

export async function call(method, path, body, { signal } = {}) {
  const headers = csrf && method !== "GET" ? { "X-CSRF-Token": csrf } : {};
  if (body !== undefined && !(body instanceof FormData)) {
    headers["Content-Type"] = "application/json";
    body = JSON.stringify(body);
  }
  let response;
  try {
    response = await fetch(path, { method, headers, body, signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, { code: "unreachable", message: "unreachable", hint: "" });
  }
  if (response.status === 204) return null;
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  const error = answer.error ?? { code: "error", message: `HTTP ${response.status}`, hint: "" };
  throw new ApiError(response.status, { ...error, retryAfter: response.headers.get("Retry-After") });
}

export function form(fields) {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) if (value !== undefined && value !== null && value !== "") body.append(name, value);
  return body;
}

export function query(fields) {
  const kept = Object.entries(fields).filter(([, value]) => value !== undefined && value !== null && value !== "" && value !== false);
  return kept.length ? `?${new URLSearchParams(kept)}` : "";
}

/** Live updates as DOM events on one target: `live.addEventListener("take", ({detail}) => ...)`; the browser resumes by itself. */
export const live = new EventTarget();
const KINDS = ["hello", "job", "item", "progress", "take", "queue", "model", "download", "resync"];

export function listen() {
  const source = new EventSource("/api/events");
  for (const kind of KINDS) {
    source.addEventListener(kind, (event) => live.dispatchEvent(new CustomEvent(kind, { detail: JSON.parse(event.data) })));
  }
  source.addEventListener("error", () => live.dispatchEvent(new CustomEvent("offline")));
  source.addEventListener("open", () => live.dispatchEvent(new CustomEvent("online")));
  return source;
}
