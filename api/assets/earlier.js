// The list of earlier jobs: newest first, searched by the server, page by page.

import { copy, tell } from "./dom.js";
import { call } from "./service.js";
import { ago, isFinal, sentence } from "./sentences.js";

const LIMIT = 20;
const TYPING_MS = 200;

/** Fills `section`; `open(job)` is called with the one that is chosen. Returns what reads it anew. */
export function earlier(section, open) {
  const part = (selector) => section.querySelector(selector);
  const [rows, empty, more, search] = [".rows", ".empty", ".more", "input"].map(part);
  let cursor = null;
  let reading = 0;

  async function read(from) {
    const mine = ++reading;
    const query = new URLSearchParams({ limit: String(LIMIT) });
    const words = search.value.trim();
    if (words) query.set("q", words);
    if (from) query.set("cursor", from);
    let text = "";
    try {
      const page = await call("GET", `/v1/jobs?${query}`);
      if (mine !== reading) return;
      const items = page.items.map((job) => row(job, open));
      if (from) rows.append(...items);
      else rows.replaceChildren(...items);
      cursor = page.next_cursor;
      if (rows.children.length === 0) text = words ? "Nothing here has these words." : "Nothing yet. The first sound takes about two seconds.";
    } catch (error) {
      if (mine !== reading) return;
      text = error.sentence;
    }
    empty.textContent = text;
    empty.hidden = !text;
    more.hidden = !cursor;
  }

  let typing = null;
  search.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(read, TYPING_MS);
  });
  more.addEventListener("click", () => read(cursor));
  return () => read();
}

function row(job, open) {
  const item = copy("row");
  const happy = job.state === "succeeded";
  const title = job.name ?? (job.state === "failed" ? sentence(job.error) : isFinal(job.state) ? "Cancelled" : "Being made");
  tell(item, { ".what b": job.starred ? `${title} ★` : title, ".prompt": job.request.prompt, ".when": ago(job.created_at) });
  item.classList.add(happy ? "happy" : "other");
  item.querySelector("button").addEventListener("click", () => open(job));
  return item;
}
