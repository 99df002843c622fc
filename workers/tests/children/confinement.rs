//! What a child has and has not: no environment, no memory beyond its limit, two cores, no life without its parent.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use super::{child, lives, order, patient, proc_file, program, until};

fn read(pid: u32, name: &str) -> String {
    std::fs::read_to_string(proc_file(pid, name)).expect("a file of a living process")
}

#[tokio::test]
async fn a_childs_environment_is_empty_and_its_arguments_say_nothing() {
    let mut child = child().await;
    let pid = child.pid().expect("lives");
    child
        .generate(&order("pad", 0), &patient(), &mut |_, _| {})
        .await
        .expect("a bundle");
    assert_eq!(read(pid, "environ"), "");
    let arguments = read(pid, "cmdline");
    assert_eq!(arguments.split('\0').skip(1).collect::<Vec<_>>(), ["child", ""]);
    let folder = std::fs::read_link(proc_file(pid, "cwd")).expect("a link");
    assert_eq!(folder.to_str(), Some("/"));
}

#[tokio::test]
async fn a_child_speaks_through_pipes_and_holds_no_file_of_its_parents() {
    let name = format!("songwalker-secret-{}", std::process::id());
    let path = std::env::temp_dir().join(&name);
    let file = std::fs::File::create(&path).expect("a file");
    let child = child().await;
    let folder = proc_file(child.pid().expect("lives"), "fd");
    let target = |fd: &str| {
        let target = std::fs::read_link(folder.join(fd)).expect("a link");
        target.to_string_lossy().into_owned()
    };
    for stream in ["0", "1", "2"] {
        assert!(
            target(stream).starts_with("pipe:"),
            "{stream}: {}",
            target(stream)
        );
    }
    for entry in std::fs::read_dir(&folder).expect("a folder") {
        let fd = entry.expect("an entry").file_name();
        let held = target(&fd.to_string_lossy());
        assert!(!held.contains(&name), "{held}");
    }
    drop(file);
    std::fs::remove_file(&path).expect("removed");
}

#[tokio::test]
async fn a_childs_limits_hold_for_all_its_threads() {
    let child = child().await;
    let pid = child.pid().expect("lives");
    let limits = read(pid, "limits");
    let limit = |name: &str| {
        let line = limits.lines().find(|line| line.starts_with(name)).expect(name);
        let values = line.trim_start_matches(name).split_whitespace().take(2);
        values.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(limit("Max address space"), ["1073741824", "1073741824"]);
    assert_eq!(limit("Max core file size"), ["0", "0"]);
    let threads = std::fs::read_dir(proc_file(pid, "task")).expect("a folder");
    // A thread may have ended since it was listed.
    let statuses: Vec<String> = threads
        .filter_map(|thread| std::fs::read_to_string(thread.ok()?.path().join("status")).ok())
        .collect();
    assert!(!statuses.is_empty(), "no thread");
    for status in statuses {
        let mask = status
            .lines()
            .find_map(|line| line.strip_prefix("Cpus_allowed:"))
            .expect("a mask");
        let cores: u32 = mask
            .trim()
            .chars()
            .filter_map(|c| c.to_digit(16))
            .map(u32::count_ones)
            .sum();
        assert!((1..=2).contains(&cores), "{cores} cores");
    }
}

#[tokio::test]
async fn a_child_dies_with_a_parent_that_is_killed_whatever_it_is_doing() {
    let mut parent = Command::new(program())
        .arg("parent")
        .stdout(Stdio::piped())
        .spawn()
        .expect("a parent");
    let mut line = String::new();
    BufReader::new(parent.stdout.take().expect("a pipe"))
        .read_line(&mut line)
        .expect("a line");
    let child: u32 = line.trim().parse().expect("the child's number");
    assert!(lives(child));
    parent.kill().expect("killed");
    parent.wait().expect("ended");
    until("the child is gone", || !lives(child)).await;
}
