//! Pages as text: nothing hostile gets out of its place, nothing is asked for elsewhere, nothing private is there.

use songwalker_generator::package::archive;
use songwalker_generator::pipeline::{self, Hooks, Request};
use songwalker_schemas::job::{JobState, Stage};
use songwalker_schemas::{ErrorCode, Timestamp};

use super::*;

const HOSTILE: &str = r#"</title><script>alert("1")</script>'"<img src=x onerror=y>&amp;"#;

fn page(text: &str) -> SharePage {
    SharePage {
        name: text.to_owned(),
        category: "pad".to_owned(),
        subcategory: Some(text.to_owned()),
        voicing: "poly".to_owned(),
        tags: vec![text.to_owned()],
        links: ShareLinks::of_token("aB3"),
        outline: Outline {
            points: vec![(-0.5, 0.5); 600],
        },
        knobs: vec![Knob {
            label: text.to_owned(),
            percent: 50,
        }],
        measures: vec![Measure {
            name: "Shape",
            word: text.to_owned(),
            figure: text.to_owned(),
        }],
        variations: vec![Difference {
            name: text.to_owned(),
            differs: "More treble.",
            changes: vec![text.to_owned()],
        }],
        bundle_bytes: 860_385,
        license: text.to_owned(),
        expires_at: Some(Timestamp::from_millis(1_700_000_000_123)),
    }
}

/// Every value of an attribute that names something to load or go to.
fn addresses(html: &str) -> Vec<&str> {
    [" src=\"", " href=\"", " srcset=\"", " action=\"", " data=\""]
        .iter()
        .flat_map(|name| html.split(name).skip(1))
        .filter_map(|rest| rest.split('"').next())
        .collect()
}

#[test]
fn hostile_names_stay_text() {
    let html = share(&page(HOSTILE)).unwrap();
    let harmless = share(&page("harmless")).unwrap();
    for piece in ["<script>alert", "<img src=x", "alert(\"1\")", "'\"<"] {
        assert!(!html.contains(piece), "{piece}");
    }
    let tags = |html: &str| html.matches('<').count();
    assert_eq!(tags(&html), tags(&harmless));
    assert_eq!(html.matches('"').count(), harmless.matches('"').count());
}

#[test]
fn a_share_page_names_its_parts_beside_itself_and_its_assets_on_this_server() {
    let html = share(&page("Warm Pad")).unwrap();
    let addresses = addresses(&html);
    for wanted in ["aB3/preview", "aB3/spectrogram", "aB3/bundle", "aB3/patch"] {
        assert!(addresses.contains(&wanted), "{wanted}");
    }
    for address in addresses {
        let known = address.starts_with("aB3/")
            || address
                .strip_prefix("/assets/")
                .is_some_and(|name| asset(name).is_some());
        assert!(known, "{address}");
    }
    assert!(html.contains("Here until 14 November 2023"));
    assert!(html.contains("860 kB"));
    assert!(html.contains("<title>Warm Pad · SongWalker</title>"));
    assert!(html.contains(r#"<meta property="og:title" content="Warm Pad">"#));
}

#[test]
fn a_page_works_under_the_policy_that_it_is_served_with() {
    for html in [
        share(&page("Warm Pad")).unwrap(),
        gone().unwrap(),
        home().unwrap(),
    ] {
        assert!(!html.contains("<style"), "a style that the policy forbids");
        assert!(!html.contains(" style="), "a style that the policy forbids");
        for handler in [
            "onclick=",
            "onload=",
            "onerror=",
            "oninput=",
            "onsubmit=",
            "javascript:",
        ] {
            assert!(
                !html.contains(handler),
                "a handler that the policy forbids: {handler}"
            );
        }
        for script in html.split("<script").skip(1) {
            assert!(
                script.starts_with(" type=\"module\" src=\"/assets/"),
                "a script that the policy forbids"
            );
        }
    }
    assert!(!csp().contains("unsafe") && !csp().contains("http") && !csp().contains('*'));
}

#[test]
fn a_page_that_is_a_file_asks_for_nothing() {
    let parts = StandaloneParts {
        preview_flac: b"fLaC",
        spectrogram_png: b"\x89PNG",
        bundle_zip: b"PK\x03\x04",
    };
    let html = share_standalone(&page("Warm Pad"), &parts).unwrap();
    for address in addresses(&html) {
        assert!(address.starts_with("data:"), "{address}");
    }
    for inside in [
        "data:audio/flac;base64,ZkxhQw==",
        "data:application/zip;base64,UEsDBA==",
    ] {
        assert!(html.contains(inside), "{inside}");
    }
    assert!(!html.contains("Here until"));
}

#[test]
fn the_policy_of_a_file_names_exactly_what_stands_in_it() {
    use base64::Engine;
    use sha2::Digest;
    let parts = StandaloneParts {
        preview_flac: b"",
        spectrogram_png: b"",
        bundle_zip: b"",
    };
    let html = share_standalone(&page(HOSTILE), &parts).unwrap();
    for (open, close) in [("<style>", "</style>"), ("<script type=\"module\">", "</script>")] {
        assert_eq!(html.matches(open).count(), 1);
        let inside = html.split(open).nth(1).unwrap().split(close).next().unwrap();
        let digest = sha2::Sha256::digest(inside.as_bytes());
        let wanted = base64::engine::general_purpose::STANDARD.encode(digest);
        // In the attribute the template writes `'`, `+` and `/` as they are or as references: both mean the same.
        let policy = html
            .split("Content-Security-Policy\" content=\"")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap();
        assert!(
            policy
                .replace("&#39;", "'")
                .contains(&format!("'sha256-{wanted}'")),
            "{open}"
        );
        assert!(!inside.is_empty());
    }
}

#[test]
fn the_page_of_what_is_gone_is_always_the_same() {
    let first = gone().unwrap();
    assert_eq!(first, gone().unwrap());
    assert!(first.contains("noindex"));
    assert!(!first.contains("/s/"));
}

#[test]
fn a_bundle_becomes_a_page_that_does_not_tell_its_prompt() {
    let prompt = "warm analog pad with slow movement, canaryword, wide";
    let request = Request {
        prompt: prompt.to_owned(),
        tags: vec!["canarytag".to_owned()],
        template_id: None,
        seed: 0,
        variations: 1,
        parent: None,
    };
    let generated = pipeline::generate(&request, &Hooks::none()).unwrap();
    let zip = &generated.bundle.zip;
    let files = archive::read(zip).unwrap();
    let page = SharePage::from_files(&files, zip.len() as u64, ShareLinks::of_token("t0ken"), None).unwrap();
    assert_eq!(page.name, generated.name);
    assert_eq!(page.knobs.len(), 8);
    assert_eq!(page.outline.points.len(), 600);
    assert_eq!(page.variations.len(), 1);
    assert!(!page.variations[0].changes.is_empty());
    assert!(page.measures.len() >= 6, "{:?}", page.measures);
    let html = share(&page).unwrap();
    assert!(html.contains(&generated.name));
    for private in ["canary", "with slow movement"] {
        assert!(!html.contains(private), "{private}");
    }
}

#[test]
fn a_bundle_without_its_patch_has_no_page() {
    let error = SharePage::from_files(&Default::default(), 0, ShareLinks::of_token("t"), None).unwrap_err();
    assert!(matches!(error, PageError::Missing("patch.json")));
}

#[test]
fn the_home_page_has_a_sentence_for_every_code_stage_and_end() {
    let sentences = assets::content("sentences.js");
    for word in ErrorCode::NAMES.iter().chain(Stage::NAMES) {
        let lines = sentences
            .lines()
            .filter(|line| line.starts_with(&format!("  {word}: \"")));
        assert_eq!(lines.count(), 1, "{word}");
    }
    for state in JobState::ALL.iter().filter(|state| state.is_final()) {
        assert!(sentences.contains(&format!("\"{state}\"")), "{state}");
    }
    let order: Vec<usize> = Stage::NAMES
        .iter()
        .map(|stage| sentences.find(&format!("  {stage}: ")).unwrap())
        .collect();
    assert!(order.is_sorted(), "the stages stand in their order");
}
