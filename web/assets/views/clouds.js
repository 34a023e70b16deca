// Cloud accounts: adding one, asking whose it is, scanning it. A secret leaves this page once, and never comes back.
import { api } from "../api.js";
import { announce, errorBox, field, fill, h } from "../dom.js";
import { moment } from "../format.js";

export async function cloudsView(shell, signal) {
  const error = errorBox();
  const told = h("p", { class: "note", role: "status", hidden: true });
  const list = h("div");
  const input = (id, properties) => h("input", { id, type: "text", required: true, autocomplete: "off", spellcheck: "false", ...properties });
  const name = input("name", { "data-focus": true, maxlength: 100 });
  const key = input("key");
  const secret = input("secret", { type: "password" });
  const token = input("token", { type: "password", required: false });
  const regions = input("regions", { value: "us-east-1" });
  const button = h("button", { type: "submit" }, "Add account");

  function tell(text) {
    told.textContent = text ?? "";
    told.hidden = !text;
  }

  /** Runs one request of a click: its button waits, what is wrong is shown. */
  async function attempt(pressed, task) {
    pressed.disabled = true;
    error.show(null);
    tell(null);
    try {
      await task();
    } catch (failure) {
      error.show(shell.explain(failure));
    }
    pressed.disabled = false;
  }

  async function check(account) {
    tell(`Asking AWS about “${account.name}”…`);
    const answer = await api.validateCloud(account.id, signal);
    tell(answer.ok ? `“${account.name}” is ${answer.arn}, of the account ${answer.account_id}.` : null);
    error.show(answer.ok ? null : answer.problems.join(" "));
  }

  function row(account) {
    const action = (text, task, label) => h("button", { type: "button", class: "quiet", "aria-label": `${label} ${account.name}`,
      onclick: (event) => attempt(event.currentTarget, task) }, text);
    return h("tr", {},
      h("td", { class: "name" }, account.name), h("td", {}, h("code", {}, `…${account.key_ending}`)),
      h("td", {}, account.regions.join(", ")), h("td", { class: "when" }, moment(account.created_at)),
      h("td", {},
        action("Scan", async () => shell.go(`#/scans/${encodeURIComponent(await api.scanCloud(account.id))}`), "Scan"),
        action("Check", () => check(account), "Check"),
        action("Remove", async () => {
          await api.removeCloud(account.id);
          announce("The account is removed.");
          await update();
        }, "Remove")));
  }

  async function update() {
    const { items } = await api.clouds(signal);
    fill(list, items.length === 0 ? h("p", {}, "No cloud account yet.")
      : h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Cloud accounts" },
        h("table", { class: "scans" },
          h("thead", {}, h("tr", {}, ["Name", "Key", "Regions", "Added", "Actions"].map((title) => h("th", { scope: "col" }, title)))),
          h("tbody", {}, items.map(row)))));
  }

  function add(event) {
    event.preventDefault();
    attempt(button, async () => {
      await api.addCloud({
        provider: "aws", name: name.value, access_key_id: key.value.trim(), secret_access_key: secret.value.trim(),
        session_token: token.value.trim() || null, regions: regions.value.split(/[\s,]+/).filter(Boolean),
      });
      event.target.reset();
      regions.value = "us-east-1";
      announce("The account is added.");
      await update();
    });
  }

  await update();
  return h("section", {},
    h("h1", {}, "Cloud accounts"), error.element, told, list,
    h("form", { class: "narrow", onsubmit: add },
      h("h2", {}, "Add an AWS account"),
      field("Name", name), field("Access key ID", key),
      field("Secret access key", secret, "Kept encrypted, and never shown again."),
      field("Session token", token, "With temporary keys only."),
      field("Regions", regions, "Separated by blanks, as in eu-central-1 us-east-1."),
      h("div", { class: "actions" }, button)));
}
