// The player of a page: makes every `.player` playable. The sound comes from its <audio>, the outline from its <svg>;
// without this file the browser's own controls stay.

const SMOOTH = 7;
/** The player that the space bar means: the last one that was made. */
let current = null;

/** Height of the ridge, 0..1, at `share` of the outline, smoothed so that the walker does not jump. */
function ridgeOf(path) {
  const heights = [...(path?.getAttribute("d") ?? "").matchAll(/L[\d.]+ ([\d.]+)/g)].map((m) => (136 - Number(m[1])) / 132);
  return (share) => {
    if (heights.length === 0) return 0;
    const at = Math.round(share * (heights.length - 1));
    const near = heights.slice(Math.max(0, at - SMOOTH), at + SMOOTH + 1);
    return Math.max(0, near.reduce((sum, h) => sum + h, 0) / near.length);
  };
}

/** Makes one player playable. */
export function enhance(root) {
  const audio = root.querySelector("audio");
  const part = (name) => root.querySelector(name);
  const [play, loop, seek, volume, trouble] = [".play", ".loop", ".seek", ".volume input", ".trouble"].map(part);
  const pictures = [root, ...document.querySelectorAll(".spectrum")];
  let ridge = ridgeOf(part(".above"));
  let moved = false;
  let frame = 0;

  const length = () => (Number.isFinite(audio.duration) ? audio.duration : 0);
  const seconds = (s) => (s < 60 ? s.toFixed(1) : `${Math.floor(s / 60)}:${String(Math.floor(s % 60)).padStart(2, "0")}`);

  function draw() {
    const share = length() > 0 ? Math.min(1, audio.currentTime / length()) : 0;
    moved ||= share > 0;
    for (const picture of pictures) {
      picture.style.setProperty("--played", share.toFixed(5));
      picture.classList.toggle("moved", moved);
    }
    root.style.setProperty("--ridge", ridge(share).toFixed(4));
    part(".at").textContent = seconds(audio.currentTime);
    seek.value = audio.currentTime;
    seek.setAttribute("aria-valuetext", `${seconds(audio.currentTime)} of ${seconds(length())} seconds`);
  }
  /** One chain of frames at a time, however many events ask for it. */
  function frames() {
    cancelAnimationFrame(frame);
    draw();
    if (!audio.paused) frame = requestAnimationFrame(frames);
  }
  function measure() {
    part(".length").textContent = `${seconds(length())} s`;
    seek.max = length() || 1;
    root.classList.add("ready");
    draw();
  }
  function state() {
    root.classList.toggle("playing", !audio.paused);
    play.setAttribute("aria-label", audio.paused ? "Play" : "Pause");
    frames();
  }
  const fail = (text) => {
    trouble.hidden = false;
    trouble.textContent = text;
  };
  async function toggle() {
    if (!audio.paused) return audio.pause();
    trouble.hidden = true;
    try {
      await audio.play();
    } catch (error) {
      if (error.name !== "AbortError") fail("The sound cannot be played. It may be gone, or the connection is.");
    }
  }
  function jump(share) {
    audio.currentTime = Math.min(1, Math.max(0, share)) * length();
    draw();
  }

  audio.controls = false;
  part(".controls").hidden = false;
  seek.hidden = false;
  play.addEventListener("click", toggle);
  loop.addEventListener("click", () => {
    audio.loop = !audio.loop;
    loop.setAttribute("aria-pressed", String(audio.loop));
  });
  seek.addEventListener("input", () => jump(Number(seek.value) / (length() || 1)));
  // Some phones leave loudness to their own keys.
  audio.volume = 0.5;
  volume.parentElement.hidden = audio.volume !== 0.5;
  audio.volume = 1;
  volume.addEventListener("input", () => { audio.volume = Number(volume.value); });
  for (const name of ["play", "pause", "ended"]) audio.addEventListener(name, state);
  for (const name of ["timeupdate", "seeked"]) audio.addEventListener(name, draw);
  for (const name of ["loadedmetadata", "durationchange"]) audio.addEventListener(name, measure);
  audio.addEventListener("error", () => fail("The sound cannot be loaded. It may be gone, or the connection is."));
  for (const picture of pictures.slice(1)) {
    picture.addEventListener("pointerdown", (event) => {
      const box = picture.querySelector("img").getBoundingClientRect();
      // Where the plot stands in the picture.
      jump(((event.clientX - box.left) / box.width - 58 / 900) / (768 / 900));
    });
  }
  if (audio.readyState > 0) measure();

  current = { root, toggle };
  return {
    /** Takes the outline anew, after it was drawn. */
    outline() { ridge = ridgeOf(part(".above")); draw(); },
  };
}

for (const root of document.querySelectorAll(".player")) enhance(root);
document.addEventListener("keydown", (event) => {
  if (event.key !== " " || !current?.root.isConnected || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("button, a, input:not(.seek), textarea, select, summary, audio")) return;
  event.preventDefault();
  current.toggle();
});
