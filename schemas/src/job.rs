//! The life of a job: its kinds, states and stages, and the one transition table from which the database's triggers,
//! the API's enums and the diagram in the docs come (R5).

use crate::choice::choice;

choice! {
    /// What a job makes.
    JobKind {
        /// A patch from words.
        Patch = "patch",
    }
}

choice! {
    /// Where a job is in its life.
    JobState {
        /// Accepted, waits for a worker or for its next attempt.
        Queued = "queued",
        /// A worker has it.
        Running = "running",
        /// Somebody asked to stop it; its worker has not stopped yet.
        Cancelling = "cancelling",
        /// Its bundle is there. Final.
        Succeeded = "succeeded",
        /// It ended with an error. Final.
        Failed = "failed",
        /// It was stopped. Final.
        Cancelled = "cancelled",
    }
}

choice! {
    /// What a running job is doing.
    Stage {
        /// Words become an intent.
        Planning = "planning",
        /// The intent becomes a patch.
        Mapping = "mapping",
        /// Probes are measured and corrected.
        Checking = "checking",
        /// The phrase is rendered.
        Rendering = "rendering",
        /// Variations are made and checked.
        Varying = "varying",
        /// Everything becomes one bundle.
        Packaging = "packaging",
        /// The bundle goes into the store, the result into the row.
        Publishing = "publishing",
    }
}

choice! {
    /// Who turns words into an intent.
    PlannerChoice {
        /// What the installation has: hybrid where a model is configured, else embedded.
        Auto = "auto",
        /// The planner that is built in: deterministic, no network.
        Embedded = "embedded",
        /// A language model alone.
        Llm = "llm",
        /// A language model, checked and completed by the built-in one.
        Hybrid = "hybrid",
    }
}

choice! {
    /// Why the embedded planner took the place of a language model.
    PlannerFallback {
        /// The worker knows no model.
        NotConfigured = "not_configured",
        /// The endpoint cannot be reached, breaks off, says nothing, or has a fault of its own.
        Unreachable = "unreachable",
        /// It takes no more questions for now.
        RateLimited = "rate_limited",
        /// It does not know the key, the model or the address.
        SettingsRefused = "settings_refused",
        /// It would not answer.
        Refused = "refused",
        /// What it answered is no intent, also after repairs.
        InvalidAnswer = "invalid_answer",
        /// It took too long.
        TooSlow = "too_slow",
        /// It failed so often that it is left alone for a while.
        Resting = "resting",
        /// The job's budget does not hold another call.
        JobBudget = "job_budget",
        /// The user's budget of the day does not.
        UserBudget = "user_budget",
        /// The installation's budget of the day does not.
        InstallationBudget = "installation_budget",
        /// Workers died twice while it was asked.
        WorkerLost = "worker_lost",
    }
}

choice! {
    /// Why a queued job does not run yet.
    WaitingReason {
        /// A failed attempt is followed by a pause.
        Backoff = "backoff",
        /// No worker is there.
        NoWorker = "no_worker",
        /// The service is paused.
        Paused = "paused",
        /// Others are before it.
        Queue = "queue",
    }
}

/// Every step that a job may take, from → to. What is not here is refused by the database itself.
pub const TRANSITIONS: &[(JobState, JobState)] = &[
    (JobState::Queued, JobState::Running),
    (JobState::Queued, JobState::Cancelled),
    (JobState::Queued, JobState::Failed),
    (JobState::Running, JobState::Queued),
    (JobState::Running, JobState::Cancelling),
    (JobState::Running, JobState::Succeeded),
    (JobState::Running, JobState::Failed),
    (JobState::Cancelling, JobState::Cancelled),
];

impl JobState {
    /// Whether no step leads out of it.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }

    /// Whether the step to `next` is in the table.
    #[must_use]
    pub fn may_become(self, next: Self) -> bool {
        TRANSITIONS.contains(&(self, next))
    }
}

impl JobKind {
    /// The stages that a job of this kind goes through, in their order.
    #[must_use]
    pub const fn stages(self) -> &'static [Stage] {
        match self {
            Self::Patch => Stage::ALL,
        }
    }
}

/// The life of a job as a Mermaid diagram, for the docs.
#[must_use]
pub fn diagram() -> String {
    use std::fmt::Write;
    let mut text = String::from("stateDiagram-v2\n    [*] --> queued\n");
    for (from, to) in TRANSITIONS {
        let _ = writeln!(text, "    {from} --> {to}");
    }
    for state in JobState::ALL.iter().filter(|state| state.is_final()) {
        let _ = writeln!(text, "    {state} --> [*]");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn final_states_are_those_without_a_way_out() {
        for state in JobState::ALL {
            let has_way_out = TRANSITIONS.iter().any(|(from, _)| from == state);
            assert_eq!(state.is_final(), !has_way_out, "{state}");
        }
    }

    #[test]
    fn every_state_is_reached_from_queued() {
        let mut reached = vec![JobState::Queued];
        let mut at = 0;
        while let Some(from) = reached.get(at).copied() {
            for (_, to) in TRANSITIONS.iter().filter(|(f, _)| *f == from) {
                if !reached.contains(to) {
                    reached.push(*to);
                }
            }
            at += 1;
        }
        assert_eq!(reached.len(), JobState::ALL.len());
    }
}
