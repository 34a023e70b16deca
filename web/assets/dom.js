// Builds elements. Text is always a text node, never markup: file names and findings are a stranger's words.

/** An element with properties (`class`, `on*`, attributes) and children (nodes, text, arrays, null). */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  append(element, children);
  return element;
}

function append(parent, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    parent.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

/** Replaces all children. */
export function fill(element, ...children) {
  element.replaceChildren();
  append(element, children);
  return element;
}

/** Says something to screen readers without showing it. */
export function announce(text) {
  document.getElementById("announcer").textContent = text;
}

/** A labelled input with an optional hint. */
export function field(label, input, hint = null) {
  const id = input.id;
  if (hint) input.setAttribute("aria-describedby", `${id}-hint`);
  return h("div", { class: "field" },
    h("label", { for: id }, label), input, hint && h("p", { class: "hint", id: `${id}-hint` }, hint));
}

/** A place for an error: empty until `show` is given a sentence. */
export function errorBox() {
  const element = h("p", { class: "error", role: "alert", hidden: true });
  return {
    element,
    show(text) {
      element.textContent = text ?? "";
      element.hidden = !text;
    },
  };
}
