// The service's words as sentences: error codes, stages, reasons to wait, times.

const ERRORS = {
  usage: "That is not a form of the request that the server knows.",
  invalid_json: "The server could not read the request.",
  invalid_request: "The request is not in order.",
  prompt_too_long: "The description is too long: at most 4,000 characters.",
  too_many_tags: "Too many tags: at most 20.",
  unknown_template: "There is no such template.",
  not_found: "This sound is not there any more.",
  invalid_patch: "The patch breaks a rule, so it was not used.",
  invalid_bundle: "The bundle breaks a rule, so it was not used.",
  invalid_audio: "The audio file cannot be read.",
  unauthenticated: "You are signed out.",
  forbidden: "This session may not do that.",
  method_not_allowed: "The server does not offer that.",
  conflict: "That cannot be done now: the job has moved on.",
  gone: "It was here, and its time to be kept is over.",
  payload_too_large: "That is more than the server takes at once.",
  unsupported_media_type: "The server could not read the request.",
  idempotency_key_reuse: "The same request came twice with different content.",
  too_many_concurrent_jobs: "Other sounds are still being made. Wait for one of them, or cancel it.",
  rate_limited: "Too many requests in a minute. Wait a moment.",
  unavailable: "A part of the service is down. Try again in a moment.",
  queue_timeout: "It waited too long for its turn.",
  worker_lost: "What made it died, more than once.",
  planner_refused: "The language model would not answer this.",
  planner_unavailable: "The language model cannot be reached.",
  invalid_intent: "The language model's answer made no sense.",
  render_failed: "The patch could not be played.",
  silent_patch: "What came out makes no sound. Other words may help.",
  timeout: "It took too long.",
  cancelled: "You stopped it.",
  bundle_too_large: "The result is larger than allowed. Fewer variations may help.",
  storage_unavailable: "A file could not be written or read. Is the disk full?",
  verification_failed: "A stored file is not what it was: its hash differs.",
  internal: "A fault of ours. The server's log says more.",
};

const STAGES = {
  planning: "Reading your words",
  mapping: "Setting the parameters",
  checking: "Listening and correcting",
  rendering: "Playing the preview",
  varying: "Making variations",
  packaging: "Packing",
  publishing: "Putting it away",
};

/** The stages of a job, in their order. */
export const stages = Object.keys(STAGES);

/** What is wrong, as a sentence; for a code of a later version, the server's own message. */
export function sentence(error) {
  return ERRORS[error?.code] ?? (error?.message ? `${error.message}.` : "Something went wrong.");
}

/** What an unfinished job is doing. */
export function doing(job) {
  if (job.state === "cancelling") return "Stopping";
  if (job.state === "running") return STAGES[job.stage] ?? "Working";
  if (job.waiting?.reason === "backoff") return "The last attempt failed. Trying again soon";
  if (job.waiting?.reason === "no_worker") return "Waiting for a worker to start";
  if (job.waiting?.reason === "paused") return "The service is paused";
  const before = job.waiting?.position ?? 0;
  return before > 0 ? `Waiting, ${before} before it` : "Waiting for its turn";
}

/** Whether a job has ended; what this page does not know has not. */
export const isFinal = (state) => ["succeeded", "failed", "cancelled"].includes(state);

/** How long ago, in one or two words. */
export function ago(time) {
  const minutes = (Date.now() - Date.parse(time)) / 60_000;
  if (minutes < 1) return "now";
  if (minutes < 60) return `${Math.floor(minutes)} min`;
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h`;
  if (minutes < 7 * 24 * 60) return `${Math.floor(minutes / (24 * 60))} d`;
  return new Date(time).toLocaleDateString(undefined, { day: "numeric", month: "short", year: "numeric" });
}

/** A size in decimal units. */
export function size(bytes) {
  return bytes < 999_500 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
