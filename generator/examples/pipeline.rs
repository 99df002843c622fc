//! The pipeline called directly, as a process that stays warm: one request as a line of JSON in
//! (`{"prompt", "seed", "variations"}`), its milliseconds and the bundle's hash as a line of JSON out.
//! `cargo xtask bench latency` holds jobs against it.

use std::error::Error;
use std::io::{BufRead, Write};
use std::time::Instant;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use songwalker_generator::pipeline::{Hooks, Request, generate};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    prompt: String,
    seed: u64,
    variations: usize,
}

#[derive(Serialize)]
struct Made {
    ms: f64,
    sha256: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    for line in std::io::stdin().lock().lines() {
        let asked: Asked = serde_json::from_str(&line?)?;
        let request = Request {
            prompt: asked.prompt,
            tags: Vec::new(),
            template_id: None,
            seed: asked.seed,
            variations: asked.variations,
            parent: None,
        };
        let started = Instant::now();
        let generated = generate(&request, &Hooks::none())?;
        let ms = 1000.0 * started.elapsed().as_secs_f64();
        let hash = Sha256::digest(&generated.bundle.zip);
        let sha256 = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        let made = Made { ms, sha256 };
        println!("{}", serde_json::to_string(&made)?);
        std::io::stdout().flush()?;
    }
    Ok(())
}
