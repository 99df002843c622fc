//! How the layers become one configuration: reading, merging, naming the source of every value.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use figment::error::{Error, Kind};
use figment::providers::{Format, Serialized, Toml};
use figment::value::{Dict, Value};
use figment::{Figment, Metadata, Profile, Provider, Source};

use super::{Config, ConfigError, ConfigFault, Sources, check};
use crate::secret::Secret;

const PREFIX: &str = "SONGWALKER__";
const ENVIRONMENT: &str = "environment";
const COMMAND_LINE: &str = "command line";

/// Keys whose text is taken as it stands: a secret that looks like a number is still that text.
const SECRET_KEYS: [&str; 1] = ["database.url"];

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
    let unknown = unknown_keys(&figment);
    if !unknown.is_empty() {
        return Err(ConfigError { faults: unknown });
    }
    let mut config: Config = figment.extract().map_err(|errors| faults_of(&figment, errors))?;
    config.origins = origins(&figment, &config);
    complete(&mut config)?;
    let faults = check::faults(&config);
    if faults.is_empty() {
        return Ok(config);
    }
    let fault = |(key, problem): (&str, String)| fault_at(&figment, key, problem);
    Err(ConfigError {
        faults: faults.into_iter().map(fault).collect(),
    })
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

fn faults_of(figment: &Figment, errors: Error) -> ConfigError {
    let faults = errors.into_iter().map(|error| {
        let key = error.path.join(".");
        let problem = match &error.kind {
            Kind::Message(message) => without_quotations(message),
            Kind::InvalidType(_, expected) | Kind::InvalidValue(_, expected) => format!("must be {expected}"),
            Kind::InvalidLength(_, expected) => format!("must have {expected}"),
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
    ConfigError {
        faults: faults.collect(),
    }
}

/// A message about TOML without the lines that it quotes: they may hold a secret.
fn without_quotations(message: &str) -> String {
    let said = message.lines().map(str::trim).filter(|line| {
        let numbered = line.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start();
        !line.is_empty() && !numbered.starts_with('|')
    });
    said.collect::<Vec<_>>().join(": ")
}

/// What the layers leave open: the usual data directory, secrets from files, one form of the public address.
fn complete(config: &mut Config) -> Result<(), ConfigError> {
    if config.data_dir.as_os_str().is_empty() {
        let usual = directories::ProjectDirs::from("", "", "songwalker");
        let problem = "has no default without a home directory: name one";
        let usual = usual.ok_or_else(|| fault(Some("data_dir"), "default", problem.to_owned()))?;
        config.data_dir = usual.data_dir().to_path_buf();
    }
    let absolute = std::path::absolute(&config.data_dir);
    let wrong = |error: std::io::Error| fault(Some("data_dir"), "default", error.kind().to_string());
    config.data_dir = absolute.map_err(wrong)?;
    if let Some(url) = &mut config.server.public_url {
        url.truncate(url.trim_end_matches('/').len());
    }
    if let Some(file) = &config.database.url_file {
        let source = config
            .origins
            .get("database.url_file")
            .cloned()
            .unwrap_or_default();
        let wrong = |problem: String| fault(Some("database.url_file"), &source, problem);
        if config.database.url.is_some() {
            return Err(wrong("cannot stand beside database.url".to_owned()));
        }
        config.database.url = Some(Secret::from_file(file).map_err(|error| wrong(error.to_string()))?);
        config
            .origins
            .insert("database.url".to_owned(), file.display().to_string());
    }
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
