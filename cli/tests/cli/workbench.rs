//! A folder and a data directory of its own for every test, the binary in it, and a bundle that is made once. No test
//! ever sees what the machine's user has: neither settings nor jobs.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// A test's own folder, and beside it its data directory.
pub struct Workbench {
    folder: TempDir,
    data: TempDir,
}

/// How a call ended.
#[derive(Debug)]
pub struct Ended {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Workbench {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            data: tempfile::tempdir().unwrap(),
        }
    }

    /// One whose data directory holds a job that succeeded: the sound of [`WORDS`].
    pub fn with_a_sound() -> Self {
        let bench = Self::new();
        // Each test may be a process of its own: one makes the library or copies it while the others wait.
        let place = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let lock = fs::File::create(place.join("library.lock")).unwrap();
        lock.lock().unwrap();
        copy(library(), &bench.data_dir());
        bench
    }

    /// A shell in this folder, with the environment that every command here gets; `$SONGWALKER` is the binary.
    pub fn shell(&self, script: &str) -> Command {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", script])
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .env("SONGWALKER", env!("CARGO_BIN_EXE_songwalker"));
        for (name, value) in self.command(&[""; 0]).get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        shell
    }

    /// Starts a command whose standard error is read as it comes.
    pub fn start(&self, arguments: &[impl AsRef<OsStr>]) -> Running {
        Running::of(self.command(arguments))
    }

    /// Starts a server on the data directory, at a free port.
    pub fn serve(&self, more: &[&str]) -> Server {
        Server::of(self.command(&[&["serve", "--listen", "0", "--json"], more].concat()))
    }

    /// The one job that the list has.
    pub fn only_job(&self) -> Value {
        let list = self.run(&["list", "--json"]).json();
        let items = list["items"].as_array().unwrap();
        assert_eq!(items.len(), 1, "{list}");
        items[0].clone()
    }

    /// Where this test's jobs are kept.
    pub fn data_dir(&self) -> PathBuf {
        self.data.path().join("data")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file and says where.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// The binary, started in this folder, without what the machine's user has set.
    pub fn command(&self, arguments: &[impl AsRef<OsStr>]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_songwalker"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        for variable in [
            "NO_COLOR",
            "CLICOLOR",
            "CLICOLOR_FORCE",
            "VITAL_PRESETS_DIR",
            "XDG_DATA_HOME",
            "XDG_CONFIG_HOME",
            "SONGWALKER_KEY",
            "SSL_CERT_FILE",
            "BROWSER",
        ] {
            command.env_remove(variable);
        }
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("SONGWALKER_") {
                command.env_remove(name);
            }
        }
        command
            .env("HOME", self.folder.path())
            .env("SONGWALKER__DATA_DIR", self.data_dir());
        command
    }

    pub fn run(&self, arguments: &[impl AsRef<OsStr>]) -> Ended {
        Ended::of(self.command(arguments).output().unwrap())
    }

    /// Runs with words on standard input.
    pub fn run_with(&self, arguments: &[&str], input: &[u8]) -> Ended {
        let file = self.file("standard input", input);
        let input = fs::File::open(&file).unwrap();
        let ended = Ended::of(self.command(arguments).stdin(input).output().unwrap());
        fs::remove_file(file).unwrap();
        ended
    }

    /// Names of what lies in a folder here, sorted; hidden ones too.
    pub fn names(&self, folder: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.path(folder)) else {
            return Vec::new();
        };
        let mut names: Vec<String> = entries
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

impl Ended {
    pub fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self {
            code: output.status.code().unwrap_or(-1),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }

    /// The one JSON value on standard output of a call that succeeded and said nothing else.
    pub fn json(&self) -> Value {
        assert_eq!((self.code, self.err.as_str()), (0, ""), "{self:?}");
        serde_json::from_str(&self.out).unwrap()
    }

    /// The error of a call with `--json`: its envelope, alone, on standard error, and nothing on standard output.
    pub fn error(&self) -> Value {
        assert_eq!(self.out, "", "{self:?}");
        assert_eq!(self.err.lines().count(), 1, "{self:?}");
        let envelope: Value = serde_json::from_str(&self.err).unwrap();
        let keys: Vec<&str> = envelope.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, ["error"]);
        let error = envelope["error"].clone();
        assert!(
            error["message"]
                .as_str()
                .is_some_and(|message| !message.is_empty()),
            "{error}"
        );
        assert!(error["retryable"].is_boolean(), "{error}");
        error
    }

    /// Asserts the code and the exit code of an error.
    #[track_caller]
    pub fn fails_as(&self, code: &str, exit: i32) -> Value {
        let error = self.error();
        assert_eq!(
            (error["code"].as_str().unwrap(), self.code),
            (code, exit),
            "{error}"
        );
        error
    }
}

/// The pointers of an error's details.
pub fn pointers(error: &Value) -> Vec<&str> {
    error["details"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|fault| fault["pointer"].as_str())
        .collect()
}

/// A small bundle with one variation, made once: its folder. It stays for the next run, which recognises it or, where
/// the product has changed, makes another beside it.
pub fn bundle() -> &'static Path {
    static BUNDLE: OnceLock<PathBuf> = OnceLock::new();
    BUNDLE.get_or_init(|| {
        let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bundle");
        let bench = Workbench::new();
        let arguments = [
            "generate",
            "warm pad",
            "--variations",
            "1",
            "--json",
            "--out",
            out.to_str().unwrap(),
        ];
        let answer = bench.run(&arguments).json();
        PathBuf::from(answer["directory"].as_str().unwrap())
    })
}

/// That bundle's zip.
pub fn zip() -> PathBuf {
    let mut zips = fs::read_dir(bundle()).unwrap().map(|entry| entry.unwrap().path());
    zips.find(|path| path.extension().is_some_and(|e| e == "zip"))
        .unwrap()
}

/// That bundle's files.
pub fn files() -> BTreeMap<String, Vec<u8>> {
    songwalker_generator::package::archive::read(&fs::read(zip()).unwrap()).unwrap()
}

/// The words of the sound in [`Workbench::with_a_sound`].
pub const WORDS: &str = "soft bell";

/// A data directory with one job that succeeded, made once.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let data = Path::new(env!("CARGO_TARGET_TMPDIR")).join("library");
        if data.exists() {
            fs::remove_dir_all(&data).unwrap();
        }
        let bench = Workbench::new();
        bench
            .run(&["generate", WORDS, "--variations", "0", "--json"])
            .json();
        copy(&bench.data_dir(), &data);
        data
    })
}

/// Copies a folder that nobody writes to.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    fs::set_permissions(to, fs::metadata(from).unwrap().permissions()).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

/// Sends a signal: `INT`, `TERM`, `KILL`.
pub fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill")
        .args([&format!("-{name}"), &child.id().to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
}

/// Waits until something is so.
#[track_caller]
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < deadline, "never came: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A command that goes on.
pub struct Running {
    pub child: Child,
    said: BufReader<ChildStderr>,
    /// Everything that it has said on standard error.
    pub err: String,
}

impl Running {
    pub fn of(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stderr.take().unwrap());
        Self {
            child,
            said,
            err: String::new(),
        }
    }

    /// Waits for a line that has these words.
    #[track_caller]
    pub fn says(&mut self, words: &str) {
        loop {
            let mut line = String::new();
            let length = self.said.read_line(&mut line).unwrap();
            self.err.push_str(&line);
            assert!(length > 0, "it never said {words:?}, but\n{}", self.err);
            if line.contains(words) {
                return;
            }
        }
    }

    pub fn signal(&self, name: &str) {
        signal(&self.child, name);
    }

    /// Waits for its end.
    pub fn ends(mut self) -> Ended {
        self.said.read_to_string(&mut self.err).unwrap();
        let mut out = String::new();
        let mut pipe = self.child.stdout.take().unwrap();
        pipe.read_to_string(&mut out).unwrap();
        let code = self.child.wait().unwrap().code().unwrap_or(-1);
        Ended {
            code,
            out,
            err: std::mem::take(&mut self.err),
        }
    }
}

/// A server; killed where a test fails before it is told to stop.
pub struct Server {
    running: Option<Running>,
    /// What it said at its start.
    pub told: Value,
}

impl Server {
    fn of(command: Command) -> Self {
        let mut running = Running::of(command);
        let mut out = BufReader::new(running.child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        running.child.stdout = Some(out.into_inner());
        let Ok(told) = serde_json::from_str(&line) else {
            let mut err = String::new();
            running.said.read_to_string(&mut err).unwrap();
            panic!("no server: {line}\n{err}");
        };
        Self {
            running: Some(running),
            told,
        }
    }

    pub fn url(&self) -> &str {
        self.told["url"].as_str().unwrap()
    }

    pub fn running(&mut self) -> &mut Running {
        self.running.as_mut().unwrap()
    }

    /// Tells it to stop as a service manager does, and waits.
    pub fn stop(mut self) -> Ended {
        let running = self.running.take().unwrap();
        running.signal("TERM");
        running.ends()
    }

    /// Ends it without a word.
    pub fn kill(mut self) {
        let mut running = self.running.take().unwrap();
        running.child.kill().unwrap();
        running.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(running) = &mut self.running {
            let _ = running.child.kill();
            let _ = running.child.wait();
        }
    }
}
