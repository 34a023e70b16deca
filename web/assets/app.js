// The shell: which view is shown, who is signed in, how the platform is.
import { APIError, api, session } from "./api.js";
import { announce, fill, h } from "./dom.js";
import { cloudsView } from "./views/clouds.js";
import { scanView } from "./views/scan.js";
import { scansView } from "./views/scans.js";
import { setupView } from "./views/setup.js";
import { signInView } from "./views/signin.js";
import { uploadView } from "./views/upload.js";

const main = document.getElementById("main");
const top = document.getElementById("top");
const health = document.getElementById("health");

/** Ends what the shown view still does: its polling, its requests. */
let leaving = new AbortController();
let userName = null;
/** What the next sign-in page says above its form. */
let note = null;

const views = [
  { pattern: /^#\/setup$/, view: setupView, title: "Set up", isPublic: true },
  { pattern: /^#\/sign-in$/, view: signInView, title: "Sign in", isPublic: true },
  { pattern: /^#\/scans$/, view: scansView, title: "Scans" },
  { pattern: /^#\/upload$/, view: uploadView, title: "New scan" },
  { pattern: /^#\/clouds$/, view: cloudsView, title: "Clouds" },
  { pattern: /^#\/scans\/([^/]+)$/, view: scanView, title: "Scan" },
];

/** What views may ask of the shell. */
const shell = {
  go(hash) {
    if (location.hash === hash) show();
    else location.hash = hash;
  },
  takeNote() {
    const text = note;
    note = null;
    return text;
  },
  leaveNote(text) { note = text; },
  /** Deals with what any view can meet; a view shows what is left. Returns the sentence to show, or null. */
  explain(error) {
    if (error.name === "AbortError") return null;
    if (error instanceof APIError && error.needsSetup) return shell.go("#/setup"), null;
    if (error instanceof APIError && error.needsSignIn && !location.hash.startsWith("#/sign-in")) {
      endSession("Your session has ended. Sign in again.");
      return null;
    }
    if (!(error instanceof APIError)) console.error(error);
    return error.message;
  },
  setTitle(text) { document.title = `${text} · Bedplate`; },
};

function endSession(text) {
  session.end();
  userName = null;
  note = text;
  shell.go("#/sign-in");
}

async function show() {
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  const route = views.find(({ pattern }) => pattern.test(location.hash));
  if (!route) return location.replace("#/scans");
  if (!route.isPublic && !session.token) return location.replace("#/sign-in");
  const [, ...parameters] = route.pattern.exec(location.hash).map(decodeURIComponent);
  shell.setTitle(route.title);
  renderTop(route);
  fill(main, h("p", { class: "waiting" }, "Loading…"));
  try {
    const content = await route.view(shell, signal, ...parameters);
    if (signal.aborted) return;
    fill(main, content);
    announce(route.title);
    (main.querySelector("[data-focus]") ?? main).focus({ preventScroll: true });
    if (!route.isPublic && !userName) learnUser();
  } catch (error) {
    const text = shell.explain(error);
    if (text && !signal.aborted) {
      fill(main, h("p", { class: "error", role: "alert" }, text),
        h("p", {}, h("button", { type: "button", onclick: show }, "Try again")));
    }
  }
}

async function learnUser() {
  try {
    userName = (await api.me()).username;
    renderTop(views.find(({ pattern }) => pattern.test(location.hash)));
  } catch (error) {
    shell.explain(error);
  }
}

function renderTop(route) {
  const link = (hash, text) =>
    h("a", { href: hash, "aria-current": location.hash === hash ? "page" : null }, text);
  const brand = h("a", { class: "brand", href: "#/scans" }, h("span", { class: "mark", "aria-hidden": "true" }), "Bedplate");
  if (route?.isPublic) return fill(top, brand);
  fill(top, brand,
    h("nav", { "aria-label": "Main" }, link("#/scans", "Scans"), link("#/upload", "New scan"), link("#/clouds", "Clouds")),
    h("div", { class: "who" }, userName && h("span", { class: "user" }, userName),
      h("button", { type: "button", class: "quiet", onclick: () => endSession("You are signed out.") }, "Sign out")));
}

async function renderHealth() {
  let state = "unreachable";
  let text = "The platform does not answer";
  let parts = [];
  try {
    const report = await api.health(AbortSignal.timeout(5000));
    state = report.status === "ok" ? "ok" : "degraded";
    text = report.status === "ok" ? "Healthy" : "Degraded";
    parts = [
      report.slot && ["slot", report.slot], report.version && ["version", report.version],
      ...Object.entries(report.parts ?? {}).map(([name, part]) =>
        [name, part.status === "ok" ? `${part.latency_ms.toFixed(1)} ms` : part.status]),
    ].filter(Boolean);
  } catch {
    // Said by the text above.
  }
  fill(health, h("span", { class: `light ${state}` }, text),
    parts.map(([name, value]) => h("span", { class: "part" }, `${name} `, h("b", {}, value))));
}

addEventListener("hashchange", show);
document.querySelector(".skip").addEventListener("click", (event) => {
  // The address is the view's; the link only moves the focus.
  event.preventDefault();
  main.focus();
});
show();
renderHealth();
setInterval(() => document.hidden || renderHealth(), 10_000);
