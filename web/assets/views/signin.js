// Name and password in, a session of this tab out.
import { api } from "../api.js";
import { errorBox, field, h } from "../dom.js";

export async function signInView(shell, signal) {
  if (!(await api.setupStatus(signal)).complete) {
    shell.go("#/setup");
    return null;
  }
  const error = errorBox();
  const note = shell.takeNote();
  const name = h("input", {
    id: "name", type: "text", required: true, autocomplete: "username", spellcheck: "false", autocapitalize: "none",
    "data-focus": true,
  });
  const password = h("input", { id: "password", type: "password", required: true, autocomplete: "current-password" });
  const button = h("button", { type: "submit" }, "Sign in");

  async function submit(event) {
    event.preventDefault();
    error.show(null);
    button.disabled = true;
    try {
      await api.signIn(name.value, password.value);
      shell.go("#/scans");
    } catch (failure) {
      error.show(shell.explain(failure));
      password.select();
    } finally {
      button.disabled = false;
    }
  }

  return h("form", { class: "card", onsubmit: submit },
    h("h1", {}, "Sign in"),
    note && h("p", { class: "note", role: "status" }, note),
    field("Username", name), field("Password", password), error.element, h("div", { class: "actions" }, button));
}
