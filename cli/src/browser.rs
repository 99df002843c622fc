//! Opening the page in a browser, signed in, with the token in no argument and no list of processes: a file that only
//! this account can read leads the browser to the address, the token behind its `#`, which browsers send to nobody.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use songwalker_jobs::secret::Secret;

/// The file, in the data directory.
const FILE: &str = "open.html";

/// What opens a file with the program that the desktop has for it.
const OPENERS: [&str; 5] = ["xdg-open", "open", "wslview", "sensible-browser", "x-www-browser"];

/// A page that leads to the server; gone when this is.
pub struct Door(PathBuf);

impl Door {
    /// Writes the page.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn make(data_dir: &Path, url: &str, token: &Secret) -> io::Result<Self> {
        let path = data_dir.join(FILE);
        // Made anew, so that its rights are these whatever an older one had.
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)?;
        let door = Self(path);
        file.write_all(page(url, token).as_bytes())?;
        Ok(door)
    }

    /// Hands the page to the desktop; whether there is something that takes it.
    pub fn open(&self) -> bool {
        std::env::var_os("BROWSER")
            .filter(|named| !named.is_empty())
            .into_iter()
            .chain(OPENERS.map(Into::into))
            .any(|opener| self.open_with(&opener))
    }

    fn open_with(&self, opener: &std::ffi::OsStr) -> bool {
        let mut command = Command::new(opener);
        command
            .arg(&self.0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Ctrl-C here is for the server, not for the browser.
            .process_group(0);
        let Ok(mut child) = command.spawn() else {
            return false;
        };
        // Some openers stay as long as their browser does.
        std::thread::spawn(move || {
            let _ = child.wait();
        });
        true
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Neither an address nor a token holds a character that means something in HTML.
fn page(url: &str, token: &Secret) -> String {
    let target = format!("{url}/#token={}", token.expose());
    format!(
        "<!doctype html>\n<meta charset=\"utf-8\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <meta http-equiv=\"refresh\" content=\"0; url={target}\">\n<title>SongWalker</title>\n\
         <p><a href=\"{target}\">SongWalker</a>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_page_is_private_leads_to_the_address_and_goes_with_its_server() {
        let folder = tempfile::tempdir().unwrap();
        let token = Secret::new("swk_canary".to_owned());
        let path = folder.path().join(FILE);
        fs::write(&path, "left by a server that died").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let door = Door::make(folder.path(), "http://127.0.0.1:1", &token).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(
            text.contains("url=http://127.0.0.1:1/#token=swk_canary\""),
            "{text}"
        );
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        drop(door);
        assert!(!path.exists());
    }
}
