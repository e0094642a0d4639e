// The live inbox, for pages: subscribe(url, handler) and be told what changes.
//
// handler(name, data) is called with
//   "state"  {badge, notifications}   what there is: the newest rows. It comes first, and whenever something may have
//                                     been missed; it takes the place of all that was known.
//   "upsert" {badge, notifications}   rows that are new or have changed, by id
//   "remove" {badge, ids}             rows that are no more
//   "end"    {status}                 nothing more will come: 401 logged out, 501 the server cannot do it
//
// Tabs share one connection: the one that holds a lock reads the stream and passes on what it gets. Where the browser
// has no locks, each tab has a connection of its own.

/** Milliseconds. The server says something every 15 seconds: one that is silent for longer is not there any more. */
const SILENCE = 25_000, STALE = 17_000, FIRST_PAUSE = 500, LONGEST_PAUSE = 30_000, PATIENCE = 1_000;
/** Answers after which it is no use to ask again. */
const FINAL = new Set([401, 403, 404, 501]);
const KEPT = 50;

const subscriptions = new Map();

/** Call the handler with what changes; return a function that ends it. */
export function subscribe(url, handler) {
  let shared = subscriptions.get(url);
  if (!shared) subscriptions.set(url, (shared = new Shared(url)));
  shared.handlers.add(handler);
  if (shared.model.known) handler("state", shared.model.state());
  return () => {
    shared.handlers.delete(handler);
    if (!shared.handlers.size) {
      shared.close();
      subscriptions.delete(url);
    }
  };
}

/** What follows from the events so far, for tabs that come later. */
class Model {
  known = false;
  badge = "";
  rows = new Map();

  apply(name, data) {
    if (name === "state") this.rows.clear();
    for (const row of data.notifications ?? []) this.rows.set(row.id, row);
    for (const id of data.ids ?? []) this.rows.delete(id);
    this.badge = data.badge ?? this.badge;
    this.known ||= name === "state";
  }

  state() {
    const rows = [...this.rows.values()].filter((row) => !row.archived).sort((a, b) => b.id - a.id);
    return { badge: this.badge, notifications: rows.slice(0, KEPT) };
  }
}

/** The subscription of this tab: it leads, and reads the stream, or it follows one that does. */
class Shared {
  handlers = new Set();
  model = new Model();
  stream = null;
  ended = null;
  closing = new AbortController();

  constructor(url) {
    this.url = url;
    const { signal } = this.closing;
    document.addEventListener("visibilitychange", () => document.hidden || this.wake(), { signal });
    addEventListener("pageshow", (event) => event.persisted && this.wake(), { signal });
    addEventListener("online", () => this.wake(true), { signal });
    if (navigator.locks && window.BroadcastChannel) this.share();
    else this.lead();
  }

  share() {
    this.channel = new BroadcastChannel(`carillon ${this.url}`);
    this.channel.onmessage = ({ data }) => this.hear(data);
    this.queue();
    this.ask();
  }

  /** Wait until it is this tab's turn to lead. */
  queue(options = {}) {
    const hold = () => (this.lead(), new Promise((release) => (this.release = release)));
    const { signal } = this.closing;
    navigator.locks
      .request(`carillon ${this.url}`, options.steal ? options : { signal }, hold)
      .catch(() => {
        // Another tab has taken the lead, since this one did not answer; or this one is closing.
        this.stream?.close();
        this.stream = null;
        if (!signal.aborted && !this.ended) this.queue();
      });
  }

  lead() {
    clearTimeout(this.waiting);
    if (this.ended || this.closing.signal.aborted) return;
    this.stream ??= new Stream(this.url, (name, data) => {
      this.take(name, data);
      this.channel?.postMessage({ name, data });
    });
  }

  /** Ask whoever leads for the state. One that does not answer is asleep: take the lead. */
  ask() {
    this.channel.postMessage({ ask: true });
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.stream || this.ended || document.hidden || this.queue({ steal: true }), PATIENCE);
  }

  hear({ ask, name, data }) {
    if (!ask) {
      clearTimeout(this.waiting);
      this.take(name, data);
    } else if (this.stream) {
      this.channel.postMessage(this.model.known ? { name: "state", data: this.model.state() } : { name: "wait" });
    }
  }

  take(name, data) {
    if (name === "wait") return;
    if (name === "end") this.ended = data;
    else this.model.apply(name, data);
    for (const handler of this.handlers) handler(name, data);
    if (this.ended) this.release?.();
  }

  /** The machine was asleep, the network was gone, the page was out of sight: see that all is right. */
  wake(certain = false) {
    if (this.ended) return;
    if (this.stream) this.stream.refresh(certain);
    else if (this.channel) this.ask();
  }

  close() {
    this.closing.abort();
    clearTimeout(this.waiting);
    this.stream?.close();
    this.release?.();
    this.channel?.close();
  }
}

/** One connection, opened again whenever it ends. Read by fetch: an EventSource tells neither status nor silence. */
class Stream {
  failures = 0;
  heard = 0;

  constructor(url, handler) {
    this.url = url;
    this.handler = handler;
    this.open();
  }

  async open() {
    clearTimeout(this.later);
    this.request?.abort();
    const request = (this.request = new AbortController());
    try {
      const answer = await fetch(this.url, {
        signal: request.signal, cache: "no-store", headers: { Accept: "text/event-stream" },
      });
      if (FINAL.has(answer.status)) return this.handler("end", { status: answer.status });
      if (answer.ok) await this.read(answer.body, request);
      else this.failures = Math.max(this.failures, 5);
    } catch {
      // The network, or we have closed it ourselves.
    }
    if (this.request === request) this.again();
  }

  async read(body, request) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (;;) {
      this.watch();
      const { value, done } = await reader.read();
      if (done || this.request !== request) return;
      const parts = (text + value).split("\n\n");
      text = parts.pop();
      for (const part of parts) this.dispatch(part);
    }
  }

  dispatch(part) {
    const lines = part.split("\n");
    const field = (name) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
    if (!field("data")) return;
    this.failures = 0;
    this.handler(field("event"), JSON.parse(field("data")));
  }

  /** Note that it is alive, and open it again if it is silent from here on. */
  watch() {
    this.heard = Date.now();
    clearTimeout(this.watching);
    this.watching = setTimeout(() => this.open(), SILENCE);
  }

  /** Open it again after a pause that doubles with each failure; at random, for others have lost it as well. */
  again() {
    clearTimeout(this.watching);
    const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** this.failures++);
    this.later = setTimeout(() => this.open(), pause * (0.5 + Math.random() / 2));
  }

  /** Open it again now if it may be dead: it has been silent, or was not open. */
  refresh(certain) {
    if (certain || Date.now() - this.heard > STALE) {
      this.failures = 0;
      this.open();
    }
  }

  close() {
    clearTimeout(this.later);
    clearTimeout(this.watching);
    const { request } = this;
    this.request = null;
    request?.abort();
  }
}
