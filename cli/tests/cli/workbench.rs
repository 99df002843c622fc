//! A folder and a data directory of its own for every test, the binary in it, and a bundle that is made once. No test
//! ever sees what the machine's user has: neither settings nor jobs.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

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
