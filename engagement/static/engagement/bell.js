// Makes a {% notification_bell %} live: without it, the bell is a link to the inbox.

import { subscribe } from "./live.js";

const SHOWN = 10;
const UNITS = [["day", 86_400], ["hour", 3_600], ["minute", 60]];

/** Say how long ago that was, as the reader's language does. */
function ago(moment) {
  const seconds = (Date.now() - new Date(moment)) / 1000;
  const relative = new Intl.RelativeTimeFormat(document.documentElement.lang || undefined, { numeric: "auto" });
  const [unit, size] = UNITS.find(([, size]) => seconds >= size) ?? ["second", 1];
  return relative.format(-Math.max(0, unit === "second" ? 0 : Math.floor(seconds / size)), unit);
}

class Bell {
  rows = new Map();
  newest = null;

  constructor(root) {
    this.root = root;
    this.find = (selector) => root.querySelector(selector);
    this.button = this.find("button[popovertarget]");
    this.panel = this.find("[popover]");
    this.list = this.find("ol");
    this.template = this.find("template");
    if (!this.panel?.showPopover) return; // The link stays.
    this.find("a.bell").hidden = true;
    this.button.hidden = false;
    this.panel.addEventListener("toggle", (event) => event.newState === "open" && this.opened());
    this.panel.addEventListener("keydown", (event) => this.move(event));
    addEventListener("resize", () => this.place());
    this.find("form.all").addEventListener("submit", (event) => this.readAll(event));
    subscribe(root.dataset.stream, (name, data) => this.take(name, data));
  }

  take(name, data) {
    if (name === "end") return;
    if (name === "state") this.rows.clear();
    for (const row of data.notifications ?? []) this.rows.set(row.id, row);
    for (const id of data.ids ?? []) this.rows.delete(id);
    this.announce(name, data.notifications ?? []);
    this.count(data.badge);
    this.render();
    if (document.activeElement === this.panel) this.enter();
  }

  listed() {
    const rows = [...this.rows.values()].filter((row) => !row.archived);
    return rows.sort((a, b) => b.id - a.id).slice(0, SHOWN);
  }

  /** Read out what is new; not what was there when the page was opened. */
  announce(name, notifications) {
    const fresh = notifications.filter((row) => this.newest !== null && row.id > this.newest && !row.read);
    const newest = Math.max(this.newest ?? 0, ...notifications.map((row) => row.id));
    if (name === "state" || this.newest !== null) this.newest = newest;
    if (fresh.length) this.find("[aria-live]").textContent = fresh.map((row) => row.title).join(". ");
  }

  count(badge) {
    const label = badge ? this.root.dataset.unread.replace("0", badge) : "";
    for (const place of this.root.querySelectorAll(".bell")) {
      let shown = place.querySelector(".badge");
      if (!badge) shown?.remove();
      else if (!shown) place.append((shown = Object.assign(document.createElement("span"), { className: "badge" })));
      if (badge && shown.textContent !== badge) {
        shown.textContent = badge;
        shown.setAttribute("aria-label", label);
      }
    }
    this.find("form.all").hidden = !badge;
    if ("title" in this.root.dataset) {
      document.title = (badge ? `(${badge}) ` : "") + document.title.replace(/^\(\d+\+?\) /, "");
    }
  }

  /** Bring the list up to date, by id: what has the focus keeps it. */
  render() {
    const there = new Map([...this.list.children].map((item) => [Number(item.dataset.id), item]));
    const rows = this.listed();
    for (const [id, item] of there) if (!rows.some((row) => row.id === id)) this.drop(item);
    rows.forEach((row, at) => {
      const item = this.fill(there.get(row.id) ?? this.template.content.firstElementChild.cloneNode(true), row);
      if (this.list.children[at] !== item) this.list.insertBefore(item, this.list.children[at] ?? null);
    });
    this.find(".none").hidden = rows.length > 0;
  }

  fill(item, row) {
    item.dataset.id = row.id;
    item.className = row.read ? "read" : "unread";
    item.querySelector("form").action = row.open_url;
    item.querySelector(".dot").hidden = row.read;
    item.querySelector("bdi").textContent = row.title;
    const time = item.querySelector("time");
    time.dateTime = row.created_at;
    time.textContent = ago(row.created_at);
    item.querySelector(".because").textContent = row.reason ? ` · ${this.root.dataset.because.replace("…", row.reason)}` : "";
    return item;
  }

  /** Take an item away; the focus goes to its neighbour. */
  drop(item) {
    const focused = item.contains(document.activeElement);
    const next = item.nextElementSibling ?? item.previousElementSibling;
    item.remove();
    if (focused) (next?.querySelector("button") ?? this.panel).focus();
  }

  opened() {
    this.place();
    this.render();
    if (this.newest === null) this.load();
    this.enter();
  }

  /** The focus goes to the newest, as soon as there is one. */
  enter() {
    (this.list.querySelector("button") ?? this.panel).focus();
  }

  /** Get the list once, where nothing comes by itself. */
  async load() {
    try {
      const answer = await fetch(`${this.root.dataset.api}?limit=${SHOWN}`, { headers: { Accept: "application/json" } });
      if (answer.ok) this.take("state", await answer.json());
    } catch {
      // The link to the inbox is in the panel.
    }
  }

  /** Put it under the bell; on a phone the style sheet alone places it. */
  place() {
    if (!this.panel.matches(":popover-open")) return;
    const { bottom, right } = this.button.getBoundingClientRect();
    this.panel.style.setProperty("--top", `${Math.round(bottom + 4)}px`);
    this.panel.style.setProperty("--right", `${Math.max(8, Math.round(document.documentElement.clientWidth - right))}px`);
  }

  /** Up and down go through the list. */
  move(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const buttons = [...this.list.querySelectorAll("button")];
    const at = buttons.indexOf(document.activeElement);
    buttons[Math.min(buttons.length - 1, Math.max(0, at + step))]?.focus();
    event.preventDefault();
  }

  async readAll(event) {
    event.preventDefault();
    const token = this.root.querySelector("[name=csrfmiddlewaretoken]").value;
    const up_to = Math.max(0, ...this.rows.keys());
    const answer = await fetch(this.root.dataset.readAll, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": token },
      body: JSON.stringify({ up_to }),
    }).catch(() => null);
    if (!answer?.ok) return event.target.submit();
    const { badge } = await answer.json();
    for (const [id, row] of this.rows) if (id <= up_to) this.rows.set(id, { ...row, read: true });
    this.take("upsert", { badge });
    this.enter();
  }
}

for (const root of document.querySelectorAll("[data-bell]")) new Bell(root);
