// The findings of a scan, worst first, page by page, with a filter by severity.
import { api } from "../api.js";
import { errorBox, fill, h } from "../dom.js";
import { number, severities } from "../format.js";

const pageSize = 100;

export async function findingsTable(shell, signal, scan) {
  const loaded = [];
  let next = null;
  let chosen = null;
  const error = errorBox();
  const rows = h("tbody");
  const shown = h("span", { class: "figures", role: "status" });
  const more = h("button", { type: "button", class: "quiet", onclick: () => load(1) }, "Show more");
  const filters = h("div", { class: "filters", role: "group", "aria-label": "Severity" });

  const matching = () => loaded.filter((finding) => !chosen || finding.severity === chosen);

  async function loadPage() {
    const page = await api.findings(scan.scan_id, pageSize, next, signal);
    loaded.push(...page.items);
    next = page.next;
  }

  /** Loads until `count` more findings of the chosen severity are there, or all. */
  async function load(count) {
    more.disabled = true;
    try {
      const wanted = matching().length + count;
      do await loadPage(); while (next && matching().length < wanted);
      error.show(null);
    } catch (failure) {
      error.show(shell.explain(failure));
    }
    more.disabled = false;
    render();
  }

  async function choose(severity) {
    chosen = severity;
    render();
    if (next && matching().length < Math.min(pageSize, total())) await load(1);
  }

  const total = () => (chosen ? scan.counts[chosen] : scan.findings);

  function render() {
    const visible = matching();
    fill(rows, visible.map(findingRow));
    shown.textContent = `${number(visible.length)} of ${number(total())}`;
    more.hidden = !next || visible.length >= total();
    const chip = (severity, text, count) =>
      h("button", {
        type: "button", class: severity ? `chip ${severity}` : "chip", "aria-pressed": String(chosen === severity),
        disabled: count === 0, onclick: () => choose(severity), "data-severity": severity ?? "all",
      }, text, " ", h("b", {}, number(count)));
    const focused = document.activeElement?.dataset?.severity;
    fill(filters, chip(null, "All", scan.findings),
      severities.map((severity) => chip(severity, severity, scan.counts[severity] ?? 0)));
    if (focused) filters.querySelector(`[data-severity="${focused}"]`)?.focus();
  }

  await loadPage();
  render();
  return h("section", { "aria-label": "Findings" },
    h("div", { class: "head" }, h("h2", {}, "Findings"), filters, shown),
    error.element,
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Findings table" },
      h("table", { class: "findings" },
        h("thead", {}, h("tr", {}, ["Severity", "Finding", "Where", "What stood there"].map((title) =>
          h("th", { scope: "col" }, title)))),
        rows)),
    h("p", { class: "after" }, more));
}

function findingRow(finding) {
  return h("tr", { "data-fingerprint": finding.fingerprint },
    h("td", {}, h("span", { class: `severity ${finding.severity}` }, finding.severity)),
    h("td", {}, h("span", { class: "title" }, finding.title), h("span", { class: "rule" }, finding.rule)),
    h("td", {}, h("code", { class: "path" }, breakable(finding.path), h("b", {}, `:${finding.line}`), `:${finding.column}`)),
    h("td", {}, h("code", { class: "excerpt" }, finding.excerpt)));
}

/** A long path may break after its slashes. */
function breakable(path) {
  return path.split(/(?<=\/)/).flatMap((part) => [part, h("wbr")]);
}
