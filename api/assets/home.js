// The home page: signs in, takes a description, follows the job, shows what came of it, lists what was before.

import { busy } from "./dom.js";
import { earlier } from "./earlier.js";
import { ended, running } from "./progress.js";
import { result } from "./result.js";
import { call, follow, hooks, session, signIn } from "./service.js";
import { isFinal, sentence } from "./sentences.js";

const part = (selector) => document.querySelector(selector);
const [door, studio, said, now, prompt, seed, count] = [".door", ".studio", ".said", ".now", "#prompt", "#seed", "#count"].map(part);
const refresh = earlier(part(".earlier"), (job) => open(job, true));
let stop = () => {};

/** Shows a job as it stands, and follows it while it has not ended. */
function open(job, look = false) {
  stop();
  stop = () => {};
  history.replaceState(null, "", `#job=${job.id}`);
  show(job);
  now.hidden = false;
  now.scrollIntoView({ block: look ? "start" : "nearest" });
}

function show(job) {
  if (job.state === "succeeded") {
    now.replaceChildren(result(job, { again: another, changed: refresh }));
    said.textContent = `${job.name ?? "The sound"} is ready.`;
  } else if (isFinal(job.state)) {
    now.replaceChildren(ended(job, { open, again: another }));
    said.textContent = sentence(job.error);
  } else {
    const { card, show: update, move } = running(job);
    now.replaceChildren(card);
    stop = follow(job, {
      changed(latest) {
        if (!isFinal(latest.state)) return update(latest);
        show(latest);
        refresh();
      },
      moved: move,
      failed(error) { now.textContent = error.sentence; },
    });
  }
}

async function make(request) {
  open(await call("POST", "/v1/jobs", request));
  refresh();
}

/** The same words with the next seed. */
async function another(job) {
  if (job.request.prompt === null) return;
  prompt.value = job.request.prompt;
  seed.value = String(job.request.seed + 1);
  const { prompt: words, tags, template_id, variations, planner } = job.request;
  await make({ prompt: words, tags, variations, planner, seed: job.request.seed + 1, ...(template_id ? { template_id } : {}) });
}

function sayDoor() {
  stop();
  studio.hidden = true;
  door.hidden = false;
}

async function enter() {
  door.hidden = true;
  studio.hidden = false;
  refresh();
  const id = new URLSearchParams(location.hash.slice(1)).get("job");
  if (id) {
    try {
      open(await call("GET", `/v1/jobs/${encodeURIComponent(id)}`));
    } catch (error) {
      if (error.code !== "not_found") throw error;
      history.replaceState(null, "", location.pathname);
    }
  }
  if (!id) prompt.focus();
}

/** The token stands in the address once; it is taken out before anything else happens. */
async function begin() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token) history.replaceState(null, "", location.pathname);
  try {
    const user = (token && (await signIn(token).catch((error) => { if (error.code !== "unauthenticated") throw error; }))) || (await session());
    if (user) await enter();
    else sayDoor();
  } catch (error) {
    if (error.code !== "server_gone") console.error(error);
  }
}

hooks.signedOut = sayDoor;
hooks.gone = () => { part(".connection").hidden = false; };
hooks.back = async () => {
  part(".connection").hidden = true;
  if (studio.hidden) return begin();
  if (await session()) refresh();
  else sayDoor();
};

part(".door form").addEventListener("submit", (event) => {
  event.preventDefault();
  const field = part("#token");
  busy(part(".door button"), part(".door .trouble"), async () => {
    await signIn(field.value.trim());
    field.value = "";
    await enter();
  });
});
part(".ask").addEventListener("submit", (event) => {
  event.preventDefault();
  busy(part(".make"), part("#ask-trouble"), () => make({ prompt: prompt.value, seed: Number(seed.value), variations: Number(count.value) }));
});
prompt.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  part(".ask").requestSubmit();
});
for (const button of document.querySelectorAll(".examples button")) {
  button.addEventListener("click", () => {
    prompt.value = button.textContent;
    prompt.focus();
  });
}
part("#roll").addEventListener("click", () => { seed.value = String(crypto.getRandomValues(new Uint32Array(1))[0] % 10_000); });
count.addEventListener("input", () => { part("output").textContent = count.value; });

begin();
