// The HTTP API: one function for each thing the console does, and one error for everything that goes wrong.

const tokenKey = "bedplate.token";

export const session = {
  get token() { return sessionStorage.getItem(tokenKey); },
  start(token) { sessionStorage.setItem(tokenKey, token); },
  end() { sessionStorage.removeItem(tokenKey); },
};

/** A refusal; `message` is the API's own sentence where it gave one. */
export class APIError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }

  get needsSetup() { return this.status === 503 && this.message === "setup required"; }
  get needsSignIn() { return this.status === 401; }
}

const unreachable = () => new APIError(0, "The server does not answer. Check the connection and try again.");

function refusal(status, text) {
  try {
    const { detail } = JSON.parse(text);
    if (typeof detail === "string") return new APIError(status, detail);
  } catch {
    // Not the API's own answer, such as a page of the proxy in front of it.
  }
  return new APIError(status, `The server answered with status ${status}.`);
}

async function call(method, path, { body, signal, anyStatus = false } = {}) {
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (session.token) headers.Authorization = `Bearer ${session.token}`;
  let answer, text;
  try {
    answer = await fetch(path, {
      method, headers, signal, cache: "no-store", body: body === undefined ? undefined : JSON.stringify(body),
    });
    text = await answer.text();
  } catch (error) {
    throw error.name === "AbortError" ? error : unreachable();
  }
  if (!answer.ok && !anyStatus) throw refusal(answer.status, text);
  if (answer.status === 204) return null;
  try {
    return JSON.parse(text);
  } catch {
    throw new APIError(answer.status, "The server's answer is not JSON.");
  }
}

const page = (limit, cursor) => {
  const query = new URLSearchParams({ limit });
  if (cursor) query.set("cursor", cursor);
  return query;
};

export const api = {
  // Its answer counts with 503 as well: that is what an unhealthy platform says.
  health: (signal) => call("GET", "/api/health", { signal, anyStatus: true }),
  setupStatus: (signal) => call("GET", "/api/setup/status", { signal }),
  putAdministrator: (setup_token, username, password) =>
    call("POST", "/api/setup/administrator", { body: { setup_token, username, password } }),
  completeSetup: (setup_token) => call("POST", "/api/setup/complete", { body: { setup_token } }),
  async signIn(username, password) {
    session.end();
    const granted = await call("POST", "/api/auth/login", { body: { username, password } });
    session.start(granted.access_token);
  },
  me: (signal) => call("GET", "/api/auth/me", { signal }),
  scans: (limit, cursor, signal) => call("GET", `/api/scans?${page(limit, cursor)}`, { signal }),
  scan: (id, signal) => call("GET", `/api/scans/${encodeURIComponent(id)}`, { signal }),
  findings: (id, limit, cursor, signal) =>
    call("GET", `/api/scans/${encodeURIComponent(id)}/findings?${page(limit, cursor)}`, { signal }),

  clouds: (signal) => call("GET", "/api/cloud-accounts", { signal }),
  addCloud: (account) => call("POST", "/api/cloud-accounts", { body: account }),
  removeCloud: (id) => call("DELETE", `/api/cloud-accounts/${encodeURIComponent(id)}`),
  validateCloud: (account, signal) => call("POST", "/api/cloud-scans/validate", { body: { account }, signal }),
  scanCloud: async (account) => (await call("POST", "/api/cloud-scans/", { body: { account } })).scan_id,

  /** Uploads with XMLHttpRequest: fetch cannot say how far an upload is. */
  upload(file, kind, { onProgress, signal }) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open("POST", `/api/${kind.path}/upload-scan?file_name=${encodeURIComponent(file.name)}`);
      request.setRequestHeader("Content-Type", kind.type);
      request.setRequestHeader("Authorization", `Bearer ${session.token}`);
      request.upload.addEventListener("progress", (event) => onProgress(event.loaded, event.total));
      request.addEventListener("load", () => {
        if (request.status !== 202) return reject(refusal(request.status, request.responseText));
        try {
          resolve(JSON.parse(request.responseText).scan_id);
        } catch {
          reject(new APIError(request.status, "The server's answer is not JSON."));
        }
      });
      request.addEventListener("error", () => reject(unreachable()));
      request.addEventListener("abort", () => reject(new DOMException("The upload was cancelled.", "AbortError")));
      signal.addEventListener("abort", () => request.abort());
      request.send(file);
    });
  },
};
