//! What the program is told beside its arguments: a TOML file, under the environment, under flags.

mod size;

use self::size::Size;
use crate::{
    error::{advice, one_line, CliError},
    keys::{KeySource, Secret, KEY_URI},
    output,
    runner::{BackendChoice, DeviceChoice, GemmChoice},
};
use serde::Deserialize;
use std::{
    env, fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};
use toml::{Table, Value};

/// Names a configuration file.
const CONFIG_FILE: &str = "ASSAY_CONFIG";
/// Of a configuration where neither flag nor environment names one; it may be missing.
const DEFAULT_FILE: &str = "assay/config.toml";

/// How the text of a variable is read.
#[derive(Clone, Copy)]
enum Form {
    Text,
    Number,
    Flag,
    /// Commas between its items.
    List,
}

/// The variables of the environment, with the fields that they set.
const VARIABLES: [(&str, &[&str], Form); 22] = [
    ("ASSAY_NODES", &["nodes"], Form::List),
    ("ASSAY_DATA", &["data"], Form::Text),
    ("ASSAY_KEY_FILE", &["key", "file"], Form::Text),
    ("ASSAY_KEY_PASSWORD_FILE", &["key", "password_file"], Form::Text),
    ("ASSAY_BLOBS_STORE", &["blobs", "store"], Form::Text),
    ("ASSAY_BLOBS_LISTEN", &["blobs", "listen"], Form::Text),
    ("ASSAY_BLOBS_PUBLIC_URL", &["blobs", "public_url"], Form::Text),
    ("ASSAY_BLOBS_PEERS", &["blobs", "peers"], Form::List),
    ("ASSAY_BLOBS_ALLOW_PRIVATE", &["blobs", "allow_private"], Form::Flag),
    ("ASSAY_BLOBS_MAX_SIZE", &["blobs", "max_size"], Form::Text),
    ("ASSAY_WORKER_JOBS", &["worker", "jobs"], Form::Number),
    ("ASSAY_WORKER_THREADS", &["worker", "threads"], Form::Number),
    ("ASSAY_WORKER_MEMORY", &["worker", "memory"], Form::Text),
    ("ASSAY_WORKER_SECONDS", &["worker", "seconds"], Form::Number),
    ("ASSAY_WORKER_DISK", &["worker", "disk"], Form::Text),
    ("ASSAY_WORKER_RESULTS", &["worker", "results"], Form::Text),
    ("ASSAY_WORKER_BACKEND", &["worker", "backend"], Form::Text),
    ("ASSAY_WORKER_DEVICE", &["worker", "device"], Form::Number),
    ("ASSAY_WORKER_GEMM", &["worker", "gemm"], Form::Text),
    ("ASSAY_WORKER_METRICS", &["worker", "metrics"], Form::Text),
    ("ASSAY_WORKER_ADMIN", &["worker", "admin"], Form::Text),
    ("ASSAY_WORKER_KEEP_HOURS", &["worker", "keep_hours"], Form::Number),
];

/// What flags say, over everything else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Nodes, if any is named.
    pub nodes: Vec<String>,
    /// Where data is kept.
    pub data: Option<PathBuf>,
    /// The key file.
    pub key: Option<PathBuf>,
}

/// All of it, put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// URLs of nodes, tried in turn.
    pub nodes: Vec<String>,
    /// Where the worker's database, the blobs and jobs' scratch files are.
    pub data: PathBuf,
    /// Who signs.
    pub key: Option<KeySource>,
    /// Content.
    pub blobs: BlobsConfig,
    /// The worker.
    pub worker: WorkerConfig,
}

/// Where content lies, and how others get it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobsConfig {
    /// A directory, or `s3://bucket/prefix`.
    pub store: String,
    /// Where it is served.
    pub listen: Option<SocketAddr>,
    /// What others reach that by.
    pub public_url: Option<String>,
    /// Servers that are asked for what the chain names none for.
    pub peers: Vec<String>,
    /// Whether servers on private and loopback addresses are asked.
    pub allow_private: bool,
    /// The most bytes of a blob that is fetched.
    pub max_size: u64,
}

/// What the worker may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerConfig {
    /// Jobs at a time.
    pub jobs: u32,
    /// Threads of a job; 0 for one per processor.
    pub threads: usize,
    /// Most bytes of memory of a job; none for what the machine that it runs on promises.
    pub memory: Option<u64>,
    /// Most seconds of a job.
    pub seconds: u64,
    /// Most bytes of a job's files.
    pub disk: u64,
    /// Most bytes of results that are kept for requesters: at least one of a job.
    pub results: u64,
    /// What computes.
    pub backend: BackendChoice,
    /// Which GPU, where that is one.
    pub device: DeviceChoice,
    /// Where Prometheus reads metrics.
    pub metrics: Option<SocketAddr>,
    /// Where `assay worker status` and `drain` ask.
    pub admin: SocketAddr,
    /// For how long outputs are kept after their job.
    pub keep: Duration,
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    nodes: Vec<String>,
    data: Option<PathBuf>,
    key: Key,
    blobs: Blobs,
    worker: Worker,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Key {
    file: Option<PathBuf>,
    password_file: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Blobs {
    store: Option<String>,
    listen: Option<SocketAddr>,
    public_url: Option<String>,
    peers: Vec<String>,
    allow_private: bool,
    max_size: Size,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Worker {
    jobs: u32,
    threads: usize,
    memory: Option<Size>,
    seconds: u64,
    disk: Size,
    results: Option<Size>,
    backend: Option<String>,
    device: usize,
    gemm: Option<String>,
    metrics: Option<SocketAddr>,
    admin: SocketAddr,
    keep_hours: u64,
}

impl Default for File {
    fn default() -> Self {
        Self {
            nodes: vec!["ws://127.0.0.1:9944".into()],
            data: None,
            key: Key::default(),
            blobs: Blobs::default(),
            worker: Worker::default(),
        }
    }
}

impl Default for Blobs {
    /// The chain's own bound on outputs, 16 GiB, is the most that is fetched.
    fn default() -> Self {
        let (listen, public_url) = (None, None);
        Self {
            store: None,
            listen,
            public_url,
            peers: vec![],
            allow_private: false,
            max_size: Size(16 << 30),
        }
    }
}

impl Default for Worker {
    /// An hour of computing, files of 8 GiB, which is as much as the smallest machine has memory, and outputs for as long
    /// as receipts are kept: a week.
    fn default() -> Self {
        Self {
            jobs: 1,
            threads: 0,
            memory: None,
            seconds: 3_600,
            disk: Size(8 << 30),
            results: None,
            backend: None,
            device: 0,
            gemm: None,
            metrics: None,
            admin: SocketAddr::from(([127, 0, 0, 1], 9621)),
            keep_hours: 7 * 24,
        }
    }
}

impl Config {
    /// Reads the file at `path`, or the default one if it is there, and puts environment and flags over it.
    ///
    /// # Errors
    ///
    /// A file that is named can't be read; one that is there is no TOML, or has fields that are unknown or no values for
    /// them; a variable of the environment neither. The line names file and line, or the variable.
    pub fn load(path: Option<&Path>, overrides: &Overrides) -> Result<Self, CliError> {
        // Of the others some may be no text.
        let variables = env::vars_os().filter_map(|(name, value)| {
            let name = name.into_string().ok().filter(|name| name.starts_with("ASSAY_"))?;
            Some((name, value.to_string_lossy().into_owned()))
        });
        Self::from_parts(path, variables.collect(), overrides)
    }

    fn from_parts(
        path: Option<&Path>,
        variables: Vec<(String, String)>,
        overrides: &Overrides,
    ) -> Result<Self, CliError> {
        let variable = |wanted: &str| {
            let found = variables.iter().find(|(name, _)| name == wanted);
            found.map(|(_, value)| value.clone())
        };
        let named = path.map(PathBuf::from).or_else(|| variable(CONFIG_FILE).map(PathBuf::from));
        let mut table = match &named {
            Some(path) => read(path)?,
            None => match default_file().filter(|path| path.exists()) {
                Some(path) => read(&path)?,
                None => Table::new(),
            },
        };
        for (name, value) in &variables {
            set(&mut table, name, value)?;
        }
        // What the file says was checked by itself, so what is wrong now came from a variable.
        let file: File = table.try_into().map_err(|error: toml::de::Error| {
            CliError::Usage(format!("environment, {}", one_line(&error.to_string())))
        })?;
        file.finish(variable(KEY_URI), overrides)
    }
}

impl File {
    fn finish(self, key_uri: Option<String>, overrides: &Overrides) -> Result<Config, CliError> {
        let Self { nodes, data, key, blobs, worker } = self;
        let data = overrides.data.clone().or(data).or_else(default_data);
        let data = data.ok_or_else(|| {
            CliError::Usage("there is no home directory to keep data in: pass --data DIR".into())
        })?;
        let nodes = if overrides.nodes.is_empty() { nodes } else { overrides.nodes.clone() };
        check_nodes(&nodes)?;
        let file = overrides.key.clone().or_else(|| key.file.filter(|_| key_uri.is_none()));
        let key = match (file, key_uri) {
            (Some(path), _) => Some(KeySource::File { path, password: key.password_file }),
            (None, Some(uri)) => Some(KeySource::Uri(Secret::new(uri))),
            (None, None) => None,
        };
        let blobs = BlobsConfig {
            store: blobs.store.unwrap_or_else(|| data.join("blobs").display().to_string()),
            listen: blobs.listen,
            public_url: blobs.public_url,
            peers: blobs.peers,
            allow_private: blobs.allow_private,
            max_size: blobs.max_size.0,
        };
        Ok(Config { nodes, data, key, blobs, worker: worker.finish()? })
    }
}

/// Refuses what no connection can be made to, before one is tried.
fn check_nodes(nodes: &[String]) -> Result<(), CliError> {
    if nodes.is_empty() {
        return Err(CliError::Usage("nodes is empty: name one, such as ws://127.0.0.1:9944".into()));
    }
    let is_address = |node: &str| ["ws://", "wss://"].iter().any(|scheme| node.starts_with(*scheme));
    match nodes.iter().find(|node| !is_address(node.as_str())) {
        Some(node) => {
            Err(CliError::Usage(format!("nodes has {node:?}: a node's address begins with ws:// or wss://")))
        }
        None => Ok(()),
    }
}

impl Worker {
    fn finish(self) -> Result<WorkerConfig, CliError> {
        if self.jobs == 0 {
            return Err(CliError::Usage(
                "worker.jobs is 0: a worker takes at least one job at a time".into(),
            ));
        }
        if self.seconds == 0 {
            return Err(CliError::Usage("worker.seconds is 0: a job takes at least one".into()));
        }
        if !self.admin.ip().is_loopback() {
            let admin = self.admin;
            return Err(CliError::Usage(format!("worker.admin is {admin}: it has to be a loopback address")));
        }
        let disk = self.disk.0;
        let results = self.results.map_or(disk.saturating_mul(2), |size| size.0);
        if results < disk {
            let (results, disk) = (output::size(results), output::size(disk));
            return Err(CliError::Usage(format!(
                "worker.results is {results}, and one result may have {disk}, as worker.disk says: raise the first or \
                 lower the second"
            )));
        }
        let backend = match self.backend {
            None => BackendChoice::default(),
            Some(name) => name
                .parse::<BackendChoice>()
                .map_err(|error| CliError::Usage(format!("worker.backend is {name:?}: {error}")))?,
        };
        let gemm = match self.gemm {
            None => GemmChoice::default(),
            Some(name) => name
                .parse::<GemmChoice>()
                .map_err(|error| CliError::Usage(format!("worker.gemm is {name:?}: {error}")))?,
        };
        Ok(WorkerConfig {
            jobs: self.jobs,
            threads: self.threads,
            memory: self.memory.map(|size| size.0),
            seconds: self.seconds,
            disk,
            results,
            backend,
            device: DeviceChoice { index: self.device, gemm, is_trial: false },
            metrics: self.metrics,
            admin: self.admin,
            keep: Duration::from_secs(self.keep_hours.saturating_mul(3_600)),
        })
    }
}

/// Reads a file, and checks it by itself, while it is known where in it things are.
fn read(path: &Path) -> Result<Table, CliError> {
    let place = path.display();
    let text = fs::read_to_string(path).map_err(|error| {
        let advice = advice(error.kind()).unwrap_or("name another one with --config or ASSAY_CONFIG");
        CliError::Usage(format!("configuration {place}: {error}: {advice}"))
    })?;
    let wrong = |error: toml::de::Error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        CliError::Usage(format!("configuration {place}, line {line}: {}", one_line(error.message())))
    };
    toml::from_str::<File>(&text).map_err(wrong)?;
    toml::from_str(&text).map_err(wrong)
}

/// Puts a variable of the environment over what the file says. An empty one is as if it were not there.
fn set(table: &mut Table, name: &str, value: &str) -> Result<(), CliError> {
    let Some((_, path, form)) = VARIABLES.iter().find(|(known, ..)| *known == name) else {
        return Ok(());
    };
    let Some((last, parents)) = path.split_last().filter(|_| !value.is_empty()) else { return Ok(()) };
    let wrong = |expected: &str| CliError::Usage(format!("{name} is {value:?}, expected {expected}"));
    let value = match form {
        Form::Text => Value::String(value.into()),
        Form::Number => Value::Integer(value.parse().map_err(|_| wrong("a number"))?),
        Form::Flag => Value::Boolean(value.parse().map_err(|_| wrong("true or false"))?),
        Form::List => Value::Array(value.split(',').map(|item| Value::String(item.trim().into())).collect()),
    };
    let mut place = table;
    for parent in parents {
        let entry = place.entry(*parent).or_insert_with(|| Value::Table(Table::new()));
        place = entry.as_table_mut().expect("the file has passed its check");
    }
    place.insert(String::from(*last), value);
    Ok(())
}

/// A directory of the user's, by its variable or under the home directory.
fn user_directory(variable: &str, under_home: &str) -> Option<PathBuf> {
    let named = env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from);
    named.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(under_home)))
}

fn default_file() -> Option<PathBuf> {
    Some(user_directory("XDG_CONFIG_HOME", ".config")?.join(DEFAULT_FILE))
}

fn default_data() -> Option<PathBuf> {
    Some(user_directory("XDG_DATA_HOME", ".local/share")?.join("assay"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str, variables: &[(&str, &str)], overrides: &Overrides) -> Result<Config, CliError> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("assay.toml");
        fs::write(&path, text).unwrap();
        let variables = variables.iter().map(|(name, value)| (name.to_string(), value.to_string()));
        Config::from_parts(Some(&path), variables.collect(), overrides)
    }

    fn refused(text: &str, variables: &[(&str, &str)]) -> String {
        let error = load(text, variables, &Overrides::default()).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        error.to_string()
    }

    #[test]
    fn flags_go_over_the_environment_and_that_over_the_file() {
        let text = "nodes = ['ws://file']\ndata = '/file'\n[key]\nfile = '/file/key'\n[worker]\njobs = 2\nthreads = 3";
        let none = Overrides::default();
        let config = load(text, &[], &none).unwrap();
        assert_eq!(
            (config.nodes[0].as_str(), config.worker.jobs, config.worker.threads),
            ("ws://file", 2, 3)
        );
        assert_eq!(config.blobs.store, "/file/blobs");
        assert_eq!(config.key, Some(KeySource::File { path: "/file/key".into(), password: None }));

        let variables =
            [("ASSAY_NODES", "ws://a, ws://b"), ("ASSAY_WORKER_JOBS", "5"), ("ASSAY_DATA", "/environment")];
        let config = load(text, &variables, &none).unwrap();
        assert_eq!(config.nodes, ["ws://a", "ws://b"]);
        assert_eq!((config.worker.jobs, config.worker.threads), (5, 3));
        assert_eq!(config.data, Path::new("/environment"));

        let flags = Overrides {
            nodes: vec!["ws://flag".into()],
            data: Some("/flag".into()),
            key: Some("/flag/key".into()),
        };
        let config = load(text, &[("ASSAY_NODES", "ws://a"), (KEY_URI, "//Alice")], &flags).unwrap();
        assert_eq!((config.nodes, config.data), (vec!["ws://flag".to_string()], PathBuf::from("/flag")));
        assert_eq!(config.key, Some(KeySource::File { path: "/flag/key".into(), password: None }));
    }

    #[test]
    fn a_uri_of_the_environment_goes_over_the_files_key() {
        let config =
            load("[key]\nfile = '/file/key'", &[(KEY_URI, "//Alice")], &Overrides::default()).unwrap();
        assert_eq!(config.key, Some(KeySource::Uri(Secret::new("//Alice"))));
    }

    #[test]
    fn an_empty_file_gives_the_defaults() {
        let config = load("data = '/data'", &[("ASSAY_NODES", "")], &Overrides::default()).unwrap();
        assert_eq!(config.nodes, ["ws://127.0.0.1:9944"]);
        assert!(!config.blobs.allow_private);
        assert_eq!((config.worker.jobs, config.worker.admin.port()), (1, 9621));
        assert_eq!(config.worker.keep, Duration::from_secs(7 * 24 * 3_600));
        assert_eq!(config.key, None);
    }

    #[test]
    fn wrong_fields_are_named_with_their_line() {
        let line = refused("nodes = []\n[worker]\njob = 2", &[]);
        assert!(line.contains("assay.toml, line 3: unknown field `job`, expected"), "{line}");
        let line = refused("[worker]\njobs = 'two'", &[]);
        assert!(line.contains("line 2: invalid type: string \"two\", expected u32"), "{line}");
        let line = refused("nodes = [", &[]);
        assert!(line.contains("assay.toml, line 1: "), "{line}");
        assert!(refused("worker = 1", &[]).contains("line 1: invalid type"));
        assert!(refused("[worker]\njobs = 0", &[]).contains("worker.jobs is 0"));
        assert!(refused("[worker]\nseconds = 0", &[]).contains("worker.seconds is 0"));
        assert!(refused("[worker]\nadmin = '0.0.0.0:1'", &[]).contains("worker.admin is 0.0.0.0:1"));
        assert!(refused("[worker]\nbackend = 'abacus'", &[]).contains("worker.backend is \"abacus\""));
        assert!(refused("[worker]\ngemm = 'abacus'", &[]).contains("worker.gemm is \"abacus\": no such way"));
        let line = refused("[worker]\ndisk = '2 GiB'\nresults = '1 GiB'", &[]);
        assert!(line.starts_with("worker.results is 1.00 GiB, and one result may have 2.00 GiB"), "{line}");
    }

    #[test]
    fn a_gpu_is_chosen_by_its_number_and_the_way_it_makes_products() {
        let text = "[worker]\nbackend = 'cuda'\ndevice = 1\ngemm = 'mma'";
        let variables = [("ASSAY_WORKER_DEVICE", "2"), ("ASSAY_WORKER_GEMM", "dp4a")];
        let of = |variables| load(text, variables, &Overrides::default()).unwrap().worker;
        let (file, environment) = (of(&[]), of(&variables));
        assert_eq!((file.backend, environment.backend), (BackendChoice::Cuda, BackendChoice::Cuda));
        let device = |index, gemm| DeviceChoice { index, gemm, is_trial: false };
        assert_eq!(file.device, device(1, GemmChoice::Mma));
        assert_eq!(environment.device, device(2, GemmChoice::Dp4a));
    }

    #[test]
    fn sizes_have_units() {
        let text = "[worker]\nmemory = '2 GiB'\ndisk = 4096\n[blobs]\nmax_size = '3MiB'";
        let config = load(text, &[("ASSAY_WORKER_DISK", "5")], &Overrides::default()).unwrap();
        assert_eq!((config.worker.memory, config.worker.disk), (Some(2 << 30), 5));
        assert_eq!(config.blobs.max_size, 3 << 20);
        assert_eq!(config.worker.results, 10, "without a figure, two of the largest results");
        let given = load(text, &[("ASSAY_WORKER_RESULTS", "8 KiB")], &Overrides::default()).unwrap();
        assert_eq!((given.worker.disk, given.worker.results), (4096, 8192));
        for size in ["'8 GB'", "'GiB'", "-1", "true", "'99999999999 TiB'"] {
            let line = refused(&format!("[worker]\nmemory = {size}"), &[]);
            assert!(line.contains("line 2: ") && line.contains("is no size"), "{line}");
        }
    }

    #[test]
    fn wrong_variables_are_named() {
        let line = refused("", &[("ASSAY_WORKER_JOBS", "many")]);
        assert_eq!(line, "ASSAY_WORKER_JOBS is \"many\", expected a number");
        let line = refused("", &[("ASSAY_BLOBS_ALLOW_PRIVATE", "yes")]);
        assert_eq!(line, "ASSAY_BLOBS_ALLOW_PRIVATE is \"yes\", expected true or false");
        let line = refused("", &[("ASSAY_BLOBS_LISTEN", "nowhere")]);
        assert!(line.starts_with("environment, ") && line.contains("listen"), "{line}");
    }

    #[test]
    fn nodes_are_addresses_of_nodes_wherever_they_are_named() {
        let words = "nodes has \"http://a\": a node's address begins with ws:// or wss://";
        assert!(refused("nodes = ['ws://a', 'http://a']", &[]).starts_with(words));
        assert!(refused("", &[("ASSAY_NODES", "http://a")]).starts_with(words));
        let flags = Overrides { nodes: vec!["http://a".into()], ..Overrides::default() };
        let error = load("", &[], &flags).unwrap_err();
        assert!(error.to_string().starts_with(words), "{error}");
        assert!(refused("nodes = []", &[]).starts_with("nodes is empty: "));
        let flags = Overrides { nodes: vec!["wss://a".into()], ..Overrides::default() };
        assert!(load("nodes = ['http://a']", &[], &flags).is_ok(), "flags go over the file");
    }

    #[test]
    fn a_file_that_is_named_has_to_be_there() {
        let missing = Config::load(Some(Path::new("/no/such/file")), &Overrides::default()).unwrap_err();
        assert!(missing.to_string().starts_with("configuration /no/such/file: No such file"), "{missing}");
    }
}
