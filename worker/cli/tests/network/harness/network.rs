//! A node, a requester with a blob server, and providers with workers.

use super::{audit::Balances, clock, gate::Gate, home::Home, model, node::Node, process::Process, until};
use assay_chain::{
    market::{Case, Job, JobId, Receipt, Stage},
    AccountId, Chain, ChainClient,
};
use std::{collections::BTreeMap, fs, process::Command, thread};
use tempfile::TempDir;

/// The development accounts that neither validate nor post jobs.
pub const NAMES: [&str; 7] = ["Bob", "Charlie", "Dave", "Eve", "Ferdie", "One", "Two"];
const REQUESTER: &str = "//Alice";
const BOND: &str = "10000";
const CAPACITY: &str = "8";
const TEXT: &str = "the quick brown fox jumps over the lazy dog, and runs away before it wakes up\n";
/// How much of a log is printed when a story fails.
const TAIL_LINES: usize = 40;

/// How a worker is started.
#[derive(Clone, Copy, Debug)]
pub enum Start {
    /// As usual.
    Honest,
    /// So that it lies about every job.
    Lying,
    /// With so many bytes that a job's files may have.
    Quota(&'static str),
    /// On a disk that has room for no file above so many KiB.
    FullDisk(u32),
    /// With a clock that is so many seconds ahead.
    Clock(i64),
}

/// What all workers of a network are told by their environment.
pub type Variables = &'static [(&'static str, &'static str)];

/// An owner of a bond, and its worker, which has a key of its own.
pub struct Provider {
    pub owner: Home,
    pub worker: Home,
    variables: Variables,
    process: Option<Process>,
}

/// A network on loopback, with all its data in a directory that goes when it goes.
pub struct Network {
    // Processes are dropped before the directory that they write to.
    providers: BTreeMap<&'static str, Provider>,
    server: Option<Process>,
    /// The validator.
    pub node: Node,
    /// What workers reach it through.
    pub gate: Gate,
    /// The node as the test sees it, however the gate is.
    pub chain: Chain,
    /// Posts jobs and serves their content.
    pub requester: Home,
    /// Anyone.
    pub stranger: Home,
    /// What providers had when they were ready.
    pub before: BTreeMap<&'static str, Balances>,
    variables: Variables,
    http: reqwest::Client,
    directory: TempDir,
}

impl Provider {
    fn register(&self) {
        self.owner.assay(&["stake", "bond", BOND, "--role", "provider"]);
        let worker = self.worker.account.to_string();
        let register = ["provider", "register", "--capacity", CAPACITY, "--worker", &worker, "--endow", "10"];
        // All workers share the memory of this machine, which jobs as small as these hardly take.
        self.owner.assay(&[&register[..], &["--endpoint", &self.worker.url, "--any-memory"]].concat());
    }

    fn start(&mut self, how: Start) {
        let mut command = self.worker.command(&["worker", "start"]);
        match how {
            Start::Honest => (),
            Start::Lying => {
                command.env("ASSAY_DEBUG_LIE", "1");
            }
            Start::Quota(size) => {
                command.env("ASSAY_WORKER_DISK", size);
            }
            Start::FullDisk(kib) => command = limited(&command, kib),
            Start::Clock(seconds) => {
                command.env("LD_PRELOAD", clock::shifted(&self.worker.path(""), seconds));
            }
        }
        command.envs(self.variables.iter().copied());
        self.process = Some(Process::start(command, &self.worker.log_file()));
    }
}

/// A command whose files can't grow above a size: writing more fails, as on a disk that is full.
fn limited(command: &Command, kib: u32) -> Command {
    // The shell counts blocks of 512 bytes; signal 25, SIGXFSZ, would end the process before its write could fail.
    let script = "trap '' 25; ulimit -f \"$0\"; exec \"$@\"";
    let mut shell = Command::new("/bin/sh");
    shell.env_clear().args(["-c", script, &(2 * kib).to_string()]);
    shell.arg(command.get_program()).args(command.get_args());
    shell
}

impl Network {
    /// A network of the first so many providers, all of them ready.
    pub async fn start(providers: usize) -> Self {
        Self::start_with(providers, &[]).await
    }

    /// The same, with something in the environment of all workers.
    pub async fn start_with(providers: usize, variables: Variables) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        let mut node = Node::start_in(directory.path());
        let chain = node.connect().await;
        let gate = Gate::to(node.rpc_port).await;
        let home = |name: &str, uri: &str| Home::new(directory.path(), name, uri, &node.url(), &[]);
        let requester = home("requester", REQUESTER);
        let stranger = home("stranger", "//Stranger");
        fs::write(requester.path("text"), TEXT).expect("the text can be written");
        model::write(&requester.path("model"), 40);
        let http = reqwest::Client::builder().no_proxy().build().expect("a client can be made");
        let mut network = Self {
            providers: BTreeMap::new(),
            server: None,
            node,
            gate,
            chain,
            requester,
            stranger,
            before: BTreeMap::new(),
            variables,
            http,
            directory,
        };
        network.serve().await;
        network.hire(&NAMES[..providers]).await;
        network
    }

    /// Has new providers bond and register, starts their workers, and waits until all of them are in play.
    pub async fn hire(&mut self, names: &[&'static str]) {
        for &name in names {
            let home = |suffix: &str, path: &str| {
                let (name, uri) = (format!("{name}{suffix}"), format!("//{name}{path}"));
                Home::new(self.directory.path(), &name, &uri, &self.gate.url(), &[&self.requester.url])
            };
            let (owner, worker, variables) = (home("", ""), home("-worker", "//worker"), self.variables);
            let mut provider = Provider { owner, worker, variables, process: None };
            provider.start(Start::Honest);
            self.providers.insert(name, provider);
        }
        let network = &*self;
        // Side by side, since each waits for blocks.
        thread::scope(|scope| {
            for &name in names {
                scope.spawn(move || network.provider(name).register());
            }
        });
        for &name in names {
            self.is_ready(name).await;
            self.is_in_play(name).await;
            let balances = self.balances(&self.provider(name).owner.account).await;
            self.before.insert(name, balances);
        }
    }

    /// Waits until a worker follows the chain.
    pub async fn is_ready(&self, name: &str) {
        let url = self.provider(name).worker.admin("readyz");
        until(&format!("{name}'s worker to be ready"), async || {
            self.http.get(&url).send().await.ok()?.error_for_status().ok().map(|_| ())
        })
        .await;
    }

    async fn is_in_play(&self, name: &str) {
        let owner = &self.provider(name).owner.account;
        until(&format!("{name} to be in play"), async || {
            let tip = self.chain.tip().await.ok()?;
            let provider = self.chain.provider(tip.finalized.hash, owner).await.ok()??;
            provider.in_play().then_some(())
        })
        .await;
    }

    /// Somebody with the key of a secret URI, who asks the node.
    pub fn home(&self, name: &str, uri: &str) -> Home {
        Home::new(self.directory.path(), name, uri, &self.node.url(), &[])
    }

    /// A provider.
    pub fn provider(&self, name: &str) -> &Provider {
        self.providers.get(name).unwrap_or_else(|| panic!("{name} is no provider of the network"))
    }

    /// All of them, by name.
    pub fn providers(&self) -> impl Iterator<Item = (&'static str, &Provider)> {
        self.providers.iter().map(|(name, provider)| (*name, provider))
    }

    /// Whose account it is.
    pub fn name(&self, owner: &AccountId) -> &'static str {
        let found = self.providers().find(|(_, provider)| provider.owner.account == *owner);
        found.unwrap_or_else(|| panic!("{owner} is no provider of the network")).0
    }

    /// Everybody but these, sorted.
    pub fn all_but(&self, names: &[&str]) -> Vec<&'static str> {
        self.providers.keys().copied().filter(|name| !names.contains(name)).collect()
    }

    /// Ends a provider's worker as a power cut would.
    pub fn kill(&mut self, name: &str) {
        let provider = self.providers.get_mut(name).expect("it is a provider");
        provider.process.take().expect("its worker runs").kill();
    }

    /// Starts a provider's worker again.
    pub fn start_worker(&mut self, name: &str, how: Start) {
        self.providers.get_mut(name).expect("it is a provider").start(how);
    }

    /// The process of a provider's worker, if it runs.
    pub fn process_of(&self, name: &str) -> Option<u32> {
        self.provider(name).process.as_ref().map(Process::id)
    }

    /// Another worker with a provider's key, on a machine of its own.
    pub fn twin(&self, name: &str) -> (Home, Process) {
        let uri = format!("//{name}//worker");
        let twin = Home::new(self.directory.path(), "twin", &uri, &self.gate.url(), &[&self.requester.url]);
        let process = twin.start(&["worker", "start"]);
        (twin, process)
    }

    /// Starts a second node, which goes on from the same blocks without the first one, and makes none of its own final.
    pub async fn fork(&mut self) -> (Node, Chain) {
        let mut fork = self.node.fork_into(&self.directory.path().join("fork"));
        self.node.connect().await;
        let chain = fork.connect().await;
        (fork, chain)
    }

    /// Starts the requester's blob server.
    async fn serve(&mut self) {
        self.server = Some(self.requester.start(&["blob", "serve"]));
        let url = format!("{}/healthz", self.requester.url);
        until("the blob server", async || self.http.get(&url).send().await.ok().map(|_| ())).await;
    }

    /// The requester's blob server answers to nobody, who therefore waits: no seat can commit.
    pub fn hold_content(&self) {
        self.server.as_ref().expect("the server runs").pause();
    }

    /// It answers again.
    pub fn release_content(&self) {
        self.server.as_ref().expect("the server runs").resume();
    }

    /// The requester's blob server is gone.
    pub fn lose_content(&mut self) {
        self.server.take().expect("the server runs").kill();
    }

    /// Posts a job.
    pub fn post(&self, more: &[&str]) -> JobId {
        self.try_post("model", "text", more).unwrap_or_else(|line| panic!("the job is not posted: {line}"))
    }

    /// Posts a job with a model and a text of the requester's.
    pub fn try_post(&self, model: &str, text: &str, more: &[&str]) -> Result<JobId, String> {
        let [model, text] = self.content([model, text]);
        let train = ["job", "submit", "train", &model, &text, "--steps", model::STEPS];
        let posted = self.requester.try_assay(&[&train[..], more].concat())?;
        Ok(posted["job"].as_u64().expect("a job has a number"))
    }

    /// Posts a job through the gate. The process ends when that is final, however long it takes.
    pub fn post_through_gate(&self) -> Process {
        let (node, [model, text]) = (self.gate.url(), self.content(["model", "text"]));
        let train = ["job", "submit", "train", &model, &text, "--steps", model::STEPS];
        self.requester.start(&[&["--node", &node][..], &train].concat())
    }

    /// Where the requester has something.
    fn content(&self, names: [&str; 2]) -> [String; 2] {
        names.map(|name| self.requester.path(name).display().to_string())
    }

    /// Waits until there is something to be seen in an open job.
    pub async fn see<T>(&self, job: JobId, what: &str, look: impl Fn(&Case) -> Option<T>) -> T {
        see_on(&self.chain, job, what, look).await
    }

    /// Waits for the draw of a job's first seats; gives who sits there.
    pub async fn drawn(&self, job: JobId) -> [&'static str; 2] {
        self.see(job, "two seats", |case| {
            let owners: Vec<_> = case.seats.iter().map(|seat| self.name(&seat.owner)).collect();
            owners.try_into().ok()
        })
        .await
    }

    /// Waits until a provider's seat is at a stage.
    pub async fn reaches(&self, job: JobId, name: &str, what: &str, stage: impl Fn(&Stage) -> bool) {
        let owner = &self.provider(name).owner.account;
        self.see(job, &format!("{name}'s {what}"), |case| {
            case.seats.iter().any(|seat| seat.owner == *owner && stage(&seat.stage)).then_some(())
        })
        .await;
    }

    /// Waits until a provider has committed.
    pub async fn commits(&self, job: JobId, name: &str) {
        self.reaches(job, name, "commit", |stage| matches!(stage, Stage::Committed(_))).await;
    }

    /// Waits until a job's end is final; gives its receipt.
    pub async fn ends(&self, job: JobId) -> Receipt {
        until(&format!("the end of job {job}"), async || {
            let last = self.chain.tip().await.ok()?.finalized.hash;
            self.chain.receipt(last, job).await.ok()?
        })
        .await
    }

    /// Whether a job is open in the last final block.
    pub async fn is_open(&self, job: JobId) -> bool {
        let last = self.chain.tip().await.expect("the node answers").finalized.hash;
        matches!(self.chain.job(last, job).await.expect("the node answers"), Some(Job::Open(_)))
    }

    /// Waits for so many blocks.
    pub async fn pass_blocks(&self, blocks: u32) {
        pass_blocks_on(&self.chain, blocks).await;
    }

    /// Waits until a worker has logged something.
    pub async fn logs(&self, name: &str, words: &str) {
        let worker = &self.provider(name).worker;
        let what = format!("{words:?} in {}", worker.log_file().display());
        until(&what, async || worker.log().contains(words).then_some(())).await;
    }

    /// Has anyone compute a job again from the chain and the blobs.
    pub fn verify(&self, job: JobId) {
        let verified = self.stranger.assay(&["job", "verify", &job.to_string()]);
        assert_eq!(verified["isRight"], true, "{verified}");
    }

    /// Asks the node by plain JSON-RPC.
    pub async fn ask(&self, method: &str, params: serde_json::Value) -> serde_json::Value {
        let body = serde_json::json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let request = self.http.post(self.node.http_url()).header("Content-Type", "application/json");
        let answer = request.body(body.to_string()).send().await.expect("the node answers");
        let text = answer.text().await.expect("the node answers to the end");
        let mut answer: serde_json::Value = serde_json::from_str(&text).expect("the node answers in JSON");
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].take()
    }
}

/// Waits until there is something to be seen in a job that is open in the best block of a chain.
pub async fn see_on<T>(chain: &Chain, job: JobId, what: &str, look: impl Fn(&Case) -> Option<T>) -> T {
    until(&format!("{what} in job {job}"), async || {
        let best = chain.tip().await.ok()?.best.hash;
        match chain.job(best, job).await.ok()?? {
            Job::Open(open) => look(&open.case),
            Job::Ended(_) => None,
        }
    })
    .await
}

/// Waits for so many blocks of a chain.
pub async fn pass_blocks_on(chain: &Chain, blocks: u32) {
    let first = chain.tip().await.expect("the node answers").best.number;
    until(&format!("{blocks} blocks"), async || {
        (chain.tip().await.ok()?.best.number >= first + blocks).then_some(())
    })
    .await;
}

impl Drop for Network {
    fn drop(&mut self) {
        if !thread::panicking() {
            return;
        }
        let workers = self.providers.values().map(|provider| provider.worker.log_file());
        for path in workers.chain([self.node.log(), self.requester.log_file()]) {
            let log = fs::read(&path).unwrap_or_default();
            let log = String::from_utf8_lossy(&log);
            let lines: Vec<_> = log.lines().collect();
            let tail = &lines[lines.len().saturating_sub(TAIL_LINES)..];
            eprintln!("--- end of {}:\n{}", path.display(), tail.join("\n"));
        }
    }
}
