"use strict";
// Shows what the texts would say while they are written. Without this file the button "Preview" does the same.
addEventListener("DOMContentLoaded", () => {
  const section = document.querySelector(".wording-preview");
  const form = section?.closest("form");
  if (!form || !document.getElementById("id_title_template")) return;

  const WATCHED = ["event_type", "channel", "language", "title_template", "message_template"];
  const PARTS = ["wording-beside", "wording-summary", "wording-preview"];
  const PAUSE = 400;
  let waiting, asking;

  async function ask() {
    asking?.abort();
    asking = new AbortController();
    const { signal } = asking;
    const body = new FormData(form);
    body.set("_preview", "1");
    try {
      const answer = await fetch(section.dataset.url, { method: "POST", body, signal, redirect: "error" });
      if (!answer.ok) throw new Error(answer.statusText);
      show(new DOMParser().parseFromString(await answer.text(), "text/html"));
      section.classList.remove("stale");
    } catch (error) {
      // What is shown is of an older text; the button still works, and says what is wrong.
      if (error.name !== "AbortError") section.classList.add("stale");
    }
  }

  function show(page) {
    for (const id of PARTS) {
      const found = page.getElementById(id);
      if (found) document.getElementById(id).replaceChildren(...found.childNodes);
    }
  }

  form.addEventListener("input", (event) => {
    if (!WATCHED.includes(event.target.name)) return;
    section.classList.add("stale");
    clearTimeout(waiting);
    waiting = setTimeout(ask, PAUSE);
  });
});
