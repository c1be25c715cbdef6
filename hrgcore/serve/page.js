// Shows the answer while the form changes. All of it is made by the server; without this script the buttons do the same.
"use strict";

const WAIT = 40; // milliseconds without a key before the server is asked
let timer, asked, completing;

const form = () => document.getElementById("spell");

async function page(button) {
  asked?.abort();
  asked = new AbortController();
  const body = new URLSearchParams(new FormData(form()));
  body.set("action", button ? button.value : "explain");
  if (body.get("action") !== "paste") body.delete("paste");
  if (button?.dataset.at) body.set("at", button.dataset.at);
  const answer = await fetch(form().getAttribute("action"), { method: "POST", body, signal: asked.signal });
  if (!answer.ok) throw new Error(await answer.text());
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

// While somebody types: everything but the fields themselves.
function refresh(made) {
  for (const id of ["results", "bar"]) {
    const old = document.getElementById(id), now = made.getElementById(id);
    if (old.innerHTML !== now.innerHTML) old.replaceWith(now);
  }
  for (const now of made.querySelectorAll(".says")) {
    const old = document.getElementById(now.id);
    if (!old) continue;
    old.textContent = now.textContent;
    old.className = now.className;
    const field = old.parentElement.querySelector("input"), wrong = now.parentElement.querySelector("input").ariaInvalid;
    if (wrong) field.ariaInvalid = wrong; else field.removeAttribute("aria-invalid");
  }
  for (const list of made.querySelectorAll("fieldset.codes ol")) {
    const old = document.getElementById(list.id);
    for (const item of [...list.children]) if (old && !document.getElementById(item.id)) old.append(item);
  }
  say(made);
}

function say(made) {
  document.title = made.title;
  const text = made.getElementById("said").textContent, said = document.getElementById("said");
  if (said.textContent !== text) said.textContent = text;
}

// After a button: the whole page, and then to what the button was about.
function show(made) {
  const text = made.getElementById("said").textContent;
  made.getElementById("said").textContent = "";
  document.getElementById("page").replaceWith(made.getElementById("page"));
  document.title = made.title;
  document.getElementById("said").textContent = text;
  const to = document.getElementById(document.getElementById("page").dataset.focus);
  if (!to) return;
  if (!to.matches("input, textarea")) to.tabIndex = -1;
  to.focus({ preventScroll: true });
  to.scrollIntoView({ block: "nearest" });
}

// While what is shown is not yet the answer to what stands in the fields.
function busy() {
  const results = document.getElementById("results");
  if (timer) results.setAttribute("aria-busy", "true"); else results.removeAttribute("aria-busy");
}

async function ask(button) {
  clearTimeout(timer);
  timer = undefined;
  try {
    const made = await page(button);
    if (button) show(made); else refresh(made);
    busy();
  } catch (error) {
    if (error.name !== "AbortError") document.getElementById("said").textContent = "No answer: is hrgcore still running?";
  }
}

async function complete(field) {
  completing?.abort();
  completing = new AbortController();
  const body = new URLSearchParams({ scheme: field.dataset.scheme, typed: field.value.slice(0, 16) });
  try {
    const answer = await fetch("/codes", { method: "POST", body, signal: completing.signal });
    const options = (await answer.json()).map(([code, text]) => {
      const option = document.createElement("option");
      option.value = code;
      option.label = `${code}  ${text}`;
      return option;
    });
    field.list.replaceChildren(...options);
  } catch (error) { /* a later key has asked again */ }
}

document.addEventListener("input", (event) => {
  if (!event.target.closest("#spell") || event.target.id === "paste") return;
  if (event.target.dataset.scheme) complete(event.target);
  clearTimeout(timer);
  timer = setTimeout(ask, WAIT);
  busy();
});

document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (event.target.id !== "spell" || button?.hasAttribute("formaction")) return;
  event.preventDefault();
  ask(button ?? { value: "explain", dataset: {} });
});

// A row of cells, or several codes, pasted into a field: they are spread over the fields.
document.addEventListener("paste", (event) => {
  const text = event.clipboardData.getData("text/plain");
  if (!event.target.matches("#spell input") || !/[\t\n]|\S[\s,;]+\S/.test(text.trim())) return;
  event.preventDefault();
  document.getElementById("paste").value = text;
  ask({ value: "paste", dataset: { at: event.target.name } });
});
