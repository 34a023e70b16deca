// The first run: the setup token proves that it is the person who installed this who sets it up.
import { api } from "../api.js";
import { errorBox, field, h } from "../dom.js";

export async function setupView(shell, signal) {
  if ((await api.setupStatus(signal)).complete) {
    shell.go("#/sign-in");
    return null;
  }
  const error = errorBox();
  const token = h("input", { id: "setup-token", type: "password", required: true, autocomplete: "off", "data-focus": true });
  const isOwn = h("input", { id: "own", type: "checkbox" });
  const name = h("input", { id: "name", type: "text", autocomplete: "username", spellcheck: "false" });
  const password = h("input", {
    id: "password", type: "password", autocomplete: "new-password", minlength: 12, maxlength: 1024,
  });
  const own = h("div", { hidden: true }, field("Username", name),
    field("Password", password, "At least 12 characters. Left empty, the generated password is used."));
  const button = h("button", { type: "submit" }, "Finish setup");
  isOwn.addEventListener("change", () => {
    own.hidden = !isOwn.checked;
    name.required = isOwn.checked;
  });

  async function submit(event) {
    event.preventDefault();
    error.show(null);
    button.disabled = true;
    try {
      if (isOwn.checked) await api.putAdministrator(token.value, name.value, password.value || undefined);
      await api.completeSetup(token.value);
      shell.leaveNote(isOwn.checked && password.value
        ? "Setup is complete. Sign in with the account you made."
        : "Setup is complete. Sign in with the generated administrator password.");
      shell.go("#/sign-in");
    } catch (failure) {
      error.show(shell.explain(failure));
    } finally {
      button.disabled = false;
    }
  }

  return h("form", { class: "card", onsubmit: submit },
    h("h1", {}, "Set up Bedplate"),
    h("p", {}, "The installer made a one-time setup token and told you where it is. ",
      "It shows that this host is yours."),
    field("Setup token", token),
    h("div", { class: "check" }, isOwn, h("label", { for: "own" }, "Make an administrator account of my own")),
    h("p", { class: "hint" }, "Otherwise the account is “admin”, with the password that the installer generated."),
    own, error.element, h("div", { class: "actions" }, button));
}
