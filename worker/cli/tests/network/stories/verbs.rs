//! What people ask the program for beside jobs: each verb that needs a chain, on one.

use crate::harness::{
    home::Home,
    model,
    network::{Provider, NAMES},
    until, Network,
};
use serde_json::{json, Value};
use std::{fs, process::Stdio};

const NAME: &str = NAMES[0];

#[tokio::test(flavor = "multi_thread")]
async fn verbs_do_what_they_say_on_a_chain() {
    let network = Network::start(1).await;
    let provider = network.provider(NAME);
    let (requester, stranger) = (&network.requester, &network.stranger);

    let info = requester.assay(&["chain", "info"]);
    assert!(info["best"]["number"].as_u64() >= info["finalized"]["number"].as_u64(), "{info}");
    bonds(&provider.owner);
    session_keys(&network, &provider.owner).await;
    models(requester);
    blobs(requester, stranger);
    checks(requester);
    bounty(requester);
    over_the_caps(requester);

    assert_eq!(requester.assay(&["job", "list"])["jobs"], json!([]));
    refuses(requester, &["job", "cancel", "99"], "Jobs.NotOpen");
    refuses(requester, &["job", "watch", "99"], "there is no job 99");
    refuses(stranger, &["stake", "bond", "5"], "the account can't pay the fee");
    refuses(stranger, &["provider", "status"], "is no provider: `assay provider register` makes it one");
    leave(provider).await;
}

fn refuses(home: &Home, arguments: &[&str], words: &str) {
    let output = home.command(arguments).stdin(Stdio::null()).output().expect("the built program runs");
    let line = String::from_utf8_lossy(&output.stderr).trim().to_string();
    assert_eq!(output.status.code(), Some(4), "{arguments:?}: {line}");
    assert!(line.contains(words) && line.lines().count() == 1, "{arguments:?}: {line}");
}

/// Takes a part of a bond out, and some of that back.
fn bonds(owner: &Home) {
    let bond = || {
        let bond = owner.assay(&["stake", "status"])["bonds"]["provider"].take();
        let leaving = bond["unbonding"].as_array().and_then(|parts| parts.first()?["amount"].as_str());
        (bond["active"].as_str().unwrap_or_default().to_string(), leaving.map(String::from))
    };
    assert_eq!(bond(), ("10000".into(), None));
    for (verb, amount, active, leaving) in [
        ("bond", "100.5", "10100.5", None),
        ("unbond", "50.5", "10050", Some("50.5")),
        ("rebond", "20", "10070", Some("30.5")),
    ] {
        owner.assay(&["stake", verb, amount]);
        assert_eq!(bond(), (active.into(), leaving.map(String::from)), "after {verb}");
    }
    refuses(owner, &["stake", "withdraw"], "wait until the unbonding time is over");
}

/// Registers session keys that the node makes, and removes them: to be elected takes a node of one's own.
async fn session_keys(network: &Network, owner: &Home) {
    let account = format!("0x{}", hex::encode(&owner.account));
    let made = network.ask("author_rotateKeysWithOwner", json!([account])).await;
    let [keys, proof] = ["keys", "proof"].map(|part| made[part].as_str().expect("hex").to_string());
    refuses(owner, &["stake", "set-keys", &keys, "0x00"], "InvalidProof");
    owner.assay(&["stake", "set-keys", &keys, &proof]);
    refuses(owner, &["stake", "validate"], "Staking.BelowMinimum");
    refuses(owner, &["stake", "chill"], "Staking.NotCandidate");
    owner.assay(&["stake", "purge-keys"]);
    refuses(owner, &["stake", "purge-keys"], "Session.NoKeys");
}

/// Lists a model.
fn models(author: &Home) {
    let model = author.path("model").display().to_string();
    let publish = ["model", "publish", &model, "--licence", "Apache-2.0", "--royalty", "2.5%"];
    let published = author.assay(&publish);
    assert_eq!(published["root"], author.assay(&["model", "show", &model])["root"]);
    let listing = published["listing"].to_string();
    let shown = author.assay(&["model", "show", &listing]);
    assert_eq!(shown["licence"], "Apache-2.0");
    assert_eq!(shown["newest"][0]["root"], published["root"]);
    let listed = author.assay(&["model", "list"])["listings"].take();
    assert!(listed.as_array().is_some_and(|all| all.contains(&shown)), "{listed}");
    refuses(author, &["model", "show", "99"], "there is no listing 99");
}

/// Fetches what another one serves.
fn blobs(server: &Home, client: &Home) {
    let (given, got) = (server.path("given"), client.path("got"));
    fs::write(&given, "what is given").expect("the file can be written");
    let put = server.assay(&["blob", "put", &given.display().to_string()]);
    let blob = &put["blobs"][0]["blob"];
    let name = format!("{}:{}", blob["blake3"].as_str().expect("a hash"), blob["size"]);
    client.assay(&["blob", "get", &name, &got.display().to_string(), "--from", &server.url]);
    assert_eq!(fs::read_to_string(&got).expect("it was fetched"), "what is given");
}

/// Proposes a bounty, and sees what it takes to have it funded.
fn bounty(proposer: &Home) {
    let proposed = proposer.assay(&["treasury", "bounty", "propose", "100", "A faster softmax"]);
    let number = proposed["bounty"].to_string();
    let bounties = proposer.assay(&["treasury", "bounties"])["bounties"].take();
    assert_eq!((&bounties[0]["bounty"], &bounties[0]["value"]), (&proposed["bounty"], &json!("100")));
    let told = (&bounties[0]["state"], &bounties[0]["description"]);
    assert_eq!(told, (&json!("proposed"), &json!("A faster softmax")), "{bounties}");
    let accept = ["treasury", "bounty", "accept", &number];
    refuses(proposer, &accept, &format!("bounty {number} is proposed: `assay gov propose bounty fund"));
    let fund = ["gov", "propose", "bounty", "fund", &number, "--dry-run"];
    let planned = proposer.assay(&fund);
    let told = (&planned["track"], &planned["call"]);
    assert_eq!(told, (&json!("small_spender"), &json!("Bounties.approve_bounty")), "{planned}");
}

/// Asks for jobs that the chain would not take: told by what is over which limit, before anything is sent.
fn over_the_caps(requester: &Home) {
    let paths = ["model", "large", "text"].map(|name| requester.path(name).display().to_string());
    let [small, large, text] = paths.each_ref().map(String::as_str);
    // Ten times as many units as a job may have: the program is small, its numbers of steps and of texts are not.
    requester.assay(&["model", "import", "decoder:tiny", large, "--steps", "1000000", "--units", "60000"]);
    let submit = |model: &str, more: &[&str], words: &str| {
        refuses(requester, &[&["job", "submit", "train", model, text][..], more].concat(), words);
    };
    submit(large, &[], "compute units, and the chain takes 100000000 at most: split it");
    let cheap = ["--steps", model::STEPS, "--cap", "0.0000001"];
    submit(small, &cheap, "--cap is 0.0000001 ASY for a unit, and a seat");
    let elsewhere = ["--steps", model::STEPS, "--machine", "9:9"];
    submit(small, &elsewhere, "there is no machine 9:9: `assay provider list` shows them");
    assert_eq!(requester.assay(&["job", "list"])["jobs"], json!([]), "no job was posted");
}

/// Tries what a worker needs, where all is well and where there is too little disk.
fn checks(home: &Home) {
    let check = |disk: &str| {
        let mut command = home.command(&["worker", "check"]);
        command.env("ASSAY_WORKER_JOBS", "1").env("ASSAY_WORKER_DISK", disk);
        let output = command.stdin(Stdio::null()).output().expect("the built program runs");
        let report: Value = serde_json::from_slice(&output.stdout).expect("a report in JSON");
        (output.status.code(), report["checks"].as_array().expect("checks").clone())
    };
    let failed = |checks: &[Value]| -> Vec<Value> {
        checks.iter().filter(|tried| tried["passed"] == false).cloned().collect()
    };
    let (code, checks) = check("64 MiB");
    let names: Vec<_> = checks.iter().filter_map(|tried| tried["name"].as_str()).collect();
    let offline = ["memory", "disk", "numbers", "gpu", "backend", "blobs", "blob server"];
    let all = [&["key", "node", "provider", "fees", "database"][..], &offline].concat();
    assert_eq!((code, failed(&checks), names), (Some(0), vec![], all));
    let (code, checks) = check("1000 TiB");
    let failed = failed(&checks);
    assert_eq!((code, failed.len()), (Some(1), 1), "{failed:?}");
    assert_eq!(failed[0]["name"], "disk");
    let found = failed[0]["found"].as_str().expect("what was found");
    assert!(found.contains("make room, or lower worker.disk to"), "{found}");
}

/// Offers less, then nothing, and ends the worker, by a verb and by a signal.
async fn leave(provider: &Provider) {
    let (owner, worker) = (&provider.owner, &provider.worker);
    let status = || owner.try_assay(&["provider", "status"]).unwrap_or_default();
    until("the last change of the bond", async || status()["pending"].is_null().then_some(())).await;
    owner.assay(&["provider", "update", "--capacity", "4"]);
    until("another capacity", async || (status()["capacity"] == 4).then_some(())).await;
    until("the end of that change", async || status()["pending"].is_null().then_some(())).await;
    let machines = owner.assay(&["provider", "list"])["machines"].take();
    let mut listed = machines.as_array().expect("machines").iter();
    let own = listed.find(|machine| machine["capacity"] == 4).unwrap_or_else(|| panic!("{machines}"));
    assert_eq!(own["machine"], "0:0", "{own}");
    assert_eq!(own["jobMemory"], 8_u64 << 30, "{own}");
    refuses(owner, &["provider", "release"], "Providers.NotJailed");
    owner.assay(&["provider", "retire"]);
    // Who has retired is no provider any more, or one that is not in play.
    until("the retirement", async || (status()["isInPlay"] != true).then_some(())).await;

    let shown = worker.assay(&["worker", "status"]);
    assert_eq!(shown["draining"], false);
    assert_eq!(shown["seats"], json!([]));
    assert_eq!(worker.assay(&["worker", "drain", "--wait"])["draining"], true);
    let line = worker.try_assay(&["worker", "status"]).expect_err("it has ended");
    assert!(line.contains("start one with `assay worker start`"), "{line}");

    // SIGTERM does the same.
    let count = |words: &str| worker.log().matches(words).count();
    let mut again = worker.start(&["worker", "start"]);
    until("another start", async || (count("worker starts") == 2).then_some(())).await;
    again.stop();
    assert_eq!((count("draining: new seats are given back"), count("worker ends")), (2, 2));
}
