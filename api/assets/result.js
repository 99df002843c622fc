// The card of a sound that is there: player, macros, download, share, star, another version.

import { copy, onClick, tell } from "./dom.js";
import { enhance } from "./player.js";
import { drawOutline } from "./outline.js";
import { call } from "./service.js";
import { size } from "./sentences.js";

const HERE_ONLY = ["localhost", "127.0.0.1", "[::1]"];

/** The card; `again(job)` is called for another version, `changed(job)` when the job was. */
export function result(job, { again, changed }) {
  const card = copy("result");
  const part = (selector) => card.querySelector(selector);
  const trouble = part(".action-trouble");
  tell(card, { h2: job.name ?? "Untitled", ".kind": job.category, "p.prompt": job.request.prompt });

  if (job.links.preview) {
    part("audio").src = job.links.preview;
    const player = enhance(part(".player"));
    drawOutline(part(".player"), job.links.preview).then(player.outline, () => {});
  } else {
    part(".player").hidden = true;
    trouble.textContent = "The sound itself is not kept any more. Its words are: make it again.";
    trouble.hidden = false;
  }
  const download = part(".download");
  download.hidden = !job.links.bundle;
  if (job.links.bundle) {
    download.href = job.links.bundle;
    tell(card, { ".size": job.bundle ? size(job.bundle.bytes) : "" });
  }
  star(part(".star"), trouble, job, changed);
  part(".link").hidden = !job.links.bundle;
  onClick(part(".link"), trouble, async () => shared(part(".shared"), trouble, await call("POST", `${job.links.self}/shares`, {})));
  onClick(part(".again"), trouble, () => again(job));
  if (job.links.patch) macros(part(".knobs"), job.links.patch);
  if (job.links.variations) relatives(part(".relatives"), job.links.variations);
  return card;
}

function star(button, trouble, job, changed) {
  button.setAttribute("aria-pressed", String(job.starred));
  onClick(button, trouble, async () => {
    job = await call("PATCH", job.links.self, { starred: !job.starred });
    button.setAttribute("aria-pressed", String(job.starred));
    changed(job);
  });
}

/** Shows the link of a share, once. */
function shared(box, trouble, share) {
  const address = new URL(share.url, location.href);
  const link = box.querySelector("input");
  link.value = address.href;
  const until = new Date(share.expires_at).toLocaleDateString(undefined, { day: "numeric", month: "long", year: "numeric" });
  const reach = HERE_ONLY.includes(address.hostname) ? " It opens on this computer only, until the server has a public address." : "";
  tell(box, { ".remark": `It works until ${until}.${reach}` });
  box.hidden = false;
  link.focus();
  link.select();
  const button = box.querySelector(".copy");
  button.onclick = async () => {
    link.select();
    try {
      await navigator.clipboard.writeText(link.value);
      button.textContent = "Copied";
    } catch {
      trouble.textContent = "The browser does not let this page copy. The link is selected: copy it by hand.";
      trouble.hidden = false;
    }
  };
}

async function macros(list, address) {
  const patch = await call("GET", address).catch(() => null);
  for (const slot of patch?.macros ?? []) {
    const knob = copy("knob");
    const percent = Math.round(100 * slot.value);
    tell(knob, { b: slot.label, span: String(percent) });
    knob.querySelector(".hand").setAttribute("transform", `rotate(${percent * 2.7 - 135} 24 24)`);
    const arc = knob.querySelector(".value");
    if (percent > 0) arc.setAttribute("stroke-dasharray", `${percent} 200`);
    else arc.remove();
    list.append(knob);
  }
}

async function relatives(line, address) {
  const found = await call("GET", address).catch(() => null);
  const names = (found?.variations ?? []).map((variation) => variation.type);
  if (names.length === 0) return;
  line.textContent = `With it come ${names.length === 1 ? "a variation" : `${names.length} variations`}: ${names.join(", ")}.`;
  line.hidden = false;
}
