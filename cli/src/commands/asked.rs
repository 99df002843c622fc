//! What was asked, as it was understood: an intent in a musician's words.

use songwalker_schemas::Intent;
use songwalker_schemas::intent::{Descriptors, Movement};

/// Everything that an intent asks for beyond its category, each in a few words.
pub fn in_words(intent: &Intent) -> Vec<String> {
    let asked = &intent.descriptors;
    let mut words: Vec<String> = degrees(asked)
        .into_iter()
        .filter_map(|(value, less, more)| degree(value?, less, more))
        .collect();
    words.extend(asked.movement.as_ref().map(movement));
    words.extend(exact(asked));
    if let Some(bpm) = intent.tempo_bpm {
        words.push(format!("{bpm} bpm"));
    }
    for feature in &intent.avoid {
        let word = format!("no {feature}");
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

/// What is asked by degree, with the words for little and for much of it.
fn degrees(asked: &Descriptors) -> [(Option<f64>, &'static str, &'static str); 20] {
    let periodic = asked.movement.as_ref();
    // A movement of its own says both better.
    let amount = asked.movement_amount.filter(|d| periodic.is_none() || *d < 0.0);
    let speed = asked
        .movement_speed
        .filter(|_| periodic.is_none_or(|movement| movement.rate_hz.is_none()));
    [
        (asked.brightness, "dark", "bright"),
        (asked.warmth, "cold", "warm"),
        (asked.roughness, "smooth", "rough"),
        (asked.punch, "soft", "punchy"),
        (asked.attack, "fast attack", "slow attack"),
        (asked.length, "short", "long"),
        (asked.release, "short release", "long release"),
        (asked.width, "narrow", "wide"),
        (asked.space, "dry", "spacious"),
        (asked.drive, "clean", "driven"),
        (asked.noise, "free of noise", "noisy"),
        (asked.detune, "in tune", "detuned"),
        (asked.sub, "light below", "deep below"),
        (asked.complexity, "pure", "rich"),
        (asked.resonance, "flat", "resonant"),
        (amount, "still", "lively"),
        (speed, "slow movement", "fast movement"),
        (asked.chorus, "little chorus", "chorused"),
        (asked.phaser, "little phaser", "phased"),
        (asked.flanger, "little flanger", "flanged"),
    ]
}

/// −1..1 in words: slightly ±0.25, plain ±0.5, very ±0.75, extremely ±1; nothing where it is less.
fn degree(value: f64, less: &str, more: &str) -> Option<String> {
    let word = if value < 0.0 { less } else { more };
    match value.abs() {
        size if size < 0.22 => None,
        size if size < 0.375 => Some(format!("slightly {word}")),
        size if size < 0.7 => Some(word.to_owned()),
        size if size < 0.9 => Some(format!("very {word}")),
        _ => Some(format!("extremely {word}")),
    }
}

fn movement(asked: &Movement) -> String {
    let what = asked
        .target
        .map_or_else(|| "movement".to_owned(), |target| format!("{target} movement"));
    if let Some(sync) = asked.rate_sync {
        format!("{what} every {sync}")
    } else if let Some(hz) = asked.rate_hz {
        format!("{what} at {} Hz", short(hz))
    } else {
        what
    }
}

/// What is asked in units.
fn exact(asked: &Descriptors) -> Vec<String> {
    let mut words = Vec::new();
    let mut add = |word: Option<String>| words.extend(word);
    add(asked.attack_s.map(|s| format!("attack {}", time(s))));
    add(asked.decay_s.map(|s| format!("decay {}", time(s))));
    add(asked.sustain.map(|x| format!("sustain {} %", short(x * 100.0))));
    add(asked.release_s.map(|s| format!("release {}", time(s))));
    add(asked.glide_s.map(|s| format!("glide {}", time(s))));
    add(asked.cutoff_hz.map(|hz| format!("cutoff {} Hz", short(hz))));
    add(asked
        .resonance_exact
        .map(|x| format!("resonance {} %", short(x * 100.0))));
    add(asked
        .filter_kind
        .map(|kind| format!("{} filter", kind.name().replace('_', "-"))));
    add(asked.filter_slope.map(|db| format!("{db} dB an octave")));
    add(asked.vibrato_hz.map(|hz| format!("vibrato at {} Hz", short(hz))));
    add(asked
        .vibrato_cents
        .map(|cents| format!("vibrato of {} cents", short(cents))));
    add(asked.tremolo_hz.map(|hz| format!("tremolo at {} Hz", short(hz))));
    add(asked
        .delay
        .as_ref()
        .map(|delay| match (delay.sync, delay.time_s) {
            (Some(sync), _) => format!("{sync} delay"),
            (None, Some(s)) => format!("delay of {}", time(s)),
            (None, None) => "delay".to_owned(),
        }));
    add(asked.reverb_s.map(|s| format!("reverb of {}", time(s))));
    add(asked.unison_voices.map(|count| format!("{count} voices")));
    add(asked
        .unison_cents
        .map(|cents| format!("voices {} cents apart", short(cents))));
    add(asked.waveform.map(|waveform| format!("{waveform} wave")));
    add(asked.fm_ratio.map(|ratio| format!("FM ratio {}", short(ratio))));
    add(asked.transpose_octaves.map(|n| {
        let way = if n < 0 { "down" } else { "up" };
        format!("{} octave{} {way}", n.abs(), if n.abs() == 1 { "" } else { "s" })
    }));
    add(asked.oscillators.map(|n| format!("{n} oscillators")));
    words
}

fn time(seconds: f64) -> String {
    if seconds < 1.0 {
        format!("{} ms", short(seconds * 1e3))
    } else {
        format!("{} s", short(seconds))
    }
}

/// At most two decimals, none that says nothing.
fn short(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use songwalker_schemas::Category;
    use songwalker_schemas::intent::Feature;

    #[test]
    fn an_intent_is_said_in_a_musicians_words() {
        let mut intent = Intent::neutral(Category::Pad);
        assert!(in_words(&intent).is_empty());
        intent.descriptors = Descriptors {
            brightness: Some(-0.25),
            width: Some(0.75),
            attack_s: Some(0.25),
            movement_amount: Some(0.5),
            movement_speed: Some(-0.5),
            movement: Some(Movement {
                rate_hz: Some(0.2),
                ..Movement::default()
            }),
            transpose_octaves: Some(-1),
            ..Descriptors::default()
        };
        intent.avoid = vec![Feature::Reverb];
        assert_eq!(
            in_words(&intent),
            [
                "slightly dark",
                "very wide",
                "movement at 0.2 Hz",
                "attack 250 ms",
                "1 octave down",
                "no reverb"
            ]
        );
    }
}
