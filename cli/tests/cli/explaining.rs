//! `songwalker explain`: how a prompt is understood, in words and as JSON, and that nothing is made.

use crate::workbench::Workbench;

#[test]
fn every_word_is_explained_and_the_unknown_ones_are_named() {
    let bench = Workbench::new();
    let told = bench
        .run(&[
            "explain",
            "--json",
            "drak reese bass, not too wide, 2 Hz wobble, xqzzt",
        ])
        .json();
    let entry = |word: &str| {
        let list = told["understood"].as_array().unwrap();
        list.iter().find(|heard| heard["word"] == word).unwrap().clone()
    };
    assert_eq!(entry("drak")["entry"], "dark");
    assert_eq!(
        (&entry("drak")["guess"], &entry("wide")["guess"]),
        (&true.into(), &false.into())
    );
    assert!(
        entry("wide")["effect"].as_str().unwrap().contains("width -"),
        "{told}"
    );
    assert!(
        entry("wobble")["effect"]
            .as_str()
            .unwrap()
            .contains("move_rate = 2"),
        "{told}"
    );
    assert_eq!(told["unknown"][0]["word"], "xqzzt");
    assert_eq!(told["intent"]["category"], "bass");
    assert_eq!(told["intent"]["descriptors"]["movement"]["rate_hz"], 2.0);
    assert!(
        told["template"]["id"].as_str().unwrap().starts_with("bass_"),
        "{told}"
    );
    assert!(bench.names(".").is_empty(), "{:?} is left", bench.names("."));
}

#[test]
fn in_words_it_says_category_template_conflicts_and_what_must_hold() {
    let ended = Workbench::new().run(&["explain", "bright", "dark", "pad,", "no", "reverb,", "blorptical"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    for piece in [
        "pad",
        "% sure",
        "template",
        "pad_",
        "conflict",
        "kept dark",
        "no_reverb",
        "not understood",
        "blorptical",
    ] {
        assert!(ended.out.contains(piece), "{piece}: {ended:?}");
    }
}

#[test]
fn what_no_prompt_may_be_is_refused_here_too() {
    let bench = Workbench::new();
    bench
        .run(&["explain", "--json", " "])
        .fails_as("invalid_request", 3);
    bench.run(&["explain", "--json"]).fails_as("usage", 2);
    bench
        .run(&["explain", "--json", "é".repeat(4_001).as_str()])
        .fails_as("prompt_too_long", 3);
}
