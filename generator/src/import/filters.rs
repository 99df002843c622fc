//! Filters in our order. Either of Vital's filters can follow the other; of ours only the second follows the first.
//! The two are built alike, so a preset whose first filter follows the second is the same sound with both exchanged.
//! Where each is to follow the other, Vital plays them side by side (measured).

use super::preset::Preset;

/// Exchanges the filters where filter 1 follows filter 2.
pub fn straighten(preset: &mut Preset) {
    let first = preset.is_on("filter_1_filter_input");
    let second = preset.is_on("filter_2_filter_input");
    if first && second {
        preset.numbers.insert("filter_2_filter_input".to_owned(), 0.0);
    } else if first {
        exchange(preset);
    }
    preset.numbers.insert("filter_1_filter_input".to_owned(), 0.0);
}

fn exchange(preset: &mut Preset) {
    preset.numbers = std::mem::take(&mut preset.numbers)
        .into_iter()
        .map(|(name, value)| (exchanged(&name), value))
        .collect();
    for control in ["osc_1", "osc_2", "osc_3", "sample"].map(|source| format!("{source}_destination")) {
        let other = match preset.number(&control).round() {
            0.0 => 1.0,
            1.0 => 0.0,
            kept => kept,
        };
        preset.numbers.insert(control, other);
    }
    for slot in &mut preset.slots {
        slot.destination = exchanged(&slot.destination);
    }
}

/// The same control of the other filter.
fn exchanged(name: &str) -> String {
    match (name.strip_prefix("filter_1_"), name.strip_prefix("filter_2_")) {
        (Some(rest), _) => format!("filter_2_{rest}"),
        (_, Some(rest)) => format!("filter_1_{rest}"),
        _ => name.to_owned(),
    }
}
