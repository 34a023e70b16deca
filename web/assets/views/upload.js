// One ZIP or one container image, sent as it is, with its progress.
import { api } from "../api.js";
import { announce, errorBox, h } from "../dom.js";
import { bytes } from "../format.js";

const largest = 500 * 1000 * 1000;

const kinds = [
  {
    name: "Code", path: "code", type: "application/zip", accept: ".zip,application/zip", choose: "Choose a ZIP archive",
    text: "The archive is unpacked on this host, looked through for secrets, and removed.",
  },
  {
    name: "Container image", path: "containers", type: "application/octet-stream", accept: ".tar,.tar.gz,.tgz,.tar.zst,.gz,.zst",
    choose: "Choose an image as docker save writes it",
    text: "The layers are read on this host: how the image is made, its packages, and secrets, also those deleted later.",
  },
];

export function uploadView(shell, signal) {
  const error = errorBox();
  let upload = null;
  let kind = kinds[0];
  const input = h("input", { id: "file", type: "file", class: "unseen", "data-focus": true,
    onchange: () => input.files[0] && start(input.files[0]) });
  const choice = h("fieldset", { class: "choice" }, h("legend", {}, "What to scan"),
    kinds.map((each) => h("label", {},
      h("input", { type: "radio", name: "kind", checked: each === kind, onchange: () => choose(each) }), each.name)));
  const chosen = h("strong");
  const about = h("p");
  const bar = h("progress", { max: 100, value: 0, "aria-label": "Upload" });
  const text = h("p", { class: "figures" });
  const cancel = h("button", { type: "button", class: "quiet", onclick: () => upload?.abort() }, "Cancel");
  const going = h("div", { class: "going", hidden: true }, text, bar, h("div", { class: "actions" }, cancel));
  const zone = h("label", { class: "zone", for: "file", ondragover: over, ondragleave: out, ondrop: drop },
    chosen, h("span", {}, "or drop it here, up to 500 MB"));
  signal.addEventListener("abort", () => upload?.abort());

  function choose(each) {
    kind = each;
    input.setAttribute("accept", kind.accept);
    chosen.textContent = kind.choose;
    about.textContent = `${kind.text} Secrets that are found are never stored, only where they are.`;
  }

  function over(event) {
    event.preventDefault();
    zone.classList.add("over");
  }
  function out() { zone.classList.remove("over"); }
  function drop(event) {
    event.preventDefault();
    out();
    if (event.dataTransfer.files[0]) start(event.dataTransfer.files[0]);
  }

  function refuse(file) {
    if (file.size === 0) return `“${file.name}” is empty.`;
    if (file.size > largest) return `“${file.name}” has ${bytes(file.size)}; at most ${bytes(largest)} are accepted.`;
    return null;
  }

  async function start(file) {
    if (upload) return;
    error.show(refuse(file));
    if (refuse(file)) return;
    upload = new AbortController();
    zone.hidden = true;
    choice.disabled = true;
    going.hidden = false;
    progress(file, 0);
    try {
      const id = await api.upload(file, kind, { signal: upload.signal, onProgress: (sent) => progress(file, sent) });
      announce("The upload is complete.");
      shell.go(`#/scans/${encodeURIComponent(id)}`);
    } catch (failure) {
      error.show(failure.name === "AbortError" ? "The upload was cancelled." : shell.explain(failure));
    } finally {
      upload = null;
      input.value = "";
      zone.hidden = false;
      choice.disabled = false;
      going.hidden = true;
    }
  }

  function progress(file, sent) {
    const share = Math.min(100, Math.floor((sent / file.size) * 100));
    bar.value = share;
    text.textContent = share < 100
      ? `${file.name}: ${bytes(sent)} of ${bytes(file.size)}`
      : `${file.name}: sent, waiting for the server to accept it`;
  }

  choose(kind);
  return h("section", { class: "narrow" },
    h("h1", {}, "New scan"),
    choice, about, input, zone, going, error.element);
}
