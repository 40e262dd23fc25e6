// What is live: streams, answers while typing, keys, copying. Every page works without it.
// HTML only ever comes from this server's own templates, which escape everything; the policy below lets exactly that in.
const policy = globalThis.trustedTypes?.createPolicy("keyside", { createHTML: (text) => text }) ?? { createHTML: (text) => text };
const root = document.documentElement;
root.classList.add("scripted");
const $ = (query, from = document) => from.querySelector(query);
const $$ = (query, from = document) => [...from.querySelectorAll(query)];
const put = (element, text) => { if (element.dataset.shown !== text) { element.innerHTML = policy.createHTML(text); element.dataset.shown = text; } };

// One-time links: the code is in the fragment, which no server sees until it is posted; then it leaves the history.
const link = $("form[data-link]");
if (link && location.hash.length > 1) {
  const code = location.hash.slice(1);
  history.replaceState(null, "", location.pathname);
  link.elements.code.value = code;
  link.submit();
}

// Streams.
function follow(element) {
  const state = $("#live-state");
  const source = new EventSource(element.dataset.live);
  const words = state?.textContent;
  source.onopen = () => { if (state) state.textContent = words; };
  source.onmessage = (event) => put(element, event.data);
  source.onerror = () => { if (state) state.textContent = state.dataset.lost; };
  addEventListener("pagehide", () => source.close(), { once: true });
}
$$("[data-live]").forEach(follow);

// Answers while typing. A question is an address that is written down in many places: passwords, files, user names, and
// whatever is pasted as a registry and is more than one, are never part of it.
const untold = (field) => field.type === "password" || field.type === "file" || "private" in field.dataset
  || (field.type === "radio" && !field.checked) || ("address" in field.dataset && !/^[\w.:/*-]*$/.test(field.value));
function ask(area) {
  const into = document.getElementById(area.dataset.into);
  let timer, running;
  area.addEventListener("input", (event) => {
    if (untold(event.target)) return;
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const query = new URLSearchParams();
      for (const field of $$("input, select", area)) {
        if (field.name && !untold(field)) query.append(field.name, field.value);
      }
      running?.abort();
      running = new AbortController();
      try {
        const answer = await fetch(`${area.dataset.ask}?${query}`, { signal: running.signal });
        if (answer.status === 401) location.reload();
        else if (answer.ok) put(into, await answer.text());
      } catch { /* the next key asks again */ }
    }, 300);
  });
}

// How many pods use each credential is counted once the list is shown.
const counted = $("[data-used]");
if (counted) {
  fetch(counted.dataset.used).then((answer) => (answer.ok ? answer.json() : {})).then((counts) => {
    for (const link of $$("[data-users]", counted)) link.textContent = counts[link.dataset.users] ?? link.textContent;
  }).catch(() => { /* the link still leads to who they are */ });
}

// A form that cannot be saved comes back without its passwords; they stay in this page's fields.
async function send(form, submitter) {
  const kept = new Map($$("input[type=password], textarea", form).map((field) => [field.id, field.value]));
  const body = new FormData(form, submitter);
  const action = submitter?.getAttribute("formaction") ?? form.getAttribute("action");
  const plain = form.enctype === "multipart/form-data" ? body : new URLSearchParams(body);
  const answer = await fetch(action.split("#")[0], { method: "POST", body: plain });
  if (answer.redirected) { location.assign(answer.url); return; }
  const page = new DOMParser().parseFromString(policy.createHTML(await answer.text()), "text/html");
  const [fresh, old] = [$("main", page), $("main")];
  if (!fresh) { location.reload(); return; }
  old.replaceWith(document.adoptNode(fresh));
  for (const [id, value] of kept) { const field = document.getElementById(id); if (field) field.value = value; }
  prepare(fresh);
  ($("[role=alert]", fresh) ?? $("[aria-pressed=true].tile", fresh) ?? fresh).scrollIntoView({ block: "nearest" });
  const target = $("[aria-invalid=true]", fresh) ?? (submitter?.value && $(`button[value="${CSS.escape(submitter.value)}"]`, fresh));
  (target || fresh).focus({ preventScroll: !$("[aria-invalid=true]", fresh) });
}

function prepare(from) {
  $$("[data-ask]", from).forEach(ask);
  for (const form of $$("form[data-save]", from)) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const buttons = $$("button", form);
      buttons.forEach((button) => { button.setAttribute("aria-disabled", "true"); });
      send(form, event.submitter).catch(() => form.submit()).finally(() => buttons.forEach((button) => button.removeAttribute("aria-disabled")));
    });
  }
}
prepare(document);

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("button");
  if (!button) return;
  if ("copy" in button.dataset) {
    const text = $("pre", button.parentElement).textContent;
    try { await navigator.clipboard.writeText(text); button.textContent = `${button.textContent.replace(/ √$/, "")} √`; } catch { getSelection().selectAllChildren($("pre", button.parentElement)); }
  } else if (button.dataset.reveal) {
    const field = document.getElementById(button.dataset.reveal);
    const shown = field.type === "text";
    field.type = shown ? "password" : "text";
    button.setAttribute("aria-pressed", String(!shown));
  }
});
document.addEventListener("change", async (event) => {
  if (event.target.id === "file" && event.target.files[0]) $("#config").value = await event.target.files[0].text();
});

// Keys. Single letters can be switched off in the settings.
const dialogs = { keys: $("#keys"), palette: $("#palette") };
let before = "";
const typing = (element) => element.closest?.("input, select, textarea, [contenteditable]");
function move(step) {
  const rows = $$("[data-row] a:first-of-type").filter((one, at, all) => all.findIndex((other) => other.closest("[data-row]") === one.closest("[data-row]")) === at);
  const now = rows.findIndex((row) => row.closest("[data-row]").contains(document.activeElement));
  rows[Math.min(Math.max(now + step, 0), rows.length - 1)]?.focus();
}
// What a key does with the row that has the focus: where that leads stands in the row.
const ofRow = { v: "verify", r: "rotate", e: "explain" };
const rowLink = (key) => document.activeElement?.closest?.("[data-row]")?.dataset[ofRow[key]];
// The palette offers to verify what the page shows.
function offer() {
  const list = $("#palette .choices");
  $$("[data-offered]", list).forEach((item) => item.remove());
  const shown = $$("[data-row][data-verify]").map((row) => [row.dataset.verify, $("a", row).textContent.trim()]);
  const here = $(`main [data-key="v"]`) && [[location.href, $("h1").textContent.trim()]];
  for (const [href, name] of shown.length ? shown : here ?? []) {
    const [item, link] = [document.createElement("li"), document.createElement("a")];
    link.href = href;
    link.textContent = `${list.dataset.verify} ${name}`;
    if (!shown.length) link.addEventListener("click", (event) => { event.preventDefault(); dialogs.palette.close(); $(`main [data-key="v"]`).click(); });
    item.dataset.offered = "";
    item.append(link);
    list.append(item);
  }
}
document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k" && dialogs.palette) {
    event.preventDefault(); if (!dialogs.palette.open) { offer(); dialogs.palette.showModal(); } $("#palette-what").focus(); return;
  }
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter") { $("[data-main]")?.click(); return; }
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || !("keys" in root.dataset) || $("dialog[open]")) return;
  const key = event.key;
  const go = (element) => { if (element) { event.preventDefault(); element.click(); } };
  if (before === "g") go($(`[data-go="${CSS.escape(key)}"]`));
  else if (key === "?") { event.preventDefault(); dialogs.keys?.showModal(); }
  else if (key === "/") { const field = $("[data-filter]"); if (field) { event.preventDefault(); field.focus(); } }
  else if (key === "j" || key === "k") move(key === "j" ? 1 : -1);
  else if (key in ofRow && rowLink(key)) { event.preventDefault(); location.assign(rowLink(key)); }
  else if ("nderv".includes(key) && key.length === 1) go($(`main [data-key="${key}"]`) ?? $(`[data-key="${key}"]`));
  before = before === "g" ? "" : key;
});
$("#palette-what")?.addEventListener("input", (event) => {
  const wanted = event.target.value.trim().toLowerCase();
  for (const item of $$("#palette .choices li")) item.hidden = wanted !== "" && !item.textContent.toLowerCase().includes(wanted);
});
$("#palette form")?.addEventListener("submit", (event) => {
  const wanted = $("#palette-what").value.trim();
  const found = $$("#palette .choices li:not([hidden]) a");
  if (!wanted || (found.length && !/[/:.]/.test(wanted))) { event.preventDefault(); found[0]?.click(); }
});
