// The card of a job that has not ended, and of one that ended without a sound.

import { copy, onClick, tell } from "./dom.js";
import { call } from "./service.js";
import { doing, sentence, stages } from "./sentences.js";

/** The card of an unfinished job: `show(job)` and `move(event)` bring it up to date. */
export function running(job) {
  const card = copy("running");
  const list = card.querySelector(".stages");
  const trouble = card.querySelector(".trouble");
  list.append(...stages.map(() => document.createElement("i")));

  function draw(now) {
    tell(card, { ".prompt": now.request.prompt, ".doing": doing(now) });
    const at = stages.indexOf(now.stage);
    for (const [index, step] of [...list.children].entries()) {
      step.className = index < at ? "done" : index === at ? "at" : "";
    }
    list.setAttribute("aria-valuenow", String(Math.round(100 * Math.min(1, Math.max(0, now.progress)))));
    card.querySelector(".cancel").disabled = now.state === "cancelling";
  }

  onClick(card.querySelector(".cancel"), trouble, async () => {
    job = await call("POST", job.links.cancel ?? `${job.links.self}/cancel`);
    draw(job);
  });
  draw(job);
  return {
    card,
    show(now) { job = now; draw(job); },
    move(event) {
      job = { ...job, state: event.state ?? job.state, stage: event.stage ?? job.stage, progress: Math.max(job.progress, event.progress ?? 0) };
      draw(job);
    },
  };
}

/**
 * The card of a job that failed or was cancelled. `open(job)` is called with the one that does it again; where the same
 * words and seed must end in the same way, `again(job)` is asked for another version instead.
 */
export function ended(job, { open, again }) {
  const card = copy("ended");
  const cancelled = job.state === "cancelled";
  tell(card, {
    ".prompt": job.request.prompt,
    h2: cancelled ? "Cancelled" : "That did not work",
    ".why": cancelled ? "You stopped it. Nothing of it was kept." : sentence(job.error),
  });
  const faults = (job.error?.details ?? []).map((fault) => {
    const line = document.createElement("li");
    line.textContent = `${fault.pointer} ${fault.problem}`.trim();
    return line;
  });
  card.querySelector(".faults").append(...faults);
  const retry = card.querySelector(".retry");
  const same = cancelled || job.error?.retryable;
  retry.textContent = same ? "Try again" : "Try another version";
  retry.hidden = same ? !job.links.retry : job.request.prompt === null;
  onClick(retry, card.querySelector(".trouble"), async () => (same ? open(await call("POST", job.links.retry)) : again(job)));
  return card;
}
