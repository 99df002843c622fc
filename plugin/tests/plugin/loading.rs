//! Files, links and servers, honest and not: what is whole lands in its slot, everything else becomes a message.

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::fake::{Fake, say};
use songwalker_generator::package::archive;
use songwalker_generator::pipeline::{self, Generated, Hooks, Request};
use songwalker_plugin::content::Content;
use songwalker_plugin::load::server::{Listed, Server, ServerError, shared_bundle};
use songwalker_plugin::load::{self, LoadError};
use songwalker_schemas::{PatchSpec, canonical};

/// A bundle with variations, made once.
fn generated() -> &'static Generated {
    static GENERATED: OnceLock<Generated> = OnceLock::new();
    GENERATED.get_or_init(|| {
        let request = Request {
            prompt: "short dark bass".to_owned(),
            tags: Vec::new(),
            template_id: None,
            seed: 0,
            variations: 1,
            parent: None,
        };
        pipeline::generate(&request, &Hooks::none()).expect("a bundle")
    })
}

fn file(path: &str) -> &'static [u8] {
    &generated().bundle.files[path]
}

fn patch_of(content: &Content) -> &PatchSpec {
    &content.sound().expect("a sound").patch
}

#[test]
fn bundle_preset_patch_and_vital_file_give_their_patch() {
    let made = generated();
    let bundle = load::content(&made.bundle.zip, "a.zip", None).expect("a bundle");
    assert_eq!(patch_of(&bundle), &made.patch);
    let Content::Patch(of_bundle) = &bundle else {
        panic!("no patch");
    };
    assert_eq!(of_bundle.variations.len(), 1);
    assert_ne!(of_bundle.variations[0].sound.hash, of_bundle.base.hash);
    for path in ["songwalker/preset.json", "patch.json"] {
        let content = load::content(file(path), path, None).expect(path);
        assert_eq!(patch_of(&content), &made.patch, "{path}");
    }
    let vital = made
        .bundle
        .files
        .keys()
        .find(|path| path.starts_with("vital/"))
        .expect("a .vital file");
    let imported = load::content(file(vital), vital, None).expect("an import");
    assert_eq!(patch_of(&imported).name, made.patch.name);
    assert!(patch_of(&imported).meta.imported);
}

#[test]
fn what_is_damaged_hostile_or_something_else_is_refused() {
    let zip = &generated().bundle.zip;
    let mut flipped = zip.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0x55;
    let cut = &zip[..zip.len() - 100];
    let deep = "[".repeat(200_000);
    let cases: [(&str, &[u8]); 7] = [
        ("flipped.zip", &flipped),
        ("cut.zip", cut),
        ("empty.zip", b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
        ("deep.json", deep.as_bytes()),
        ("list.json", b"[1, 2]"),
        ("noise.vital", b"\x00\x01\x02"),
        ("song.mid", b"MThd"),
    ];
    for (name, bytes) in cases {
        let refused = load::content(bytes, name, None).expect_err(name);
        let text = refused.to_string();
        assert!(!text.is_empty() && text.len() < 600, "{name}: {text}");
    }
}

#[test]
fn what_a_newer_version_made_is_told_from_what_is_damaged() {
    let newer = |path: &str| -> Vec<u8> {
        let text = std::str::from_utf8(file(path)).expect("text");
        let newer = text.replace(r#""schema_version":"1.0""#, r#""schema_version":"1.1""#);
        assert_ne!(newer, text, "{path} has no version");
        newer.into_bytes()
    };
    let mut files = generated().bundle.files.clone();
    files.insert("patch.json".to_owned(), newer("patch.json"));
    let bundle = archive::write(&files).expect("a zip");
    for (name, bytes) in [
        ("patch.json", newer("patch.json")),
        ("preset.json", newer("songwalker/preset.json")),
        ("bundle.zip", bundle),
    ] {
        let refused = load::content(&bytes, name, None);
        assert!(matches!(refused, Err(LoadError::Newer)), "{name}: {refused:?}");
    }
}

#[test]
fn a_file_is_bounded_and_must_be_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let large = folder.path().join("large.json");
    let file = std::fs::File::create(&large).expect("a file");
    file.set_len(load::MAX_BYTES as u64 + 1).expect("a hole");
    assert!(matches!(load::file(&large), Err(LoadError::TooLarge)));
    assert!(matches!(load::file(folder.path()), Err(LoadError::NotFile)));
    assert!(matches!(
        load::file(&folder.path().join("none")),
        Err(LoadError::NoFile)
    ));
}

fn go_on() -> bool {
    false
}

#[test]
fn a_shared_link_gives_its_bundle_and_no_key_is_sent() {
    let fake = Fake::new(|request, _, stream| {
        assert!(request.starts_with("GET /s/token/bundle HTTP/1.1\r\n"));
        assert!(!request.to_lowercase().contains("authorization"));
        say(stream, "200 OK", &generated().bundle.zip);
    });
    let bytes = shared_bundle(&fake.link(), &go_on).expect("a bundle");
    assert_eq!(bytes, generated().bundle.zip);
}

#[test]
fn a_server_that_sends_too_much_breaks_off_or_says_no_is_told_from_one_another() {
    let endless = Fake::new(|_, _, stream| {
        let _begun = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        while stream.write_all(&[0; 65_536]).is_ok() {}
    });
    assert!(matches!(
        shared_bundle(&endless.link(), &go_on),
        Err(ServerError::TooLarge(_))
    ));
    let broken = Fake::new(|_, _, stream| {
        let _begun = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nabc");
    });
    assert!(matches!(
        shared_bundle(&broken.link(), &go_on),
        Err(ServerError::Silent(_))
    ));
    let refusing = Fake::new(|_, _, stream| {
        say(
            stream,
            "404 Not Found",
            br#"{"error":{"code":"not_found","message":"no such link\u0007","retryable":false}}"#,
        );
    });
    let refused = shared_bundle(&refusing.link(), &go_on).expect_err("refused");
    assert_eq!(refused.to_string(), "the server refuses: no such link");
    let gone = TcpListener::bind("127.0.0.1:0")
        .expect("a port")
        .local_addr()
        .expect("an address");
    let gone = shared_bundle(&format!("http://{gone}/s/t"), &go_on);
    assert!(matches!(gone, Err(ServerError::Silent(_))));
}

/// Answers that something is elsewhere.
fn elsewhere(to: &str) -> Fake {
    let head = format!("HTTP/1.1 307 Temporary Redirect\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n");
    Fake::new(move |_, _, stream| {
        let _heard = stream.write_all(head.as_bytes());
    })
}

#[test]
fn a_bundle_is_fetched_from_where_the_server_keeps_it_and_the_key_stays_behind() {
    let heard = std::sync::Arc::new(parking_lot::Mutex::new(String::new()));
    let told = heard.clone();
    let store = Fake::new(move |request, _, stream| {
        told.lock().push_str(request);
        say(stream, "200 OK", &generated().bundle.zip);
    });
    let server = elsewhere(&format!("{}/store/bundle.zip?signature=1", store.address));
    let listed = Listed {
        id: "1-a".to_owned(),
        name: String::new(),
        category: String::new(),
        tags: Vec::new(),
        sha256: canonical::sha256_hex(&generated().bundle.zip),
    };
    let keyed = Server::new(&server.address, "secret").expect("a server");
    assert_eq!(
        keyed.bundle(&listed, &go_on).expect("a bundle"),
        generated().bundle.zip
    );
    let shared = shared_bundle(&server.link(), &go_on).expect("a bundle");
    assert_eq!(shared, generated().bundle.zip);
    let heard = heard.lock().to_lowercase();
    assert!(heard.contains("/store/bundle.zip?signature=1"), "{heard}");
    assert!(
        !heard.contains("authorization") && !heard.contains("secret"),
        "{heard}"
    );
    assert!(
        matches!(keyed.list(&go_on), Err(ServerError::Refused(_))),
        "only bundles lie elsewhere"
    );
}

#[test]
fn a_redirect_that_leads_nowhere_or_round_in_circles_is_refused() {
    for to in ["file:///etc/passwd", "ftp://127.0.0.1/x", "http://"] {
        let answer = shared_bundle(&elsewhere(to).link(), &go_on);
        assert!(
            matches!(answer, Err(ServerError::Nonsense(_))),
            "{to}: {answer:?}"
        );
    }
    let round = elsewhere("/s/token/bundle");
    assert!(matches!(
        shared_bundle(&round.link(), &go_on),
        Err(ServerError::Nonsense(_))
    ));
    assert_eq!(round.asked.load(Ordering::SeqCst), 4);
}

#[test]
fn a_server_that_hangs_is_left_as_soon_as_one_is_told_to_stop() {
    let (sender, hangs) = std::sync::mpsc::channel();
    let fake = Fake::new(move |_, _, stream| {
        let kept = stream.try_clone().expect("a second handle");
        sender.send(kept).expect("somebody waits");
    });
    let connection: OnceLock<TcpStream> = OnceLock::new();
    let stop = || {
        if let Ok(open) = hangs.try_recv() {
            let _first = connection.set(open);
        }
        connection.get().is_some()
    };
    assert!(matches!(
        shared_bundle(&fake.link(), &stop),
        Err(ServerError::Stopped)
    ));
}

fn job(state: &str) -> String {
    let sha256 = canonical::sha256_hex(&generated().bundle.zip);
    format!(
        r#"{{"id":"0189-a","state":"{state}","stage":"mapping","progress":0.5,"name":"Bass","category":"bass",
        "tags":["dark"],"bundle":{{"sha256":"{sha256}","bytes":1}},"of_tomorrow":1}}"#
    )
}

#[test]
fn the_list_and_a_sound_of_it_come_with_the_key_and_other_bytes_are_refused() {
    let fake = Fake::new(|request, _, stream| {
        assert!(request.to_lowercase().contains("authorization: bearer key-1"));
        if request.starts_with("GET /v1/jobs?") {
            let list = format!(r#"{{"items":[{}],"next_cursor":null}}"#, job("succeeded"));
            say(stream, "200 OK", list.as_bytes());
        } else {
            say(stream, "200 OK", &generated().bundle.zip);
        }
    });
    let server = Server::new(&fake.address, " key-1\n").expect("a server");
    let list = server.list(&go_on).expect("a list");
    assert_eq!(
        (list.len(), list[0].name.as_str(), list[0].category.as_str()),
        (1, "Bass", "bass")
    );
    assert_eq!(
        server.bundle(&list[0], &go_on).expect("a bundle"),
        generated().bundle.zip
    );
    let mut lied = list[0].clone();
    lied.sha256 = "0".repeat(64);
    assert!(matches!(
        server.bundle(&lied, &go_on),
        Err(ServerError::WrongHash)
    ));
    let nonsense = Fake::new(|_, _, stream| say(stream, "200 OK", b"<html>"));
    let server = Server::new(&nonsense.address, "").expect("a server");
    assert!(matches!(server.list(&go_on), Err(ServerError::Nonsense(_))));
}

#[test]
fn words_become_a_sound_on_the_server() {
    let asked = AtomicUsize::new(0);
    let fake = Fake::new(move |request, _, stream| {
        if request.starts_with("POST /v1/jobs ") {
            say(stream, "202 Accepted", job("queued").as_bytes());
        } else if request.contains("/bundle ") {
            say(stream, "200 OK", &generated().bundle.zip);
        } else if asked.fetch_add(1, Ordering::SeqCst) == 0 {
            say(stream, "200 OK", job("running").as_bytes());
        } else {
            say(stream, "200 OK", job("succeeded").as_bytes());
        }
    });
    let stages = parking_lot::Mutex::new(Vec::new());
    let progress = |stage: &str, share: f32| stages.lock().push((stage.to_owned(), share));
    let server = Server::new(&fake.address, "").expect("a server");
    let bytes = server.generate("bass", 1, &progress, &go_on).expect("a bundle");
    assert_eq!(bytes, generated().bundle.zip);
    assert!(stages.lock().contains(&("mapping".to_owned(), 0.5)));
}
