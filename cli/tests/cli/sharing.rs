//! Letting others hear: links, and pages that need no server.

use std::fs;

use crate::workbench::{WORDS, Workbench};

#[test]
fn without_a_public_address_there_is_no_link_and_the_word_says_what_to_do() {
    let bench = Workbench::with_a_sound();
    bench.run(&["share", "last", "--json"]).fails_as("conflict", 3);
    let said = bench.run(&["share", "last"]);
    assert!(
        said.err.contains("--html") && said.err.contains("server.public_url"),
        "{said:?}"
    );
    assert!(
        bench.run(&["shares", "--json"]).json()["items"]
            .as_array()
            .unwrap()
            .is_empty()
    );
}

#[test]
fn a_link_begins_with_the_public_address_and_is_listed_until_it_is_revoked() {
    let bench = Workbench::with_a_sound();
    let run = |arguments: &[&str]| {
        let mut command = bench.command(arguments);
        command.env("SONGWALKER__SERVER__PUBLIC_URL", "https://sounds.example.org");
        crate::workbench::Ended::of(command.output().unwrap())
    };
    let share = run(&["share", "last", "--expires", "2d", "--json"]).json();
    let url = share["url"].as_str().unwrap();
    assert!(
        url.starts_with("https://sounds.example.org/s/") && url.len() > 50,
        "{url}"
    );
    assert_eq!(share["this_machine_only"], false);
    run(&["share", "last", "--expires", "2 days", "--json"]).fails_as("invalid_request", 3);
    run(&["share", "last", "--expires", "900d", "--json"]).fails_as("invalid_request", 3);

    let listed = bench.run(&["shares", "--json"]).json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    assert_eq!(listed["items"][0]["id"], share["id"]);
    let token = url.rsplit('/').next().unwrap();
    assert!(!listed.to_string().contains(token), "a token is told once");
    let id = share["id"].as_str().unwrap();
    assert_eq!(
        bench.run(&["shares", "--revoke", &id[..13], "--json"]).json()["revoked"],
        id
    );
    assert!(bench.run(&["shares"]).out.contains("revoked"));
    bench
        .run(&["shares", "--revoke", "ffffffff", "--json"])
        .fails_as("not_found", 3);
    bench
        .run(&["shares", "--revoke", "x", "--json"])
        .fails_as("usage", 2);
}

#[test]
fn a_page_holds_everything_asks_nobody_and_says_nothing_of_the_prompt() {
    let bench = Workbench::with_a_sound();
    // Words that no name, tag or measure is made of.
    let canary = "qzwxcanary";
    let prompt = format!("{WORDS} {canary}");
    bench
        .run(&["generate", &prompt, "--variations", "0", "--json"])
        .json();
    let told = bench
        .run(&["share", "last", "--html", "page.html", "--json"])
        .json();
    let page = fs::read_to_string(bench.path("page.html")).unwrap();
    let own = bench.file("own.html", "my own page");
    bench
        .run(&["share", "last", "--html", &own, "--json"])
        .fails_as("conflict", 3);
    assert_eq!(fs::read_to_string(&own).unwrap(), "my own page");
    bench
        .run(&["share", "last", "--html", &own, "--force", "--json"])
        .json();
    assert_eq!(fs::read_to_string(&own).unwrap(), page);
    assert_eq!(told["bytes"], page.len());
    assert!(page.contains("data:audio/flac;base64,") && page.contains("data:application/zip;base64,"));
    assert!(page.contains("http-equiv=\"Content-Security-Policy\""));
    for start in ["src=\"http", "href=\"//", "url(http", "@import"] {
        assert!(!page.contains(start), "{start}");
    }
    assert!(!page.contains(canary));
    bench
        .run(&["share", "last", "--html", "nowhere/page.html", "--json"])
        .fails_as("storage_unavailable", 6);
    bench.run(&["job", "submit", "dark bass", "--json"]).json();
    bench
        .run(&["share", "last", "--html", "queued.html", "--json"])
        .fails_as("conflict", 3);
    assert!(!bench.path("queued.html").exists());
}
