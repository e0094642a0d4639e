// The inbox by keyboard and without reloads. Without this file, every button is a form and every filter a link.
import { subscribe } from "./live.js";

const EDITABLE = "input:not([type=checkbox]), textarea, select, [contenteditable]";
const MOST_IDS = 200;
const inbox = () => document.getElementById("inbox");
const list = () => document.getElementById("list");
const rowOf = (element) => element?.closest?.(".row");
const rowById = (id) => document.getElementById(`row-${id}`);
const allRows = () => [...list().querySelectorAll(".row")];
const shownRows = () => allRows().filter((row) => row.checkVisibility());
const ticked = () => [...list().querySelectorAll(".pick input:checked")];
const idOf = (row) => Number(row.dataset.id);

// Focus: on the title of a row, so that Enter, Tab and screen readers work by themselves.

let current = null;
addEventListener("focusin", ({ target }) => { current = rowOf(target)?.dataset.id ?? current; });

function focus(row) {
  const title = row?.querySelector(".title");
  title?.focus({ preventScroll: true });
  row?.scrollIntoView({ block: "nearest" });
  return Boolean(title);
}

function step(by) {
  const rows = shownRows();
  const at = rows.findIndex((row) => row.dataset.id === current);
  const active = rowOf(document.activeElement) ? at : -1;
  const next = active < 0 ? rows[Math.max(at, 0)] : rows[active + by];
  if (next) focus(next);
  else if (by > 0) document.getElementById("older")?.click();
}

/** Return what has the focus after rows with these ids are gone or changed: the next, else the one before. */
function neighbour(ids) {
  const rows = shownRows();
  const at = rows.findIndex((row) => row.dataset.id === current);
  const left = (row) => !ids.includes(row.dataset.id);
  return rows.slice(at + 1).find(left) ?? rows.slice(0, Math.max(at, 0)).reverse().find(left);
}

// The list: rows are put in by their id, newest first, those of one group in one entry.

function refold(entry) {
  const rows = [...entry.querySelectorAll(".row")].sort((a, b) => idOf(b) - idOf(a));
  if (!rows.length) return entry.remove();
  const fold = entry.querySelector(".fold");
  const older = fold.querySelector(".older");
  if (entry.firstElementChild !== rows[0]) entry.prepend(rows[0]);
  rows.slice(1).forEach((row, at) => { if (older.children[at] !== row) older.insertBefore(row, older.children[at] ?? null); });
  fold.querySelector("[data-more]").textContent = rows.length - 1;
  fold.hidden = rows.length < 2;
  if (fold.hidden) fold.open = false;
}

function place(entry) {
  const id = idOf(entry.querySelector(".row"));
  const after = [...list().children].find((other) => other !== entry && idOf(other.querySelector(".row")) < id);
  if ((after ?? null) !== entry.nextElementSibling || !entry.parentElement) list().insertBefore(entry, after ?? null);
}

function entryFor(row, fresh) {
  const { group } = row.dataset;
  const alone = new URLSearchParams(inbox().dataset.query).has("group");
  const found = group && !alone && allRows().find((other) => other.dataset.group === group && other !== row);
  return found ? found.closest(".entry") : fresh;
}

function insert(row) {
  const fresh = row.closest(".entry").cloneNode(true);
  fresh.querySelectorAll(".row").forEach((other) => { other.remove(); });
  const entry = entryFor(row, fresh);
  entry.append(row);
  refold(entry);
  place(entry);
}

function replace(old, row) {
  const had = old.contains(document.activeElement);
  const key = document.activeElement?.dataset?.key;
  row.querySelector(".pick input").checked = old.querySelector(".pick input").checked;
  old.replaceWith(row);
  if (had) (row.querySelector(key ? `[data-key=${key}]` : ".title") ?? row.querySelector(".title")).focus({ preventScroll: true });
}

function remove(id) {
  const row = rowById(id);
  const entry = row?.closest(".entry");
  row?.remove();
  if (!entry) return;
  refold(entry);
  if (entry.isConnected) place(entry);
}

/** Bring the list to what the server said of these ids: rows that it did not give are listed no longer. */
function upsert(answer, ids) {
  const rows = [...answer.querySelectorAll(".row")];
  const given = new Set(rows.map((row) => row.dataset.id));
  ids.map(String).filter((id) => !given.has(id)).forEach(remove);
  for (const row of rows) {
    const old = rowById(row.dataset.id);
    if (old) replace(old, row);
    else if (belongs(row)) insert(row);
  }
  emptied();
  count();
  see();
}

/** Whether a row has its place on what is shown, and not on a page that is not loaded yet. */
function belongs(row) {
  const rows = allRows();
  const isLast = !document.getElementById("older");
  return isLast || !rows.length || idOf(row) > Math.min(...rows.map(idOf));
}

/** An empty list says why; and one that is empty no longer has what the server shows beside rows. */
function emptied() {
  const none = inbox().querySelector(".list-of-rows").classList.contains("none");
  if (none === Boolean(list().children.length)) refresh();
}

function refresh() {
  return htmx.ajax("GET", location.href, { target: "#inbox", select: "#inbox", swap: "outerHTML" });
}

// What the page says: messages, badge, title.

function say(answer) {
  const messages = answer.querySelector(".messages");
  if (messages?.children.length) document.getElementById("messages").replaceChildren(...messages.childNodes);
}

function showBadge(badge) {
  const text = String(badge ?? "");
  document.title = (text && text !== "0" ? `(${text}) ` : "") + document.title.replace(/^\([0-9+]+\) /, "");
  document.querySelectorAll("[data-badge]").forEach((each) => {
    each.textContent = text;
    each.hidden = !text || text === "0";
    if (each.hasAttribute("aria-label")) each.setAttribute("aria-label", each.getAttribute("aria-label").replace(/[0-9]+\+?/, text));
  });
  document.querySelectorAll("[data-unread]").forEach((each) => { each.hidden = !text || text === "0"; });
}

async function read(response) {
  if (response.redirected || !response.ok) throw new Error(response.statusText);
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  return document.importNode(page.querySelector("[data-answer]"), true);
}

// Acts: the forms of the page, sent without leaving it.

async function send(form, submitter) {
  const action = submitter?.hasAttribute("formaction") ? submitter.formAction : form.action;
  const body = new FormData(form, submitter);
  const alone = action.match(/\/(\d+)\/[a-z]+\/$/);
  const ids = alone ? [alone[1]] : body.getAll("ids");
  const next = neighbour(ids);
  const fromRow = Boolean(rowOf(document.activeElement)) || !inbox().contains(document.activeElement);
  try {
    const response = await fetch(action, { method: "POST", body, headers: { "X-Requested-With": "fetch" } });
    const answer = await read(response);
    const given = [...answer.querySelectorAll(".row")].map((row) => row.dataset.id);
    if (!alone) ticked().forEach((box) => { box.checked = false; });
    upsert(answer, [...new Set([...ids, ...given])]);
    say(answer);
    showBadge(answer.dataset.unreadBadge);
    settle(form.matches(".undo") ? rowById(given[0]) : alone && rowById(alone[1]) && fromRow ? rowById(alone[1]) : next);
  } catch {
    // The session is over, the server is away: what the page would have done without us says which.
    location.reload();
  }
}

/** The focus is never lost: whoever had it may be gone. */
function settle(row) {
  const active = document.activeElement;
  if (active && active !== document.body && active.isConnected && active.checkVisibility() && !rowOf(active) && !active.closest(".bulk")) return;
  if (rowOf(active) && active.isConnected && !active.disabled) return;
  if (!focus(row?.isConnected ? row : shownRows()[0])) inbox().querySelector(".tabs a")?.focus();
}

addEventListener("submit", (event) => {
  const { target, submitter } = event;
  if (!target.matches?.("form[data-act]") || submitter?.hasAttribute("data-whole")) return;
  event.preventDefault();
  send(target, submitter);
});

// Choosing several.

let lastTicked = null;

function count() {
  const chosen = ticked().length;
  const told = inbox().querySelector("[data-count]");
  const text = chosen ? told.dataset.text.replace("{}", chosen) : "";
  if (told.textContent !== text) told.textContent = text;
  const all = inbox().querySelector("[data-all]");
  all.checked = chosen > 0 && chosen === allRows().length;
  all.indeterminate = chosen > 0 && !all.checked;
  allRows().forEach((row) => { row.classList.toggle("chosen", row.querySelector(".pick input").checked); });
}

addEventListener("click", (event) => {
  const box = event.target.closest?.(".row .pick input");
  if (!box) return;
  const boxes = shownRows().map((row) => row.querySelector(".pick input"));
  const [from, to] = [boxes.indexOf(lastTicked), boxes.indexOf(box)].sort((a, b) => a - b);
  if (event.shiftKey && from >= 0) boxes.slice(from, to + 1).forEach((each) => { each.checked = box.checked; });
  lastTicked = box;
  count();
});

addEventListener("change", ({ target }) => {
  if (target.matches("[data-all]")) allRows().forEach((row) => { row.querySelector(".pick input").checked = target.checked; });
  if (target.matches(".pick input")) count();
  if (target.matches("#category")) target.form.requestSubmit();
});

// Keys.

const act = (key) => {
  const chosen = ticked().length > 0;
  const row = rowOf(document.activeElement);
  if (!chosen) return row?.querySelector(`[data-key=${key}]`)?.click();
  const wanted = { e: /archive\/$/, u: ticked().some((box) => rowOf(box).matches(".unread")) ? /\/read\/$/ : /\/unread\/$/ }[key];
  return [...inbox().querySelectorAll(".bulk button")].find((button) => wanted.test(button.formAction))?.click();
};

const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  o: () => rowOf(document.activeElement)?.querySelector(".title").click(),
  e: () => act("e"),
  u: () => act("u"),
  x: () => rowOf(document.activeElement)?.querySelector(".pick input").click(),
  z: () => document.querySelector(".undo button")?.click(),
  "/": () => document.getElementById("search").select(),
  "?": help,
};

function help() {
  document.getElementById("keys").showModal();
}

function escape() {
  const menu = inbox().querySelector(".menu[open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  } else if (document.activeElement?.matches("#search")) {
    focus(rowById(current) ?? shownRows()[0]);
  } else {
    ticked().forEach((box) => { box.checked = false; });
    count();
  }
}

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || document.querySelector("dialog[open]")) return;
  if (event.key === "Escape") return escape();
  if (event.target.closest?.(EDITABLE) || !KEYS[event.key]) return;
  event.preventDefault();
  KEYS[event.key]();
});

addEventListener("click", ({ target }) => {
  if (target.closest?.("[data-help]")) help();
  if (target.closest?.("[data-pill]")) take();
  const menu = inbox()?.querySelector(".menu[open]");
  if (menu && !menu.contains(target)) menu.open = false;
});

// What was listed before somebody's eyes is told to be seen, once.

const told = new Set();

function see() {
  if (document.visibilityState !== "visible") return;
  const ids = shownRows().filter((row) => "unseen" in row.dataset).map((row) => row.dataset.id).filter((id) => !told.has(id));
  if (!ids.length) return;
  ids.forEach((id) => told.add(id));
  const body = new FormData(document.getElementById("acts"));
  body.set("ids", ids.slice(0, MOST_IDS).join());
  fetch(inbox().dataset.seen, { method: "POST", body, keepalive: true }).catch(() => { ids.forEach((id) => told.delete(id)); });
}

// Live: somebody else tells by "carillon:live" what has changed; we ask for those rows.

const waiting = new Set();
let asking = Promise.resolve();

const isBusy = () => scrollY > 40 || ticked().length > 0 || Boolean(inbox().querySelector(".menu[open]"));

async function ask(ids) {
  for (let at = 0; at < ids.length; at += MOST_IDS) {
    const some = ids.slice(at, at + MOST_IDS);
    const query = new URLSearchParams(inbox().dataset.query);
    query.set("ids", some.join());
    upsert(await read(await fetch(`${inbox().dataset.rows}?${query}`)), some);
  }
}

/** One after another, so that an older answer never comes after a newer one. */
function queue(ids) {
  asking = asking.then(() => ask(ids)).catch(() => {});
  return asking;
}

function showPill() {
  const pill = inbox().querySelector("[data-pill]");
  pill.textContent = pill.dataset.text.replace("{}", waiting.size);
  pill.hidden = !waiting.size;
}

async function take() {
  const ids = [...waiting];
  waiting.clear();
  showPill();
  scrollTo({ top: 0 });
  await queue(ids);
  focus(shownRows()[0]);
}

/** Those that are listed follow at once; new ones wait while the reader is at something. */
function changed(ids) {
  const here = ids.filter((id) => rowById(id));
  const fresh = ids.filter((id) => !rowById(id) && inbox().hasAttribute("data-first"));
  if (!isBusy()) return queue([...here, ...fresh]);
  const query = new URLSearchParams(inbox().dataset.query);
  // Of a narrow list nobody knows yet whether it will list them.
  if (!["category", "group", "q"].some((name) => query.has(name)) && query.get("show") !== "archived") {
    fresh.forEach((id) => waiting.add(String(id)));
    showPill();
  }
  return here.length ? queue(here) : asking;
}

const READ = {
  upsert: ({ notifications = [], ids = [] }) => changed([...notifications.map(({ id }) => id), ...ids].map(String)),
  remove: ({ ids = [] }) => {
    ids.forEach((id) => waiting.delete(String(id)));
    showPill();
    return queue(ids.filter((id) => rowById(id)).map(String));
  },
  state: ({ notifications = [] }) => {
    const told = notifications.map(({ id }) => String(id));
    const here = allRows().map((row) => row.dataset.id);
    const isGap = told.length >= 50 && here.length && !told.some((id) => here.includes(id));
    return isGap && !isBusy() ? refresh() : changed([...new Set([...told, ...here])]);
  },
};

/** The stream tells by an event of the page, so that anything else can listen to it as well. */
function pass(type, data) {
  document.dispatchEvent(new CustomEvent("carillon:live", { detail: { type, ...data } }));
}

document.addEventListener("carillon:live", ({ detail }) => {
  if (!inbox()) return;
  if ("badge" in detail) showBadge(detail.badge);
  READ[detail.type]?.(detail);
});

// htmx has swapped a part of the page: the next rows, or another filter.

let loadedAfter = null;
addEventListener("htmx:beforeSwap", ({ detail }) => { loadedAfter = detail.target.id === "list" ? allRows().at(-1) : null; });
addEventListener("htmx:afterSwap", () => {
  count();
  see();
  if (!loadedAfter) return;
  const rows = shownRows();
  focus(rows[rows.indexOf(loadedAfter) + 1]);
  loadedAfter = null;
});
addEventListener("visibilitychange", see, true);
document.documentElement.classList.add("js");
count();
see();
if (inbox()?.dataset.stream) subscribe(inbox().dataset.stream, pass);
