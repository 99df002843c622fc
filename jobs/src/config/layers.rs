//! How the layers become one configuration: reading, merging, naming the source of every value.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use figment::error::{Error, Kind};
use figment::providers::{Format, Serialized, Toml};
use figment::value::{Dict, Value};
use figment::{Figment, Metadata, Profile, Provider, Source};

use super::{Config, ConfigError, ConfigFault, Sources, check};
use crate::secret::{Secret, SecretError};

const PREFIX: &str = "SONGWALKER__";
const ENVIRONMENT: &str = "environment";
const COMMAND_LINE: &str = "command line";

/// Keys whose text is taken as it stands: a secret that looks like a number is still that text.
const SECRET_KEYS: [&str; 6] = [
    "database.url",
    "queue.url",
    "redis.url",
    "llm.key",
    "store.access_key",
    "store.secret_key",
];

/// Reads all layers, with these environment variables.
pub(super) fn load(
    sources: &Sources,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Config, ConfigError> {
    let mut figment = Figment::from(Serialized::defaults(Config::default()));
    if let Some(file) = file_of(sources)? {
        figment = figment.merge(Toml::file_exact(file));
    }
    let flags = sources
        .overrides
        .iter()
        .map(|(key, text)| (key.clone(), value_of(key, text)));
    let data_dir = match &sources.data_dir {
        Some(dir) => Some(("data_dir".to_owned(), path_value(dir, COMMAND_LINE)?)),
        None => None,
    };
    figment = figment
        .merge(Layer {
            name: ENVIRONMENT,
            values: environment_values(environment)?,
        })
        .merge(Layer {
            name: COMMAND_LINE,
            values: flags.chain(data_dir).collect(),
        });
    let merged = match figment.find_value("") {
        Ok(Value::Dict(_, dict)) => dict,
        Ok(_) => Dict::new(),
        Err(error) => {
            return Err(ConfigError {
                faults: faults_of(&figment, error),
            });
        }
    };
    // Every fault is told at once: unknown keys, then values of the wrong form, then what the rest says together.
    let (sound, mut faults) = sifted(&figment, &merged);
    let mut config: Config = sound.extract().map_err(|error| ConfigError {
        faults: faults_of(&figment, error),
    })?;
    config.origins = origins(&figment, &config);
    faults.extend(complete(&mut config));
    let wrong: Vec<String> = faults.iter().filter_map(|fault| fault.key.clone()).collect();
    let rests_on_wrong = |key: &str, problem: &str| {
        wrong
            .iter()
            .any(|wrong| wrong == key || problem.contains(wrong.as_str()))
    };
    let relations = check::faults(&config)
        .into_iter()
        .filter(|(key, problem)| !rests_on_wrong(key, problem));
    faults.extend(relations.map(|(key, problem)| fault_at(&figment, key, problem)));
    if faults.is_empty() {
        Ok(config)
    } else {
        Err(ConfigError { faults })
    }
}

/// The layers without what is wrong in itself, for which the defaults stand in, and those faults.
fn sifted(figment: &Figment, merged: &Dict) -> (Figment, Vec<ConfigFault>) {
    let defaults = || Figment::from(Serialized::defaults(Config::default()));
    let mut faults = unknown_keys(figment);
    let unknown: Vec<String> = faults.iter().filter_map(|fault| fault.key.clone()).collect();
    let mut sound = Vec::new();
    walk(merged, "", &mut |key, value| {
        let is_default = origin_of(figment, value, key) == "default";
        if is_default || unknown.iter().any(|unknown| unknown == key) {
            return;
        }
        let value = (key.to_owned(), value.clone());
        let alone = defaults().merge(Layer {
            name: "alone",
            values: vec![value.clone()],
        });
        match alone.extract::<Config>() {
            Ok(_) => sound.push(value),
            Err(error) => faults.extend(faults_of(figment, error)),
        }
    });
    let sound = Layer {
        name: "sound",
        values: sound,
    };
    (defaults().merge(sound), faults)
}

/// Every key of a configuration with its value as text, secrets as `***`, in the order of the keys.
pub(super) fn leaves(config: &Config) -> BTreeMap<String, String> {
    let mut leaves = BTreeMap::new();
    if let Ok(Value::Dict(_, dict)) = Value::serialize(config) {
        walk(&dict, "", &mut |key, value| {
            leaves.insert(key.to_owned(), text_of(value));
        });
    }
    leaves
}

/// The file of the second layer. One that was named must be readable; the usual one need not exist.
fn file_of(sources: &Sources) -> Result<Option<PathBuf>, ConfigError> {
    let usual = || {
        Some(
            directories::ProjectDirs::from("", "", "songwalker")?
                .config_dir()
                .join("config.toml"),
        )
    };
    let Some(file) = sources.file.clone().or_else(usual) else {
        return Ok(None);
    };
    match std::fs::File::open(&file) {
        Ok(_) => Ok(Some(file)),
        Err(error) if sources.file.is_none() && error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(fault(None, file.display(), "there is no such file".to_owned()))
        }
        Err(error) => Err(fault(
            None,
            file.display(),
            format!("cannot be read: {}", error.kind()),
        )),
    }
}

fn environment_values(
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Vec<(String, Value)>, ConfigError> {
    let mut values = Vec::new();
    for (name, text) in environment {
        let Some(key) = name.to_str().and_then(|name| name.strip_prefix(PREFIX)) else {
            continue;
        };
        let key = key.to_lowercase().replace("__", ".");
        let value = if key == "data_dir" {
            path_value(Path::new(&text), &source_name(ENVIRONMENT, &key))?
        } else {
            let not_text = || {
                fault(
                    Some(&key),
                    source_name(ENVIRONMENT, &key),
                    "is not UTF-8".to_owned(),
                )
            };
            value_of(&key, text.to_str().ok_or_else(not_text)?)
        };
        values.push((key, value));
    }
    Ok(values)
}

/// A value from text: a number, a truth value or a list where it has the form of one, else the text.
fn value_of(key: &str, text: &str) -> Value {
    if SECRET_KEYS.contains(&key) {
        return Value::from(text);
    }
    text.parse().unwrap_or_else(|never| match never {})
}

fn path_value(path: &Path, source: &str) -> Result<Value, ConfigError> {
    let text = path
        .to_str()
        .ok_or_else(|| fault(Some("data_dir"), source, "is not UTF-8".to_owned()))?;
    Ok(Value::from(text))
}

/// A layer of dotted keys.
struct Layer {
    name: &'static str,
    values: Vec<(String, Value)>,
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.name)
    }

    fn data(&self) -> Result<figment::value::Map<Profile, Dict>, Error> {
        let mut dict = Dict::new();
        for (key, value) in &self.values {
            insert(&mut dict, key, value.clone());
        }
        Ok(Profile::Default.collect(dict))
    }
}

/// Puts a value at its dotted key; what stood in the way there gives way.
fn insert(dict: &mut Dict, key: &str, value: Value) {
    let Some((section, rest)) = key.split_once('.') else {
        dict.insert(key.to_owned(), value);
        return;
    };
    let entry = dict
        .entry(section.to_owned())
        .or_insert_with(|| Value::from(Dict::new()));
    if entry.as_dict().is_none() {
        *entry = Value::from(Dict::new());
    }
    if let Value::Dict(_, inner) = entry {
        insert(inner, rest, value);
    }
}

/// Faults for all keys that the defaults do not have.
fn unknown_keys(figment: &Figment) -> Vec<ConfigFault> {
    let known = leaves(&Config::default());
    let is_section = |key: &str| {
        known
            .keys()
            .any(|k| k.strip_prefix(key).is_some_and(|k| k.starts_with('.')))
    };
    let mut unknown = Vec::new();
    if let Ok(Value::Dict(_, dict)) = figment.find_value("") {
        walk(&dict, "", &mut |key, value| {
            if !known.contains_key(key) && !is_section(key) {
                let source = origin_of(figment, value, key);
                let problem = "is not a key of the configuration".to_owned();
                unknown.push(ConfigFault {
                    key: Some(key.to_owned()),
                    source,
                    problem,
                });
            }
        });
    }
    unknown
}

/// Visits every value that is no table, and every empty table, with its dotted key.
fn walk(dict: &Dict, prefix: &str, visit: &mut impl FnMut(&str, &Value)) {
    for (name, value) in dict {
        let key = if prefix.is_empty() {
            name.clone()
        } else {
            format!("{prefix}.{name}")
        };
        match value {
            Value::Dict(_, inner) if !inner.is_empty() => walk(inner, &key, visit),
            _ => visit(&key, value),
        }
    }
}

fn origins(figment: &Figment, config: &Config) -> BTreeMap<String, String> {
    let named = leaves(config).into_keys().filter_map(|key| {
        let value = figment.find_value(&key).ok()?;
        let source = origin_of(figment, &value, &key);
        (source != "default").then_some((key, source))
    });
    named.collect()
}

fn origin_of(figment: &Figment, value: &Value, key: &str) -> String {
    figment
        .get_metadata(value.tag())
        .map_or_else(|| "default".to_owned(), |metadata| named(metadata, key))
}

fn named(metadata: &Metadata, key: &str) -> String {
    match &metadata.source {
        Some(Source::File(path)) => path.display().to_string(),
        _ => source_name(&metadata.name, key),
    }
}

fn source_name(layer: &str, key: &str) -> String {
    match layer {
        ENVIRONMENT => format!("environment {PREFIX}{}", key.to_uppercase().replace('.', "__")),
        COMMAND_LINE => COMMAND_LINE.to_owned(),
        _ => "default".to_owned(),
    }
}

fn fault(key: Option<&str>, source: impl ToString, problem: String) -> ConfigError {
    ConfigError {
        faults: vec![ConfigFault {
            key: key.map(str::to_owned),
            source: source.to_string(),
            problem,
        }],
    }
}

fn fault_at(figment: &Figment, key: &str, problem: String) -> ConfigFault {
    let source = match figment.find_value(key) {
        Ok(value) => origin_of(figment, &value, key),
        Err(_) => "default".to_owned(),
    };
    ConfigFault {
        key: Some(key.to_owned()),
        source,
        problem,
    }
}

fn faults_of(figment: &Figment, errors: Error) -> Vec<ConfigFault> {
    let faults = errors.into_iter().map(|error| {
        let key = error.path.join(".");
        let problem = match &error.kind {
            Kind::Message(message) => without_quotations(message),
            Kind::InvalidType(_, expected) | Kind::InvalidValue(_, expected) => format!("must be {expected}"),
            Kind::InvalidLength(_, expected) => format!("must have {expected}"),
            // Figment's own words put marks around a list that has marks already.
            Kind::UnknownVariant(_, known) => format!("must be one of: {}", known.join(", ")),
            kind => kind.to_string(),
        };
        if key.is_empty() {
            let source = error
                .metadata
                .as_ref()
                .map_or_else(|| "default".to_owned(), |m| named(m, ""));
            return ConfigFault {
                key: None,
                source,
                problem,
            };
        }
        fault_at(figment, &key, format!("is wrong: {problem}"))
    });
    faults.collect()
}

/// A message about TOML without the lines that it quotes: they may hold a secret.
fn without_quotations(message: &str) -> String {
    let said = message.lines().map(str::trim).filter(|line| {
        let numbered = line.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start();
        !line.is_empty() && !numbered.starts_with('|')
    });
    said.collect::<Vec<_>>().join(": ")
}

/// What the layers leave open: the usual data directory, secrets from files, one form of the public address. Gives the
/// faults that this meets.
fn complete(config: &mut Config) -> Vec<ConfigFault> {
    let mut faults = Vec::new();
    if let Some(url) = &mut config.server.public_url {
        url.truncate(url.trim_end_matches('/').len());
    }
    faults.extend(complete_data_dir(config).err());
    let secrets = [
        complete_secret(config, "database.url", |config| {
            (&mut config.database.url, &config.database.url_file)
        }),
        complete_secret(config, "queue.url", |config| {
            (&mut config.queue.url, &config.queue.url_file)
        }),
        complete_secret(config, "redis.url", |config| {
            (&mut config.redis.url, &config.redis.url_file)
        }),
        complete_secret(config, "llm.key", |config| {
            (&mut config.llm.key, &config.llm.key_file)
        }),
        complete_secret(config, "store.access_key", |config| {
            (&mut config.store.access_key, &config.store.access_key_file)
        }),
        complete_secret(config, "store.secret_key", |config| {
            (&mut config.store.secret_key, &config.store.secret_key_file)
        }),
    ];
    faults.extend(secrets.into_iter().filter_map(Result::err));
    faults
}

fn complete_data_dir(config: &mut Config) -> Result<(), ConfigFault> {
    let source = config.origin("data_dir").to_owned();
    let wrong = |problem: String| ConfigFault {
        key: Some("data_dir".to_owned()),
        source,
        problem,
    };
    if config.data_dir.as_os_str().is_empty() {
        let Some(usual) = directories::ProjectDirs::from("", "", "songwalker") else {
            return Err(wrong(
                "has no default without a home directory: name one".to_owned(),
            ));
        };
        config.data_dir = usual.data_dir().to_path_buf();
    }
    config.data_dir =
        std::path::absolute(&config.data_dir).map_err(|error| wrong(error.kind().to_string()))?;
    Ok(())
}

/// Reads a secret that stands in a file into its own key.
fn complete_secret(
    config: &mut Config,
    key: &'static str,
    parts: impl Fn(&mut Config) -> (&mut Option<Secret>, &Option<PathBuf>),
) -> Result<(), ConfigFault> {
    let file_key = format!("{key}_file");
    let source = config.origin(&file_key).to_owned();
    let (secret, file) = parts(config);
    let Some(file) = file.clone() else {
        return Ok(());
    };
    let wrong = |problem: String| ConfigFault {
        key: Some(file_key),
        source,
        problem,
    };
    if secret.is_some() {
        return Err(wrong(format!("cannot stand beside {key}")));
    }
    *secret = Some(Secret::from_file(&file).map_err(|error| {
        wrong(match error {
            SecretError::Unreadable(std::io::ErrorKind::NotFound) => {
                format!("there is no file {}", file.display())
            }
            error => error.to_string(),
        })
    })?);
    config.origins.insert(key.to_owned(), file.display().to_string());
    Ok(())
}

fn text_of(value: &Value) -> String {
    match value {
        Value::String(_, text) => text.clone(),
        Value::Char(_, c) => c.to_string(),
        Value::Bool(_, b) => b.to_string(),
        Value::Num(_, number) => match (number.to_u128(), number.to_i128(), number.to_f64()) {
            (Some(n), ..) => n.to_string(),
            (None, Some(n), _) => n.to_string(),
            (None, None, n) => n.unwrap_or_default().to_string(),
        },
        Value::Array(_, values) => values.iter().map(text_of).collect::<Vec<_>>().join(", "),
        Value::Empty(..) | Value::Dict(..) => String::new(),
    }
}
