//! `songwalker serve` as a process: what it says, who may use it, how commands find it, how it ends.
#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::process::Stdio;

use crate::workbench::{Ended, WORDS, Workbench, until};

#[test]
fn a_server_says_where_everything_is_and_never_the_token() {
    let bench = Workbench::new();
    let mut server = bench.serve(&[]);
    assert!(server.url().starts_with("http://127.0.0.1:"), "{}", server.told);
    assert_eq!(server.told["data_dir"], bench.data_dir().to_str().unwrap());
    let token_file = server.told["token_file"].as_str().unwrap().to_owned();
    let token = fs::read_to_string(&token_file).unwrap().trim().to_owned();
    assert!(token.starts_with("swk_"));
    assert_eq!(
        fs::metadata(&token_file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert_eq!(
        fs::metadata(bench.data_dir()).unwrap().permissions().mode() & 0o777,
        0o700
    );
    let file = bench.data_dir().join("server.json");
    assert!(fs::read_to_string(&file).unwrap().contains(server.url()));
    server.running().says("server started");
    let told = server.told.to_string();
    let ended = server.stop();
    assert_eq!((ended.code, ended.out.as_str()), (0, ""), "{ended:?}");
    assert!(ended.err.contains("server stopped"), "{ended:?}");
    assert!(!file.exists());
    assert!(!ended.err.contains(&token) && !told.contains(&token));
}

#[test]
fn health_is_asked_without_a_key_or_settings_and_what_is_wrong_is_said() {
    let bench = Workbench::new();
    let server = bench.serve(&[]);
    let at = |path: &str| format!("{}/{path}", server.url());
    let (live, ready, locked) = (at("health/live"), at("health/ready"), at("v1/jobs"));
    let alive = bench.run(&["health", &live]);
    assert_eq!((alive.code, alive.out.as_str()), (0, "alive\n"), "{alive:?}");
    until("the server is ready", || {
        bench.run(&["health", &ready]).out == "ready\n"
    });
    let refused = bench.run(&["health", &locked]);
    assert_ne!(refused.code, 0, "{refused:?}");
    server.stop();
    let gone = bench.run(&["health", &live]);
    assert_eq!((gone.code, gone.out.as_str()), (6, ""), "{gone:?}");
    assert!(gone.err.contains("does not answer"), "{gone:?}");
    assert_eq!(bench.run(&["health", "127.0.0.1:7761"]).code, 2);
}

#[test]
fn commands_find_the_server_that_runs_on_their_data_directory() {
    let bench = Workbench::new();
    let server = bench.serve(&[]);
    let made = bench
        .run(&["generate", WORDS, "--variations", "0", "--json"])
        .json();
    let submitted = bench
        .run(&["job", "submit", "bright pluck", "--variations", "0", "--json"])
        .json();
    assert_eq!(submitted["waits_for_a_runner"], false);
    let watched = bench.run(&["job", "watch", "last", "--json"]).json();
    assert_eq!(watched["job"]["state"], "succeeded");
    let list = bench.run(&["list", "--q", "SOFT", "--json"]).json();
    assert_eq!(list["items"][0]["id"], made["job_id"]);
    let id = made["job_id"].as_str().unwrap();
    assert_eq!(
        bench.run(&["star", &id[..13], "--json"]).json()["job"]["starred"],
        true
    );
    assert_eq!(bench.run(&["show", id, "--json"]).json()["job"]["starred"], true);
    assert!(bench.run(&["job", "log", id]).out.contains("publishing"));
    bench.run(&["job", "retry", id, "--json"]).fails_as("conflict", 3);
    bench
        .run(&["generate", "pad", "--template", "no_such", "--json"])
        .fails_as("unknown_template", 3);
    let link = bench.run(&["share", id, "--json"]).json();
    assert!(link["url"].as_str().unwrap().starts_with(server.url()), "{link}");
    assert_eq!(link["this_machine_only"], true);
    assert_eq!(
        bench.run(&["shares", "--json"]).json()["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    bench
        .run(&["shares", "--revoke", link["id"].as_str().unwrap(), "--json"])
        .json();
    assert_eq!(
        bench.run(&["doctor", "--json"]).json()["service"]["server"]["ready"],
        true
    );
    assert_eq!(bench.run(&["audit", "--deep"]).code, 0);
    assert_eq!(
        bench.run(&["rm", "last", "--yes", "--json"]).json()["deleted"][0]["gone"],
        true
    );
    assert_eq!(server.stop().code, 0);

    // The same rows, read without a server; the same bytes, made without one.
    let here = bench.run(&["job", "show", id, "--json"]).json();
    assert_eq!(here["job"]["starred"], true);
    let alone = Workbench::with_a_sound();
    assert_eq!(
        here["job"]["bundle"]["sha256"],
        alone.only_job()["bundle"]["sha256"]
    );
}

#[test]
fn ctrl_c_cancels_a_job_that_a_server_runs() {
    let bench = Workbench::new();
    let server = bench.serve(&[]);
    let mut running = bench.start(&["generate", "warm pad", "--variations", "5"]);
    running.says("listening and correcting");
    running.signal("INT");
    assert_eq!(running.ends().code, 130);
    assert_eq!(bench.only_job()["state"], "cancelled");
    assert!(bench.names(".").is_empty());
    assert_eq!(server.stop().code, 0);
}

#[test]
fn a_server_that_is_killed_leaves_nothing_undone() {
    let bench = Workbench::new();
    let server = bench.serve(&[]);
    bench
        .run(&["job", "submit", "warm pad", "--variations", "1", "--json"])
        .json();
    until("a worker takes the job", || {
        bench.only_job()["state"] == "running"
    });
    server.kill();
    // What it wrote of itself counts no more.
    let waiting = bench.only_job();
    assert_eq!(waiting["state"], "running");
    let server = bench.serve(&[]);
    let watched = bench.run(&["job", "watch", "last", "--json"]).json();
    assert_eq!(
        (&watched["job"]["state"], &watched["job"]["attempt"]),
        (&"succeeded".into(), &2.into())
    );
    assert_eq!(server.stop().code, 0);
    assert_eq!(bench.run(&["audit", "--deep"]).code, 0);
}

#[test]
fn a_server_that_cannot_say_where_it_is_hands_back_what_it_has_claimed() {
    let bench = Workbench::new();
    bench
        .run(&["job", "submit", "warm pad", "--variations", "5", "--json"])
        .json();
    // Its standard output takes nothing: it has claimed the job before it has said where it is.
    let (reader, mut writer) = UnixStream::pair().unwrap();
    writer.set_nonblocking(true).unwrap();
    let full = loop {
        if let Err(error) = writer.write(b" ") {
            break error;
        }
    };
    assert_eq!(full.kind(), ErrorKind::WouldBlock);
    writer.set_nonblocking(false).unwrap();
    let mut command = bench.command(&["serve", "--listen", "0", "--json"]);
    command
        .stdout(Stdio::from(OwnedFd::from(writer)))
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(command);
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut err = String::new();
    while !err.contains("job claimed") {
        assert_ne!(said.read_line(&mut err).unwrap(), 0, "{err}");
    }
    drop(reader);
    said.read_to_string(&mut err).unwrap();
    child.wait().unwrap();
    assert!(!bench.data_dir().join("server.json").exists(), "{err}");
    let job = bench.only_job();
    assert_eq!(
        (&job["state"], &job["attempt"]),
        (&"queued".into(), &0.into()),
        "{err}"
    );
}

/// A server that cannot start; its error is the last line of its log.
#[track_caller]
fn not_served(bench: &Workbench, arguments: &[&str], code: &str, exit: i32) -> serde_json::Value {
    let mut command = bench.command(&[&["serve", "--json"], arguments].concat());
    command.env("SONGWALKER__LOG__FILTER", "off");
    Ended::of(command.output().unwrap()).fails_as(code, exit)
}

#[test]
fn a_data_directory_has_one_server_and_a_port_too() {
    let bench = Workbench::new();
    let server = bench.serve(&[]);
    let error = not_served(&bench, &["--listen", "0"], "conflict", 3);
    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains(&format!("pid {}", server.told["pid"])) && message.contains("songwalker serve"),
        "{error}"
    );
    let port = server.url().rsplit(':').next().unwrap();
    let error = not_served(&bench, &["--listen", port, "--data-dir", "other"], "conflict", 3);
    assert!(
        error["message"].as_str().unwrap().contains("is in use"),
        "{error}"
    );
    assert!(!bench.path("other/server.json").exists());
    // Neither has disturbed the first.
    assert_eq!(bench.run(&["list", "--json"]).code, 0);
    assert_eq!(server.stop().code, 0);
}

#[test]
fn others_may_reach_a_server_only_where_there_are_keys() {
    let bench = Workbench::new();
    let error = not_served(&bench, &["--listen", "0.0.0.0:0"], "forbidden", 3);
    assert!(
        error["message"].as_str().unwrap().contains("admin key add"),
        "{error}"
    );
}

#[test]
fn a_named_server_wants_a_key_that_works_and_may_do_it() {
    let bench = Workbench::with_a_sound();
    let server = bench.serve(&[]);
    bench.run(&["admin", "user", "add", "ada", "--json"]).json();
    let add = |scope: &str| {
        let arguments = [
            "admin", "key", "add", "--user", "ada", "--name", "k", "--scope", scope, "--json",
        ];
        bench.run(&arguments).json()
    };
    let (reading, writing) = (add("jobs:read"), add("jobs:write"));
    let elsewhere = Workbench::new();
    let ask = |arguments: &[&str], key: Option<&str>| {
        let mut command = elsewhere.command(&[arguments, &["--server", server.url(), "--json"]].concat());
        if let Some(key) = key {
            command.env("SONGWALKER_KEY", key);
        }
        Ended::of(command.output().unwrap())
    };
    let secret = |key: &serde_json::Value| key["secret"].as_str().unwrap().to_owned();
    ask(&["list"], None).fails_as("unauthenticated", 3);
    ask(&["list"], Some("swk_rubbish")).fails_as("unauthenticated", 3);
    let list = ask(&["list"], Some(&secret(&reading))).json();
    assert!(list["items"].as_array().unwrap().is_empty(), "another user's job");
    ask(&["generate", "pad"], Some(&secret(&reading))).fails_as("forbidden", 3);
    ask(
        &["job", "submit", "pad", "--variations", "0"],
        Some(&secret(&writing)),
    )
    .json();

    let file = elsewhere.file("key", format!("{}\n", secret(&reading)));
    let listed = ask(&["list", "--key-file", &file], None).json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    ask(&["list", "--key-file", "nothing"], None).fails_as("not_found", 3);
    let id = reading["id"].as_str().unwrap();
    bench.run(&["admin", "key", "revoke", &id[..13], "--json"]).json();
    ask(&["list"], Some(&secret(&reading))).fails_as("unauthenticated", 3);

    let url = server.url().to_owned();
    server.stop();
    let mut command = elsewhere.command(&["list", "--server", &url, "--json"]);
    let silent = command.env("SONGWALKER_KEY", "swk_x").output().unwrap();
    let error = Ended::of(silent).fails_as("unavailable", 6);
    assert_eq!(error["retryable"], true);
    assert!(
        !elsewhere.data_dir().exists(),
        "a named server needs no data directory"
    );
}

#[test]
fn what_is_no_server_of_ours_is_said() {
    let bench = Workbench::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let stranger = std::thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        let _ = std::io::Read::read(&mut connection, &mut request);
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello";
        std::io::Write::write_all(&mut connection, answer).unwrap();
    });
    let output = bench
        .command(&["list", "--server", &url, "--json"])
        .env("SONGWALKER_KEY", "swk_canary")
        .output()
        .unwrap();
    let error = Ended::of(output).fails_as("unavailable", 6);
    assert!(!error.to_string().contains("canary"));
    stranger.join().unwrap();
    for address in ["127.0.0.1:7761", "ftp://x", "http://user:pass@x"] {
        let mut command = bench.command(&["list", "--server", address, "--json"]);
        let output = command.env("SONGWALKER_KEY", "swk_x").output().unwrap();
        Ended::of(output).fails_as("usage", 2);
    }
}

#[test]
fn the_page_is_opened_by_a_private_file_and_the_token_is_in_no_argument() {
    let bench = Workbench::new();
    let browser = bench.file(
        "browser",
        "#!/bin/sh\nprintf '%s\\n' \"$@\" > seen.arguments\ncp \"$1\" seen.page\nmv seen.arguments arguments\n",
    );
    fs::set_permissions(&browser, fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = bench.command(&["serve", "--listen", "0", "--open"]);
    command.env("BROWSER", &browser);
    let mut running = crate::workbench::Running::of(command);
    running.says("server started");
    until("the browser is started", || bench.path("arguments").exists());
    let arguments = fs::read_to_string(bench.path("arguments")).unwrap();
    let page = bench.data_dir().join("open.html");
    assert_eq!(arguments.trim(), page.to_str().unwrap());
    assert_eq!(fs::metadata(&page).unwrap().permissions().mode() & 0o777, 0o600);
    let token = fs::read_to_string(bench.data_dir().join("token")).unwrap();
    let seen = fs::read_to_string(bench.path("seen.page")).unwrap();
    assert!(seen.contains(&format!("/#token={}\"", token.trim())), "{seen}");
    running.signal("TERM");
    let ended = running.ends();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(
        ended.out.contains("SongWalker serves at") && ended.out.contains("/token"),
        "{ended:?}"
    );
    assert!(!ended.out.contains(token.trim()) && !ended.err.contains(token.trim()));
    assert!(!page.exists());
}

#[cfg(feature = "failpoints")]
#[test]
fn a_second_ctrl_c_ends_a_server_whose_job_does_not_end() {
    let bench = Workbench::new();
    let mut command = bench.command(&["serve", "--listen", "0"]);
    command.env("SONGWALKER_CHILD_MISBEHAVE", "hang");
    let mut running = crate::workbench::Running::of(command);
    running.says("server started");
    bench
        .run(&["job", "submit", "pad", "--variations", "0", "--json"])
        .json();
    running.says("job claimed");
    running.signal("INT");
    running.says("server stopping");
    running.signal("INT");
    let ended = running.ends();
    assert_eq!(ended.code, 130, "{ended:?}");
    assert!(ended.err.contains("stopped at once"), "{ended:?}");
    // The next one makes it.
    let server = bench.serve(&[]);
    assert_eq!(
        bench.run(&["job", "watch", "last", "--json"]).json()["job"]["state"],
        "succeeded"
    );
    assert_eq!(server.stop().code, 0);
}

/// A certificate for `localhost` with its key and that of who signed it; nothing where there is no `openssl`.
fn certificates(bench: &Workbench) -> Option<()> {
    let script = "set -e; \
        openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=test -keyout ca.key -out ca.pem \
            -addext basicConstraints=critical,CA:TRUE; \
        openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout server.key -out server.csr; \
        printf 'subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n' > server.ext; \
        openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile server.ext \
            -out server.pem";
    let made = std::process::Command::new("sh")
        .args(["-c", script])
        .current_dir(bench.path("."))
        .output()
        .unwrap();
    made.status.success().then_some(())
}

/// Answers one request over TLS with an empty list of jobs; whether a whole request came.
fn answer_once(listener: &TcpListener, tls: std::sync::Arc<rustls::ServerConfig>) -> bool {
    use std::io::{Read, Write};
    let (mut socket, _) = listener.accept().unwrap();
    let mut connection = rustls::ServerConnection::new(tls).unwrap();
    let mut stream = rustls::Stream::new(&mut connection, &mut socket);
    let mut request = [0; 4096];
    let Ok(length) = stream.read(&mut request) else {
        return false;
    };
    let request = String::from_utf8_lossy(&request[..length]).to_lowercase();
    let body = "{\"items\":[],\"next_cursor\":null}";
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    stream.flush().unwrap();
    request.contains("authorization: bearer swk_canary")
}

#[test]
fn a_key_goes_only_to_a_server_whose_certificate_is_trusted() {
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    let bench = Workbench::new();
    if certificates(&bench).is_none() {
        eprintln!("skipped: there is no `openssl` to make certificates with");
        return;
    }
    let certificate = CertificateDer::from_pem_file(bench.path("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(bench.path("server.key")).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let tls = std::sync::Arc::new(tls);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let server = std::thread::spawn(move || [0, 1].map(|_| answer_once(&listener, tls.clone())));
    let ask = |trusted: bool| {
        let mut command = bench.command(&["list", "--server", &url, "--json"]);
        command.env("SONGWALKER_KEY", "swk_canary");
        if trusted {
            command.env("SSL_CERT_FILE", bench.path("ca.pem"));
        }
        Ended::of(command.output().unwrap())
    };
    let error = ask(false).fails_as("unavailable", 6);
    assert!(
        error["message"].as_str().unwrap().contains("certificate"),
        "{error}"
    );
    assert!(ask(true).json()["items"].as_array().unwrap().is_empty());
    assert_eq!(server.join().unwrap(), [false, true]);
}
