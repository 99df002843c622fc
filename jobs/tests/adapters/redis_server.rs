//! A Redis of the test's own, that it can kill.

use songwalker_services::{Redis, Server, missing};

pub struct RedisServer {
    server: Redis,
    _dir: tempfile::TempDir,
}

impl RedisServer {
    /// A server that runs; nothing where Redis is not installed.
    pub fn start() -> Option<Self> {
        if !Redis::is_installed() {
            missing("Redis");
            return None;
        }
        let dir = tempfile::tempdir().expect("a directory");
        let server = Redis::new(dir.path()).expect("Redis starts");
        Some(Self { server, _dir: dir })
    }

    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Starts it again where it was.
    pub fn again(&mut self) {
        self.server.start().expect("Redis starts");
    }

    pub fn kill(&mut self) {
        self.server.kill();
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}
