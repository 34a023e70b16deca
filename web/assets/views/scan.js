// One scan: how it goes, then what it found.
import { api } from "../api.js";
import { announce, errorBox, fill, h } from "../dom.js";
import { bytes, duration, isOpen, moment, number, subject } from "../format.js";
import { every } from "../polling.js";
import { findingsTable } from "./findings.js";
import { status } from "./scans.js";

export async function scanView(shell, signal, id) {
  let scan = await api.scan(id, signal);
  const error = errorBox();
  const facts = h("div");
  const findings = h("div");
  shell.setTitle(subject(scan));

  async function update() {
    fill(facts, describe(scan));
    if (isOpen(scan)) return;
    fill(findings, scan.findings > 0 ? await findingsTable(shell, signal, scan) : verdict(scan));
  }

  await update();
  if (isOpen(scan)) {
    every(700, signal, async () => {
      scan = await api.scan(id, signal);
      await update();
      if (!isOpen(scan)) announce(`The scan is ${scan.status}. Findings: ${number(scan.findings)}.`);
      return isOpen(scan);
    }, (failure) => error.show(failure && shell.explain(failure)));
  }

  return h("section", {},
    h("p", { class: "crumbs" }, h("a", { href: "#/scans" }, "Scans"), " / ", h("code", {}, id)),
    h("h1", { class: "name" }, subject(scan)),
    error.element, facts, findings);
}

function describe(scan) {
  const pair = (name, value) => h("div", {}, h("dt", {}, name), h("dd", {}, value));
  return [
    h("dl", { class: "facts" },
      pair("Status", status(scan)), pair(scan.cloud ? "Started" : "Uploaded", moment(scan.created_at)),
      pair("Took", duration(scan.started_at ?? scan.created_at, scan.finished_at)),
      scan.cloud && [
        pair("Services", scan.cloud.services.join(", ") || "all"), scan.files >= 0 && pair("Checked", number(scan.files)),
      ],
      !scan.cloud && pair("Archive", bytes(scan.upload_bytes)),
      !scan.cloud && scan.files !== null && scan.files !== undefined && [
        pair("Files scanned", number(scan.files)), pair("Text", bytes(scan.bytes)),
        pair("Files skipped", number(scan.files_skipped)),
      ]),
    isOpen(scan) && h("div", { class: "going" },
      h("progress", scan.status === "running"
        ? { max: 100, value: scan.progress, "aria-label": "Scan" } : { "aria-label": "Waiting for a worker" }),
      h("p", { class: "figures" }, scan.status === "queued" ? "Waiting for a worker…" : "Scanning…")),
    // Of an image, what image it is: its name, platform and digest.
    scan.kind === "container" && scan.jobs.filter((job) => job.scanner === "image" && job.status === "completed")
      .map((job) => h("p", { class: "image" }, h("code", {}, job.reason))),
    scan.reason && h("p", { class: scan.status === "failed" ? "error" : "note" }, scan.reason),
  ];
}

function verdict(scan) {
  if (scan.status === "failed" || scan.status === "cancelled") return null;
  const skipped = !scan.cloud && scan.files_skipped ? ` ${number(scan.files_skipped)} files were not looked at: binary, too large or links.` : "";
  return h("p", { class: "blank" }, h("strong", {}, "No findings."), skipped);
}

