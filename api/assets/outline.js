// The outline of a sound, measured here: the same shapes that the server draws into the page of a share.

const POINTS = 600;
const HORIZON = 136;

/** Draws the outline of the audio file at `address` into a player's two pictures. */
export async function drawOutline(player, address) {
  const answer = await fetch(address, { credentials: "same-origin" });
  if (!answer.ok) return;
  const context = new OfflineAudioContext(1, 1, 44_100);
  const audio = await context.decodeAudioData(await answer.arrayBuffer());
  const channels = Array.from({ length: audio.numberOfChannels }, (_, index) => audio.getChannelData(index));
  const [above, below] = paths(stretches(channels, audio.length));
  for (const path of player.querySelectorAll(".above")) path.setAttribute("d", above);
  for (const path of player.querySelectorAll(".below")) path.setAttribute("d", below);
}

/** Lowest and highest sample of equal stretches. */
function stretches(channels, frames) {
  return Array.from({ length: POINTS }, (_, index) => {
    const start = Math.floor((index * frames) / POINTS);
    const end = Math.max(start + 1, Math.floor(((index + 1) * frames) / POINTS));
    let [low, high] = [0, 0];
    for (const samples of channels) {
      for (let at = start; at < end && at < frames; at++) {
        if (samples[at] < low) low = samples[at];
        if (samples[at] > high) high = samples[at];
      }
    }
    return [low, high];
  });
}

function paths(points) {
  const peak = Math.max(1e-4, ...points.map(([low, high]) => Math.max(-low, high)));
  const side = (from, level) => {
    const corners = points.map((point, x) => `L${x} ${(from + level(point)).toFixed(1)}`);
    return `M0 ${from}${corners.join("")}L599 ${from}Z`;
  };
  return [
    side(HORIZON, ([, high]) => -Math.max(0.75, (high / peak) * 132)),
    side(HORIZON + 2, ([low]) => Math.max(0.75, (-low / peak) * 62)),
  ];
}
