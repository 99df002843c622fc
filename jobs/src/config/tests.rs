//! The configuration as its users meet it: layers, wrong keys, wrong values, what is printed.

use std::ffi::OsString;
use std::time::Duration;

use super::{Config, ConfigError, LogFormat, Sources, Span, layers};

struct Bench {
    dir: tempfile::TempDir,
    sources: Sources,
    environment: Vec<(OsString, OsString)>,
}

impl Bench {
    /// A bench with a configuration file of its own, so that the developer's is never read.
    fn new(toml: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("songwalker.toml");
        std::fs::write(&file, toml).unwrap();
        let data_dir = Some(dir.path().join("data"));
        Self {
            sources: Sources {
                file: Some(file),
                data_dir,
                overrides: Vec::new(),
            },
            dir,
            environment: Vec::new(),
        }
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    fn flag(mut self, key: &str, value: &str) -> Self {
        self.sources.overrides.push((key.to_owned(), value.to_owned()));
        self
    }

    fn load(&self) -> Result<Config, ConfigError> {
        layers::load(&self.sources, self.environment.iter().cloned())
    }

    fn faults(&self) -> Vec<String> {
        self.load()
            .unwrap_err()
            .faults
            .iter()
            .map(ToString::to_string)
            .collect()
    }
}

fn described(config: &Config, key: &str) -> (String, String) {
    let found = config.describe().into_iter().find(|(k, ..)| k == key);
    found.map(|(_, value, source)| (value, source)).unwrap()
}

#[test]
fn without_any_source_the_defaults_are_in_force() {
    let config = Bench::new("").load().unwrap();
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:7761");
    assert_eq!(config.worker.lease.duration(), Duration::from_secs(30));
    assert_eq!(config.retention.artifacts, None);
    assert_eq!(
        described(&config, "retention.artifacts"),
        ("keep".to_owned(), "default".to_owned())
    );
    assert_eq!(
        described(&config, "worker.hard_deadline"),
        ("1m".to_owned(), "default".to_owned())
    );
    assert_eq!(
        described(&config, "retry.jitter"),
        ("0.2".to_owned(), "default".to_owned())
    );
}

#[test]
fn the_later_layer_wins_and_is_named() {
    let toml = "[worker]\nslots = 1\nlease = \"40s\"\nheartbeat = \"9s\"\n[log]\nformat = \"json\"\n";
    let bench = Bench::new(toml)
        .env("SONGWALKER__WORKER__LEASE", "50s")
        .env("SONGWALKER__WORKER__HEARTBEAT", "8s")
        .env("SONGWALKER__SERVER__TRUSTED_HOSTS", "[a.example, b.example:80]")
        .env("SONGWALKER_FAILPOINTS", "not ours")
        .env("PATH", "/bin")
        .flag("worker.heartbeat", "7s")
        .flag("server.listen", "[::1]:0");
    let config = bench.load().unwrap();
    assert_eq!(config.worker.slots, Some(1));
    assert_eq!(config.worker.lease, Span::from_secs(50));
    assert_eq!(config.worker.heartbeat, Span::from_secs(7));
    assert_eq!(config.log.format, LogFormat::Json);
    assert_eq!(config.server.listen.to_string(), "[::1]:0");
    assert_eq!(config.server.trusted_hosts, ["a.example", "b.example:80"]);
    let file = bench.sources.file.as_ref().unwrap().display().to_string();
    assert_eq!(described(&config, "worker.slots"), ("1".to_owned(), file));
    let lease = (
        "50s".to_owned(),
        "environment SONGWALKER__WORKER__LEASE".to_owned(),
    );
    assert_eq!(described(&config, "worker.lease"), lease);
    assert_eq!(
        described(&config, "worker.heartbeat"),
        ("7s".to_owned(), "command line".to_owned())
    );
    let data = bench.dir.path().join("data").display().to_string();
    assert_eq!(described(&config, "data_dir"), (data, "command line".to_owned()));
}

#[test]
fn the_data_directory_may_look_like_anything_and_becomes_absolute() {
    let mut bench = Bench::new("").env("SONGWALKER__DATA_DIR", "1.50");
    bench.sources.data_dir = None;
    let config = bench.load().unwrap();
    assert!(
        config.data_dir.is_absolute() && config.data_dir.ends_with("1.50"),
        "{:?}",
        config.data_dir
    );
}

#[test]
fn a_key_that_does_not_exist_is_named_with_its_source() {
    let bench = Bench::new("[server]\nlisen = \"127.0.0.1:1\"\n[sever]\n")
        .env("SONGWALKER__WORKER__SLOT", "3")
        .env("SONGWALKER__SERVER__LISTEN__PORT", "3")
        .flag("nothing", "1");
    let faults = bench.faults();
    let file = bench.sources.file.as_ref().unwrap().display().to_string();
    assert_eq!(
        faults,
        [
            "nothing is not a key of the configuration (command line)".to_owned(),
            format!("server.lisen is not a key of the configuration ({file})"),
            "server.listen.port is not a key of the configuration (environment SONGWALKER__SERVER__LISTEN__PORT)"
                .to_owned(),
            format!("sever is not a key of the configuration ({file})"),
            "worker.slot is not a key of the configuration (environment SONGWALKER__WORKER__SLOT)".to_owned(),
        ]
    );
}

#[test]
fn a_value_of_the_wrong_form_is_named_with_its_source() {
    for (name, value, key) in [
        ("SONGWALKER__WORKER__LEASE", "30", "worker.lease"),
        ("SONGWALKER__WORKER__LEASE", "soon", "worker.lease"),
        ("SONGWALKER__SERVER__LISTEN", "everywhere", "server.listen"),
        ("SONGWALKER__WORKER__SLOTS", "-1", "worker.slots"),
        ("SONGWALKER__LOG__FORMAT", "xml", "log.format"),
        ("SONGWALKER__RETENTION__PROMPTS", "a while", "retention.prompts"),
        ("SONGWALKER__WORKER", "fast", "worker"),
    ] {
        let faults = Bench::new("").env(name, value).faults();
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].starts_with(&format!("{key} is wrong: ")), "{faults:?}");
        assert!(
            faults[0].ends_with(&format!("(environment {name})")),
            "{faults:?}"
        );
    }
}

#[test]
fn values_that_break_an_invariant_are_refused_all_at_once() {
    let toml = "
        [server]
        public_url = \"ftp://example.org\"
        body_bytes = 10
        trusted_hosts = [\"https://example.org\"]
        [worker]
        slots = 0
        lease = \"20s\"
        soft_deadline = \"60s\"
        cancel_grace = \"501ms\"
        cancel_poll = \"2s\"
        child_memory_bytes = 1073741823
        max_attempts = 0
        [retry]
        jitter = 1.5
        max = \"1ms\"
        [scheduler]
        batch = 0
        [retention]
        share_default = \"400d\"
        objects_grace = \"1m\"
    ";
    let keys: Vec<String> = Bench::new(toml)
        .load()
        .unwrap_err()
        .faults
        .into_iter()
        .filter_map(|fault| fault.key)
        .collect();
    assert_eq!(
        keys,
        [
            "server.public_url",
            "server.body_bytes",
            "server.trusted_hosts",
            "worker.slots",
            "worker.lease",
            "worker.hard_deadline",
            "worker.cancel_grace",
            "worker.cancel_poll",
            "worker.child_memory_bytes",
            "worker.max_attempts",
            "retry.max",
            "retry.jitter",
            "scheduler.batch",
            "retention.share_max",
            "retention.objects_grace",
        ]
    );
}

#[test]
fn faults_of_every_kind_are_told_at_once_each_with_its_source() {
    let bench = Bench::new("[worker]\nsurprise = 1\nheartbeat = \"soon\"\n")
        .env("SONGWALKER__LOG__FORMAT", "xml")
        .env("SONGWALKER__RETRY__JITTER", "7")
        .env("SONGWALKER__WORKER__LEASE", "15s");
    let file = bench.sources.file.as_ref().unwrap().display().to_string();
    assert_eq!(
        bench.faults(),
        [
            format!("worker.surprise is not a key of the configuration ({file})"),
            "log.format is wrong: must be one of: text, json (environment SONGWALKER__LOG__FORMAT)"
                .to_owned(),
            format!("worker.heartbeat is wrong: not a duration such as 500ms, 45s, 15m, 24h or 90d ({file})"),
            "retry.jitter must be from 0 to 1 (environment SONGWALKER__RETRY__JITTER)".to_owned(),
        ],
        "what the lease should be longer than is not known"
    );
}

#[test]
fn a_public_address_is_taken_without_the_slash_at_its_end() {
    let taken = |url: &str| {
        Bench::new("")
            .flag("server.public_url", url)
            .load()
            .map(|c| c.server.public_url)
    };
    assert_eq!(
        taken("https://example.org/").unwrap().as_deref(),
        Some("https://example.org")
    );
    assert_eq!(
        taken("http://[::1]:80/walk/").unwrap().as_deref(),
        Some("http://[::1]:80/walk")
    );
    for wrong in [
        "example.org",
        "https://",
        "https://:80",
        "https://me:pw@example.org",
        "https://a.b/?x",
        "https://a.b/#x",
        "https://a b",
        "https://a//b",
        "javascript:alert(1)",
    ] {
        assert!(taken(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn secrets_are_read_from_environment_or_file_and_never_printed() {
    let secret = "0123.50";
    let config = Bench::new("[store]\nbucket = \"sounds\"\naccess_key = \"me\"\n")
        .env("SONGWALKER__STORE__SECRET_KEY", secret)
        .load()
        .unwrap();
    assert_eq!(config.store.secret_key.as_ref().unwrap().expose(), secret);
    assert_eq!(described(&config, "store.secret_key").0, "***");
    assert!(!format!("{config:?} {:?}", config.describe()).contains(secret));

    let bench = Bench::new("");
    let file = bench.dir.path().join("url");
    std::fs::write(&file, "postgres://canary-url\n").unwrap();
    let bench = bench.env("SONGWALKER__DATABASE__URL_FILE", file.to_str().unwrap());
    let config = bench.load().unwrap();
    assert_eq!(
        config.database.url.as_ref().unwrap().expose(),
        "postgres://canary-url"
    );
    assert_eq!(
        described(&config, "database.url"),
        ("***".to_owned(), file.display().to_string())
    );
    assert!(
        bench
            .env("SONGWALKER__DATABASE__URL", "postgres://other")
            .load()
            .is_err()
    );
}

#[test]
fn a_file_that_is_no_toml_is_refused_without_quoting_it() {
    let bench = Bench::new("[database]\nurl = \"canary-url\n");
    let faults = bench.faults();
    let file = bench.sources.file.as_ref().unwrap().display().to_string();
    assert!(
        faults[0].contains("line 2") && faults[0].contains(&file),
        "{faults:?}"
    );
    assert!(!faults[0].contains("canary"), "{faults:?}");
}

#[test]
fn a_file_that_was_named_must_exist() {
    let mut bench = Bench::new("");
    bench.sources.file = Some(bench.dir.path().join("elsewhere.toml"));
    assert!(bench.faults()[0].starts_with("there is no such file ("));
}

#[test]
fn the_configuration_for_tests_is_valid() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(super::check::faults(&Config::for_tests(dir.path())), []);
}

#[test]
fn services_are_named_by_addresses_of_their_own_kind() {
    for (key, right, wrong) in [
        (
            "DATABASE__URL",
            "postgresql://u:p@db/songwalker",
            "mysql://canary@db",
        ),
        ("QUEUE__URL", "amqps://u:p@mq/%2f", "http://canary@mq"),
        ("REDIS__URL", "rediss://:p@cache:6379/1", "canary:6379"),
    ] {
        let name = format!("SONGWALKER__{key}");
        assert!(Bench::new("").env(&name, right).load().is_ok(), "{key}");
        let faults = Bench::new("").env(&name, wrong).faults();
        assert!(faults[0].contains("must start with"), "{faults:?}");
        assert!(!faults[0].contains("canary"), "{faults:?}");
    }
}

#[test]
fn a_store_has_a_bucket_and_both_keys_or_is_not_named_at_all() {
    let whole = "[store]\nbucket = \"b\"\naccess_key = \"a\"\nsecret_key = \"s\"\nendpoint = \"http://s3\"\n";
    assert!(Bench::new(whole).load().is_ok());
    for missing in ["bucket", "access_key", "secret_key"] {
        let rest: String = whole
            .lines()
            .filter(|line| !line.starts_with(missing))
            .map(|line| format!("{line}\n"))
            .collect();
        let faults = Bench::new(&rest).faults();
        assert!(
            faults
                .iter()
                .any(|fault| fault.starts_with(&format!("store.{missing}"))),
            "{missing}: {faults:?}"
        );
    }
}

const MODEL: &str = "[llm]\nbase_url = \"http://127.0.0.1:11434/v1\"\nmodel = \"small\"\n";

#[test]
fn a_language_model_is_there_where_it_has_an_address_and_a_name_and_its_key_is_a_secret() {
    assert_eq!(Bench::new("").load().unwrap().llm.named(), None);
    let named = Bench::new("[llm]\nmodel = \"small\"\n").load().unwrap();
    assert_eq!(named.llm.named(), None, "off without an address");
    let config = Bench::new(MODEL)
        .env("SONGWALKER__LLM__KEY", "12345")
        .load()
        .unwrap();
    assert_eq!(config.llm.named(), Some("small"));
    assert_eq!(config.llm.key.as_ref().unwrap().expose(), "12345");
    assert_eq!(described(&config, "llm.key").0, "***");
    let nameless = Bench::new("[llm]\nbase_url = \"http://127.0.0.1/v1\"\n").faults();
    assert!(nameless[0].starts_with("llm.model"), "{nameless:?}");
    for (url, problem) in [
        ("ftp://host/v1", "must start with"),
        ("https://me:canary@host/v1", "must not hold"),
        ("https://host/v1?key=canary", "must not have"),
    ] {
        let faults = Bench::new(MODEL).env("SONGWALKER__LLM__BASE_URL", url).faults();
        assert!(
            faults[0].starts_with("llm.base_url") && faults[0].contains(problem),
            "{faults:?}"
        );
        assert!(!faults[0].contains("canary"), "{faults:?}");
    }
}

#[test]
fn a_language_model_leaves_time_for_the_sound_and_costs_need_prices() {
    for (key, right, wrong) in [
        ("DEADLINE", "33s", "34s"),
        ("SILENCE", "1s", "0s"),
        ("ANSWER_TOKENS", "200", "199"),
        ("INPUT_PRICE", "0.5", "-1"),
    ] {
        let name = format!("SONGWALKER__LLM__{key}");
        let with = |value| Bench::new(MODEL).env(&name, value);
        assert!(
            with(right).load().is_ok(),
            "{key}: {:?}",
            with(right).load().err()
        );
        let faults = with(wrong).faults();
        let key = format!("llm.{}", key.to_lowercase());
        assert!(faults[0].starts_with(&key), "{faults:?}");
    }
    let capped = Bench::new(MODEL).env("SONGWALKER__LLM__DAY_COST", "5");
    assert!(capped.faults()[0].contains("needs llm.input_price"));
    let priced = capped
        .env("SONGWALKER__LLM__INPUT_PRICE", "0.4")
        .env("SONGWALKER__LLM__OUTPUT_PRICE", "1.6");
    let llm = priced.load().unwrap().llm;
    assert_eq!(llm.cost_micros(1_000_000, 500_000), 1_200_000);
    assert_eq!(llm.cost_micros(1, 0), 1, "rounded up");
}
