//! What the planner makes of phrases: a table of prompts with the category they must get and what the intent must say.
//! The checks are those of `planner/checks.rs`.

#[path = "planner/checks.rs"]
mod checks;

use checks::hold;

#[test]
fn roles_name_the_category_and_the_head_of_a_phrase_wins() {
    hold(&[
        ("bass", "bass", "voicing = mono"),
        ("pad", "pad", "voicing = poly"),
        ("lead", "lead", "voicing = mono"),
        ("kick", "drum", "sub = kick"),
        ("open hi hat", "drum", "sub = open_hat"),
        ("closed hi-hat", "drum", "sub = hat"),
        ("rimshot, dry", "drum", "has no_reverb"),
        ("string machine pad", "pad strings", "chorus > 0"),
        ("choir pad", "pad choir", ""),
        ("80s brass stab", "brass", "sub = stab; length < -0.2"),
        ("orchestra hit", "stab", ""),
        ("rave stab", "stab", ""),
        ("pulsing synthwave bass", "bass", "movement.target = level"),
        ("organ bass", "bass", ""),
        ("flute lead", "lead wind", ""),
        ("kalimba-like pluck", "pluck", "voicing = poly"),
        ("marimba, woody", "mallet", "brightness < 0"),
        ("tubular bells", "bell", "voicing = poly"),
        ("music box, delicate", "bell", ""),
        ("rhodes", "keys", "sub = electric_piano"),
        ("clavinet with auto wah", "keys", "movement.target = filter"),
        ("church organ", "organ", ""),
        ("solo violin, expressive", "strings", "vibrato_cents > 8"),
        ("french horn, mellow", "brass", "brightness < 0"),
        ("pan flute", "wind", ""),
        ("shakuhachi, breathy", "wind", "noise > 0.3"),
        ("male choir", "choir", ""),
        ("talkbox lead", "lead", ""),
        ("vocal chop, airy", "vox", ""),
        ("nylon guitar, soft", "guitar", "brightness < 0"),
        ("trance arp", "arp", ""),
        ("step sequence, fast", "sequence", "movement_speed > 0"),
        ("impact boom", "fx", "sub = impact"),
        ("riser", "fx", "attack > 0.5"),
        ("alarm siren", "fx", "sub = siren; movement.target = pitch"),
        ("dark drone, endless", "drone", "length >= 0.75"),
        ("slap bass guitar", "bass", "sub = bass_guitar"),
        ("deep sub", "bass", "sub > 0.4"),
        ("timpani hit", "drum", ""),
        ("tibetan singing bowl, long ring", "bell", "length > 0.3"),
    ]);
}

#[test]
fn instruments_and_kinds_reach_their_category_and_subcategory() {
    hold(&[
        ("clarinet", "wind", "sub = clarinet"),
        ("saxophone", "wind", "sub = saxophone"),
        ("distorted guitar", "guitar", "sub = distorted"),
        ("nylon guitar", "guitar", "sub = nylon"),
        ("palm-muted guitar", "guitar", "sub = muted"),
        ("choir oohs", "choir", "sub = oohs"),
        ("angelic choir", "choir", "sub = angelic"),
        ("robot voice", "vox", "sub = robot"),
        ("talkbox", "lead", "sub = talkbox"),
        ("rave stab", "stab", "sub = rave"),
        ("dub chord", "stab", "sub = dub"),
        ("orchestra hit", "stab", "sub = orchestra_hit"),
        ("chip arp", "arp", "sub = chip"),
        ("tanpura", "drone", "sub = tanpura"),
        ("sitar drone", "drone", "sub = tanpura"),
        ("deep drone", "drone", "sub = deep"),
        ("long kick", "drum", "sub = long_kick"),
        ("steel drum", "mallet", "sub = steel_drum"),
        ("handpan", "mallet", "sub = steel_drum"),
        ("gamelan", "mallet", "sub = steel_drum"),
        ("mellotron", "strings", "sub = mellotron"),
        ("log drum", "bass", "sub = log_drum"),
        ("fretless bass guitar", "bass", "sub = bass_guitar"),
        ("slap bass guitar", "bass", "sub = bass_guitar"),
        ("hoover", "lead", "sub = hoover"),
        ("harpsichord", "keys", "sub = harpsichord"),
        ("clav", "keys", "sub = clav"),
        ("wurlitzer", "keys", "sub = electric_piano"),
        ("church organ", "organ", "sub = pipe"),
        ("accordion", "organ", "sub = reed"),
        ("harmonica", "organ", "sub = reed"),
        ("vibraphone", "mallet", "sub = vibraphone"),
        ("xylophone", "mallet", "sub = xylophone"),
        ("music box", "bell", "sub = music_box"),
        ("tubular bells", "bell", "sub = tubular"),
        ("tremolo strings", "strings", "sub = tremolo"),
        ("cello solo", "strings", "sub = solo"),
        ("violin solo", "strings", "sub = solo"),
        ("trumpet", "brass", "sub = trumpet"),
        ("french horn", "brass", "sub = horn"),
        ("braam", "brass", "sub = braam"),
        ("siren", "fx", "sub = siren"),
        ("laser", "fx", "sub = laser"),
        ("zap", "fx", "sub = zap"),
        ("glitch", "fx", "sub = glitch"),
        ("rain", "fx", "sub = nature"),
        ("ocean", "fx", "sub = nature"),
        ("wind noise", "fx", "sub = nature"),
        ("rain and wind", "fx", "sub = nature"),
        ("church bells", "bell", "sub = tubular"),
        ("pizzicato strings", "pluck", "sub = plucked_string"),
        ("choir humming", "choir", "sub = oohs"),
        ("trombone solo", "brass", "sub = trombone"),
        ("guitar solo", "guitar", "sub = distorted"),
        ("lead guitar", "guitar", "sub = distorted"),
        ("jazz sax solo", "wind", "sub = saxophone"),
        ("piano solo", "keys", "sub = piano"),
        ("nylon string guitar", "guitar", "sub = nylon"),
        ("mellotron strings", "strings", "sub = mellotron"),
        ("tape strings", "strings", "sub = mellotron"),
        ("amapiano bass", "bass", "sub = log_drum"),
        ("dub techno chord", "stab", "sub = dub"),
        ("hoover stab", "stab", "sub = rave"),
        ("old school rave stab", "stab", "sub = rave"),
        ("icy bell", "bell", "sub = glass"),
        ("wind chimes", "bell", "sub = glass"),
        ("low strings", "strings", "sub = dark"),
        ("suspense strings", "strings", "sub = tremolo"),
        ("cinematic brass", "brass", "sub = braam"),
        ("low brass", "brass", "sub = braam"),
        ("soft brass", "brass", "sub = horn"),
        ("deep bass", "bass", "sub = sub"),
        ("sine bass", "bass", "sub = sub"),
        ("boomy bass", "bass", "sub = 808"),
        ("digital bass", "bass", "sub = fm"),
        ("distorted guitar lead", "lead", "sub = distorted"),
        ("guitar lead", "lead", "sub = distorted"),
        ("vocal lead", "lead", "sub = talkbox"),
        ("talking lead", "lead", "sub = talkbox"),
        ("laser lead", "lead", "sub = sync"),
        ("dark pad", "pad", "sub = dark"),
        ("bell pad", "pad", "sub = glass"),
        ("angelic pad", "pad", "sub = vowel"),
        ("lush pad", "pad", "sub = evolving"),
        ("soft pluck", "pluck", "sub = soft"),
        ("bright pluck", "pluck", "sub = bright"),
        ("water drop", "pluck", "sub = bubble"),
        ("step sequence", "sequence", "sub = steps"),
        ("acid sequence", "sequence", "sub = steps"),
        ("60s organ", "organ", "sub = combo"),
        ("reed organ", "organ", "sub = reed"),
        ("m1 piano", "keys", "sub = house"),
        ("funk guitar", "guitar", "sub = muted"),
        ("string bass", "bass", "sub = bass_guitar"),
    ]);
}

#[test]
fn a_kind_named_beside_a_category_only_colours_it() {
    hold(&[
        ("distorted guitar lead", "lead", "drive > 0.3"),
        ("sitar lead", "lead", ""),
        ("steel drum lead", "lead", ""),
        ("handpan pad", "pad", ""),
        ("ocean pad", "pad", ""),
        ("robot bass", "bass", ""),
        ("sax lead", "lead", ""),
        ("singing lead", "lead", ""),
        ("warm bass", "bass", "sub = analog"),
        ("warm bass pluck", "pluck", "sub = soft"),
        ("soft bass", "bass", ""),
        ("detuned lead", "lead", "no glide_s"),
        ("wind", "wind", ""),
        ("wind ensemble", "wind", ""),
    ]);
}

#[test]
fn what_it_is_for_like_or_with_does_not_name_it() {
    hold(&[
        (
            "short plucky synth for future bass arps",
            "pluck arp",
            "length < 0",
        ),
        ("a pad to sit under a lead vocal", "pad", ""),
        ("bass that works with a big kick", "bass", ""),
        ("pad with bells on top", "pad", "no brightness"),
        ("lead like a distorted guitar", "lead", "drive > 0"),
        ("a pluck for deep house", "pluck", ""),
        ("darker than a normal bass", "bass", "brightness < 0"),
        ("something like a hoover", "lead", "sub = hoover"),
        ("wide, because the drums are mono, pad", "pad", "width > 0"),
        ("pad with lots of sub", "pad", "sub > 0.5"),
        (
            "future bass chords, bright",
            "pad keys stab lead",
            "brightness > 0.3",
        ),
        ("drum and bass lead", "lead", ""),
    ]);
}

#[test]
fn degrees_scale_and_comparatives_count_as_their_word() {
    hold(&[
        ("slightly bright pad", "pad", "brightness = 0.25"),
        ("bright pad", "pad", "brightness = 0.5"),
        ("very bright pad", "pad", "brightness = 0.75"),
        ("extremely bright pad", "pad", "brightness = 1"),
        ("a bit dark bass", "bass", "brightness = -0.25"),
        ("super wide pad", "pad", "width = 1"),
        ("a touch of chorus on a pad", "pad", "chorus = 0.25"),
        ("lead with tons of reverb", "lead", "space = 0.75"),
        ("less reverb pluck", "pluck", "space < 0; no reverb_s"),
        ("less bright lead", "lead", "brightness < 0; brightness > -0.5"),
        (
            "like a normal saw pad but darker and slower",
            "pad",
            "brightness < -0.3; attack > 0.3; waveform = saw",
        ),
        (
            "a wider, brighter supersaw",
            "lead",
            "width > 0.5; brightness > 0.4; voicing = poly",
        ),
        ("slightly detuned saw lead", "lead", "detune < 0.4; detune > 0.1"),
        ("mega distorted bass", "bass", "drive > 0.8"),
        ("barely any reverb on these keys", "keys", "space = 0.25"),
    ]);
}

#[test]
fn negation_reaches_as_far_as_it_should() {
    hold(&[
        (
            "a lead but not too bright please",
            "lead",
            "brightness < 0; brightness >= -0.3",
        ),
        (
            "bass without any distortion or movement",
            "bass",
            "has no_distortion; has static; avoids movement",
        ),
        (
            "pad without reverb, delay or chorus, wide",
            "pad",
            "has no_reverb; has no_delay; has no_chorus; width > 0.4",
        ),
        ("no reverb, wide pad", "pad", "has no_reverb; width > 0.4"),
        (
            "pluck, no reverb and bright",
            "pluck",
            "has no_reverb; brightness > 0.3",
        ),
        (
            "centered pluck, no unison, don't make it wide",
            "pluck",
            "has no_unison; has centered; width < -0.5",
        ),
        (
            "I don't want a pad!! give me something percussive",
            "pluck keys bell drum mallet stab",
            "attack < 0",
        ),
        (
            "evolving pad, but without a slow attack",
            "pad",
            "attack < -0.3; movement_amount > 0.3; attack > -0.45",
        ),
        ("keys but not a piano", "keys", ""),
        (
            "no pads, no basses, just a bright pluck",
            "pluck",
            "brightness > 0.3; calm",
        ),
        (
            "a sound that is neither a pad nor a lead",
            "bass pluck keys bell organ",
            "",
        ),
        ("pad, nothing moving", "pad", "has static; movement_amount < 0"),
        (
            "pad without any high frequencies",
            "pad",
            "brightness < -0.5; avoids highs",
        ),
        ("warm bass, no sub", "bass", "has no_sub; warmth > 0"),
        ("noise-free lead", "lead", "has no_noise"),
        (
            "not too much reverb on the piano",
            "keys",
            "space > 0; space < 0.4",
        ),
        ("pluck without any attack click", "pluck", "avoids click"),
        (
            "strings without vibrato or tremolo",
            "strings",
            "has no_vibrato; no tremolo_hz",
        ),
        (
            "lead, not distorted, not detuned",
            "lead",
            "has no_distortion; detune < -0.5",
        ),
        ("bass but not boomy", "bass", "sub < 0"),
        ("not so fast attack pad", "pad", "attack > 0"),
        ("pluck instead of a pad", "pluck", ""),
        (
            "delay rather than reverb on a lead",
            "lead",
            "delay.amount > 0; has no_reverb",
        ),
        (
            "square lead, no effects",
            "lead",
            "has no_effects; avoids effects",
        ),
        ("pluck, no sustain", "pluck", "sustain = 0; has pluck"),
        (
            "no harmonics, just a sine bass",
            "bass",
            "complexity < -0.7; waveform = sine",
        ),
        (
            "I don't like bright sounds, I need soft keys",
            "keys",
            "brightness < -0.3",
        ),
        ("kick without the click", "drum", "avoids click"),
    ]);
}

#[test]
fn adjectives_change_meaning_with_their_noun() {
    hold(&[
        ("slow attack pad", "pad", "attack = 0.5; no movement_speed"),
        (
            "pad with slow movement",
            "pad",
            "movement_amount > 0.3; movement.rate_hz < 0.5; no attack",
        ),
        ("slow pad", "pad", "attack > 0.3"),
        ("long release keys", "keys", "release = 0.5; no length"),
        ("bell with a long tail", "bell", "release > 0.3"),
        ("short decay pluck", "pluck", "length < -0.3; no attack"),
        ("fast attack strings", "strings", "attack = -0.5"),
        ("soft attack lead", "lead", "attack > 0.2; no brightness"),
        ("pad with big reverb", "pad", "space > 0.2"),
        (
            "lead with tiny vibrato",
            "lead",
            "vibrato_cents < 10; vibrato_cents >= 4",
        ),
        ("lead with heavy vibrato", "lead", "vibrato_cents > 25"),
        ("deep bass", "bass", "sub > 0.3"),
        ("pad with deep modulation", "pad", "movement_amount > 0.6; no sub"),
        (
            "pad, attack slow, release long",
            "pad",
            "attack = 0.5; release = 0.5",
        ),
        (
            "pad attack fast release slow",
            "pad",
            "attack < -0.4; release > 0.4",
        ),
        (
            "acid bass with a short decay on the filter",
            "bass",
            "no length; punch > 0.3",
        ),
        ("high resonance bass", "bass", "resonance > 0.3"),
        ("lead with low resonance", "lead", "resonance < 0"),
        (
            "slow filter sweep pad",
            "pad",
            "movement.target = filter; movement.rate_hz < 0.4",
        ),
        (
            "soft evolving pad",
            "pad",
            "brightness < 0; movement_amount > 0.3",
        ),
        ("fast vibrato lead", "lead", "vibrato_hz > 6"),
        ("slow wobble bass", "bass", "movement.rate_hz < 2"),
        ("slow pad with a fast attack", "pad", "attack < -0.3; calm"),
        ("choir, slow", "choir", "attack > 0.3"),
    ]);
}

#[test]
fn numbers_with_units_are_taken_exactly() {
    hold(&[
        ("pluck, 250 ms attack", "pluck pad", "attack_s = 0.25"),
        ("pad attack 2 s release 3 s", "pad", "attack_s = 2; release_s = 3"),
        ("wobble bass at 2 Hz", "bass", "movement.rate_hz = 2"),
        (
            "dubstep bass, lfo on the cutoff around 3 hz",
            "bass",
            "movement.rate_hz = 3; movement.target = filter; no cutoff_hz",
        ),
        ("pluck with 1/8 delay", "pluck", "delay.sync = 1/8"),
        ("lead with a quarter note delay", "lead", "delay.sync = 1/4"),
        (
            "pluck with dotted eighth delay",
            "pluck",
            "delay.sync = 1/8; delay.sync_mode = dotted",
        ),
        (
            "keys, 300 ms ping pong delay",
            "keys",
            "delay.time_s = 0.3; delay.style = ping_pong",
        ),
        (
            "saw wave, 24 dB lowpass at 400 Hz, resonance 30%",
            "pad strings lead bass",
            "filter_slope = 24; cutoff_hz = 400; resonance_exact = 0.3; filter_kind = low_pass",
        ),
        (
            "pad, 12 dB highpass at 1.2 kHz",
            "pad",
            "filter_slope = 12; cutoff_hz = 1200; filter_kind = high_pass",
        ),
        (
            "fm bell, ratio 3.5, decay 3 seconds, tiny vibrato at 5 Hz",
            "bell",
            "fm_ratio = 3.5; decay_s = 3; vibrato_hz = 5; waveform = fm",
        ),
        (
            "7 voice unison saw lead, 30 cents detune",
            "lead",
            "unison_voices = 7; unison_cents = 30",
        ),
        (
            "two saws slightly detuned lead",
            "lead",
            "oscillators = 2; waveform = saw",
        ),
        ("three oscillators, lead", "lead", "oscillators = 3"),
        ("lead an octave down", "lead", "transpose_octaves = -1"),
        ("bell plus 12 semitones", "bell", "transpose_octaves = 1"),
        (
            "pad between C2 to C4",
            "pad",
            "register.low_note = 36; register.high_note = 60",
        ),
        ("82 bpm downtempo pad", "pad", "tempo_bpm = 82"),
        (
            "white noise riser, 4 bar build up",
            "fx",
            "attack_s = 8; noise > 0.5",
        ),
        (
            "gated pad, 16ths",
            "pad",
            "movement.rate_sync = 1/16; movement.shape = gate",
        ),
        ("pad chopped in eighths", "pad", "movement.rate_sync = 1/8"),
        (
            "sidechained pad pumping at quarter notes",
            "pad",
            "movement.rate_sync = 1/4; movement.target = level",
        ),
        ("mono glide lead, 100 ms portamento", "lead", "glide_s = 0.1"),
        (
            "pad with 0.2 hz filter lfo, cutoff 900 Hz",
            "pad",
            "movement.rate_hz = 0.2; cutoff_hz = 900; calm",
        ),
        (
            "pad with an 8 bar filter sweep",
            "pad",
            "movement.rate_sync = 8/1",
        ),
        ("it should fade in over a second, pad", "pad", "attack_s = 1"),
        ("keys with 2,5 s reverb", "keys", "reverb_s = 2.5"),
        ("saw pad sustain 60%", "pad", "sustain = 0.6"),
        ("lead with 30% resonance", "lead", "resonance_exact = 0.3"),
        ("organ with tremolo at 6 Hz", "organ", "tremolo_hz = 6"),
    ]);
}

#[test]
fn styles_machines_and_scenes_colour_but_do_not_overrule() {
    hold(&[
        ("303 squelch", "bass", "sub = acid; resonance > 0.4"),
        ("808 bass", "bass", "sub = 808"),
        ("reese", "bass", "sub = reese; detune > 0.4"),
        ("supersaw", "lead", "waveform = supersaw; voicing = poly"),
        ("juno pad", "pad", "chorus > 0.3"),
        ("dx7 electric piano", "keys", "waveform = fm"),
        ("moog bass", "bass", ""),
        ("g-funk lead", "lead", "voicing = mono; glide_s > 0"),
        (
            "chiptune lead",
            "lead",
            "waveform = square; width < 0; voicing = mono",
        ),
        ("trance lead", "lead", "voicing = poly"),
        ("skrillex growl", "bass", "sub = growl; movement.target = filter"),
        (
            "sample and hold computer blips",
            "sequence fx arp",
            "movement.shape = sample_hold",
        ),
        ("dark trance lead", "lead", "brightness < -0.3"),
        ("lofi keys", "keys", "brightness < 0"),
        (
            "ufo taking off, wobbling upwards",
            "fx",
            "movement.target = pitch",
        ),
        (
            "hammond organ, percussive click",
            "organ",
            "no sustain; attack < 0",
        ),
        ("🔥🔥 nasty bass 😈", "bass", "drive > 0.4"),
        ("❄️ bells", "bell", "brightness > 0.2"),
        ("🌊 chill pad 😌✨", "pad", "brightness <= 0; attack > 0"),
        (
            "gimme that skrillexy growl thing yk the yoi yoi one",
            "bass",
            "roughness > 0.4",
        ),
    ]);
}

#[test]
fn without_a_role_the_words_decide_and_confidence_is_lower() {
    hold(&[
        ("something percussive", "pluck", "confidence < 0.8"),
        (
            "BRIGHT!!!! PLUCKY!!!! SHORT!!!!",
            "pluck",
            "brightness > 0.3; length < -0.3",
        ),
        ("slow attack, lots of reverb", "pad", "confidence < 0.7"),
        ("warm and fuzzy", "lead bass keys pad", "confidence < 0.7"),
        ("white noise, sweeping", "fx", ""),
        ("asdf qwer zxcv", "pad keys lead", "confidence < 0.3"),
    ]);
}

#[test]
fn contradictions_are_settled_and_listed() {
    hold(&[
        (
            "bright dark pad with a fast slow attack",
            "pad",
            "conflict brightness; conflict attack",
        ),
        ("mono but super wide bass", "bass", "conflict width"),
        ("completely dry lead drenched in reverb", "lead", "conflict space"),
        ("pluck with a very long slow attack", "pluck", "conflict attack"),
        (
            "static pad that is constantly moving",
            "pad",
            "conflict movement_amount",
        ),
        ("loud quiet bass", "bass", "conflict loudness"),
        ("mono poly lead", "lead", "conflict voicing"),
        ("a bright pad but with no highs", "pad", "conflict brightness"),
        ("percussive pad with infinite sustain", "pad", "conflict category"),
        ("warm wide pad", "pad", "calm"),
        ("warm but bright pad", "pad", "calm"),
    ]);
}

#[test]
fn slips_and_slang_are_read() {
    hold(&[
        ("agresive distroted bas", "bass", "drive > 0.4; roughness > 0.3"),
        (
            "brihgt lush padd wit revrb",
            "pad",
            "brightness > 0.3; width > 0.3; space > 0.3",
        ),
        ("baaass super faaat", "bass", "sub > 0.3"),
        ("metalic bel, resonent", "bell", "resonance > 0.3"),
        ("vibarto leadd plz", "lead", "vibrato_cents > 8"),
        ("synth lead w/o reverb", "lead", "has no_reverb"),
    ]);
}

#[test]
fn other_languages_say_the_same() {
    hold(&[
        (
            "warmes, breites Analog-Pad mit langsamer Bewegung",
            "pad",
            "warmth > 0.3; width > 0.4; movement_speed < 0",
        ),
        (
            "dunkler Bass ohne Verzerrung",
            "bass",
            "brightness < -0.3; has no_distortion",
        ),
        (
            "kurzer, heller Zupfklang ohne Hall",
            "pluck",
            "brightness > 0.3; length < 0; has no_reverb",
        ),
        (
            "weiche Streicher mit langem Hall",
            "strings",
            "brightness < 0; reverb_s > 2",
        ),
        ("Streicherpad, sehr breit", "pad strings", "width > 0.7"),
        (
            "bajo gordo y agresivo con distorsión, mono",
            "bass",
            "drive > 0.4; voicing = mono",
        ),
        (
            "pad suave y cálido sin reverberación",
            "pad",
            "warmth > 0.3; has no_reverb",
        ),
        ("campana metálica con mucha reverb", "bell", "space > 0.5"),
        (
            "orgue chaud et rond, sans réverbération",
            "organ",
            "warmth > 0.3; has no_reverb",
        ),
        (
            "nappe sombre et lente, très large",
            "pad",
            "brightness < -0.3; attack > 0.3; width > 0.7",
        ),
        ("basse grosse et agressive", "bass", "drive > 0.4"),
        ("baixo gordo e distorcido", "bass", "drive > 0.4"),
        (
            "pad escuro e lento com muito reverb",
            "pad",
            "brightness < -0.3; space > 0.5",
        ),
        (
            "暗くてゆっくり動く広がりのあるパッド",
            "pad",
            "brightness < -0.3; width > 0.4; movement_speed < 0",
        ),
        (
            "短いベル、明るい、リバーブなし",
            "bell",
            "length < 0; brightness > 0.3; has no_reverb",
        ),
        ("太いベース", "bass", "sub > 0.3"),
        ("मुलायम और धीमा पैड, बहुत चौड़ा", "pad", "attack > 0.3; width > 0.7"),
        ("भारी बेस, बिना रीवर्ब", "bass", "has no_reverb"),
        ("चमकीली घंटी, लंबी गूंज", "bell", "brightness > 0.3; reverb_s > 2"),
    ]);
}

#[test]
fn a_long_request_is_followed_in_all_its_sentences() {
    let prompt = "hey there, I'm working on a slow ballad at about 70 bpm in A minor and I need something for the bridge. \
        What I hear is a soft electric piano, a little like the ones on old soul records, with a warm body and just a bit \
        of tremolo. It shouldn't be bright, no bells please, and definitely no distortion. The release can be long, because \
        the bass player leaves early. If you add reverb keep it small. Thank you!";
    hold(&[(
        prompt,
        "keys",
        "sub = electric_piano; tempo_bpm = 70; brightness < 0; tremolo_hz > 1; has no_distortion; release > 0.3; space > 0; space < 0.5",
    )]);
}
