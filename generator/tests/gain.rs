//! A generated patch and its variations stay below −1 dBTP with their phrase and with what is played at once at full velocity.
use songwalker_generator::check::loudness::chord_peak_db;
use songwalker_generator::pipeline::{Hooks, Request, generate};

#[test]
fn eight_notes_at_full_velocity_stay_below_minus_one_dbtp() {
    for prompt in [
        "warm wide pad",
        "hard acid bass",
        "bright bell",
        "loud supersaw stab",
        "kick drum",
    ] {
        let request = Request {
            prompt: prompt.to_owned(),
            tags: Vec::new(),
            template_id: None,
            seed: 1,
            variations: 1,
            parent: None,
        };
        let generated = generate(&request, &Hooks::none()).expect("a bundle");
        let note = generated.intent.category.reference_note();
        let peak = chord_peak_db(&generated.patch, note, &|| false).expect("a render");
        assert!(peak <= -1.0, "{prompt}, chord around {note}: {peak:.2} dBTP");
        let phrase = generated.report.loudness.true_peak_db;
        assert!(phrase <= -1.0, "{prompt}: {phrase:.2} dBTP");
    }
}
