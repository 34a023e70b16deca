// All scans of the user, newest first; the ones that are not done yet are asked for again.
import { api } from "../api.js";
import { errorBox, h } from "../dom.js";
import { bytes, duration, isOpen, moment, number, severities, subject } from "../format.js";
import { every } from "../polling.js";

const pageSize = 50;

export async function scansView(shell, signal) {
  const first = await api.scans(pageSize, null, signal);
  if (first.items.length === 0) return empty();
  let next = first.next;
  const error = errorBox();
  const rows = h("tbody");
  const shown = new Map();
  const more = h("button", { type: "button", class: "quiet", onclick: loadMore }, "Show older scans");

  function put(scan) {
    const row = scanRow(scan);
    const old = shown.get(scan.scan_id);
    if (old) old.row.replaceWith(row);
    else rows.append(row);
    shown.set(scan.scan_id, { row, scan });
  }

  async function loadMore() {
    more.disabled = true;
    try {
      const page = await api.scans(pageSize, next, signal);
      next = page.next;
      page.items.forEach(put);
      error.show(null);
    } catch (failure) {
      error.show(shell.explain(failure));
    }
    more.disabled = false;
    more.hidden = !next;
  }

  first.items.forEach(put);
  more.hidden = !next;
  every(2000, signal, async () => {
    const open = [...shown.values()].filter(({ scan }) => isOpen(scan));
    for (const { scan } of open) {
      const now = await api.scan(scan.scan_id, signal);
      // A row is replaced only when it changed: a focused link must stay.
      if (now.status !== scan.status || now.progress !== scan.progress) put(now);
    }
    return open.length > 0;
  }, (failure) => error.show(failure && shell.explain(failure)));

  return h("section", {},
    h("div", { class: "head" }, h("h1", {}, "Scans"), h("a", { class: "button", href: "#/upload" }, "New scan")),
    error.element,
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Scans" },
      h("table", { class: "scans" },
        h("thead", {}, h("tr", {}, ["File", "Status", "Findings", "Started", "Took", "Size"].map((title) =>
          h("th", { scope: "col", class: title === "Size" || title === "Took" ? "number" : null }, title)))),
        rows)),
    h("p", { class: "after" }, more));
}

function scanRow(scan) {
  return h("tr", {},
    h("td", {}, h("a", { class: "name", href: `#/scans/${encodeURIComponent(scan.scan_id)}` },
      subject(scan))),
    h("td", {}, status(scan)),
    h("td", {}, tally(scan)),
    h("td", { class: "when" }, moment(scan.created_at)),
    h("td", { class: "number" }, duration(scan.started_at ?? scan.created_at, scan.finished_at)),
    h("td", { class: "number" }, bytes(scan.upload_bytes)));
}

/** A scan's status in a word, with its progress while there is any. */
export function status(scan) {
  const text = scan.status === "running" ? `running ${scan.progress} %` : scan.status;
  return h("span", { class: `status ${scan.status}` }, text);
}

function tally(scan) {
  if (isOpen(scan) || scan.status === "failed" || scan.status === "cancelled") return h("span", { class: "faint" }, "–");
  if (scan.findings === 0) return h("span", { class: "faint" }, "none");
  return h("span", { class: "tally" }, severities.filter((severity) => scan.counts[severity] > 0).map((severity) =>
    h("span", { class: `severity ${severity}`, title: severity }, number(scan.counts[severity]),
      h("span", { class: "unseen" }, ` ${severity} `))));
}

function empty() {
  return h("section", { class: "blank" },
    h("h1", {}, "No scans yet"),
    h("p", {}, "Upload a ZIP of source code to look for secrets in it."),
    h("p", {}, h("a", { class: "button", href: "#/upload" }, "New scan")));
}
