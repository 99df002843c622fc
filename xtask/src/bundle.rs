//! `cargo xtask bundle`: the plugin as hosts take it, `target/bundled/SongWalker.vst3` and `SongWalker.clap`.
//!
//! Both are the same library; what differs is where it lies. On macOS each is a folder with a property list.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::workspace::{Workspace, execute};

/// What is built.
const PACKAGE: &str = "songwalker-plugin";

/// The bundles.
pub struct Bundled {
    /// What VST3 hosts load.
    pub vst3: PathBuf,
    /// What CLAP hosts load.
    pub clap: PathBuf,
}

/// The system that a build is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum System {
    Linux,
    MacOs,
    Windows,
}

/// System and processor of a target triple; of this machine without one.
fn target(triple: Option<&str>) -> Result<(System, &str)> {
    let Some(triple) = triple else {
        let system = match std::env::consts::OS {
            "linux" => System::Linux,
            "macos" => System::MacOs,
            "windows" => System::Windows,
            other => bail!("no bundle is known for {other}"),
        };
        return Ok((system, std::env::consts::ARCH));
    };
    let processor = triple.split('-').next().unwrap_or_default();
    let system = match triple {
        linux if linux.contains("linux") => System::Linux,
        apple if apple.contains("apple-darwin") => System::MacOs,
        windows if windows.contains("windows") => System::Windows,
        _ => bail!("no bundle is known for {triple}"),
    };
    Ok((system, processor))
}

/// Where the library lies in a VST3 bundle, as the format says.
fn in_vst3(system: System, processor: &str) -> String {
    match system {
        System::Linux => format!("Contents/{processor}-linux/SongWalker.so"),
        System::MacOs => "Contents/MacOS/SongWalker".to_owned(),
        System::Windows => format!("Contents/{processor}-win/SongWalker.vst3"),
    }
}

fn library(system: System) -> &'static str {
    match system {
        System::Linux => "libsongwalker_plugin.so",
        System::MacOs => "libsongwalker_plugin.dylib",
        System::Windows => "songwalker_plugin.dll",
    }
}

fn property_list(ending: &str) -> String {
    let version = env!("CARGO_PKG_VERSION");
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>
  <key>CFBundleExecutable</key><string>SongWalker</string>
  <key>CFBundleIdentifier</key><string>org.songwalker.songwalker.{ending}</string>
  <key>CFBundleName</key><string>SongWalker</string>
  <key>CFBundlePackageType</key><string>BNDL</string>
  <key>CFBundleSignature</key><string>????</string>
  <key>CFBundleShortVersionString</key><string>{version}</string>
  <key>CFBundleVersion</key><string>{version}</string>
  <key>NSHighResolutionCapable</key><true/>
</dict></plist>
"#
    )
}

fn put(library: &Path, to: &Path) -> Result<()> {
    let folder = to.parent().context("a bundle lies in a folder")?;
    std::fs::create_dir_all(folder)?;
    std::fs::copy(library, to).with_context(|| format!("{} cannot be copied", library.display()))?;
    Ok(())
}

/// Builds the plugin with `profile` and features, and puts both bundles into `folder`.
pub fn bundle(
    workspace: &Workspace,
    profile: &str,
    features: &[&str],
    triple: Option<&str>,
    folder: &Path,
) -> Result<Bundled> {
    let mut cargo = workspace.cargo(["build", "--lib", "--package", PACKAGE, "--profile", profile]);
    cargo.args(["--features", &features.join(",")]);
    if let Some(triple) = triple {
        cargo.args(["--target", triple]);
    }
    execute(&mut cargo)?;
    let (system, processor) = target(triple)?;
    let mut built = workspace.target.clone();
    built.extend(triple);
    let built = built.join(profile).join(library(system));
    let vst3 = folder.join("SongWalker.vst3");
    let clap = folder.join("SongWalker.clap");
    for old in [&vst3, &clap] {
        if old.is_dir() {
            std::fs::remove_dir_all(old)?;
        } else if old.exists() {
            // A host may still run the old file: it keeps it, the new one is another.
            std::fs::remove_file(old)?;
        }
    }
    put(&built, &vst3.join(in_vst3(system, processor)))?;
    if system == System::MacOs {
        put(&built, &clap.join("Contents/MacOS/SongWalker"))?;
        for (bundle, ending) in [(&vst3, "vst3"), (&clap, "clap")] {
            std::fs::write(bundle.join("Contents/Info.plist"), property_list(ending))?;
            std::fs::write(bundle.join("Contents/PkgInfo"), "BNDL????")?;
        }
    } else {
        put(&built, &clap)?;
    }
    Ok(Bundled { vst3, clap })
}

/// The command.
pub fn run(triple: Option<&str>) -> Result<bool> {
    let workspace = Workspace::find()?;
    let bundled = bundle(
        &workspace,
        "release",
        &[],
        triple,
        &workspace.target.join("bundled"),
    )?;
    for path in [&bundled.vst3, &bundled.clap] {
        println!("{}", path.strip_prefix(&workspace.root).unwrap_or(path).display());
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_system_has_the_place_that_its_hosts_look_at() {
        let place = |triple| {
            target(Some(triple))
                .map(|(system, processor)| in_vst3(system, processor))
                .unwrap()
        };
        assert_eq!(
            place("x86_64-unknown-linux-gnu"),
            "Contents/x86_64-linux/SongWalker.so"
        );
        assert_eq!(place("aarch64-apple-darwin"), "Contents/MacOS/SongWalker");
        assert_eq!(
            place("x86_64-pc-windows-msvc"),
            "Contents/x86_64-win/SongWalker.vst3"
        );
        assert!(target(Some("wasm32-unknown-unknown")).is_err());
    }
}
