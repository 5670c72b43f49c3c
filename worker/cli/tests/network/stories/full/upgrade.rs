//! A new runtime, by either way that there is.

use crate::harness::{
    holders::{propose, Holders},
    home::ASSAY,
    until, Network,
};
use assay_chain::ChainClient;
use sp_maybe_compressed_blob::{compress_weakly, CODE_BLOB_BOMB_LIMIT};
use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// Together more than half of all tokens, so that every track passes at once.
const VOTERS: [&str; 5] = ["Alice", "Bob", "Charlie", "Dave", "Eve"];

#[tokio::test(flavor = "multi_thread")]
async fn a_runtime_is_upgraded_by_a_vote_of_root() {
    let network = Network::start(0).await;
    let holders = network.holders(&VOTERS);
    let next = next_runtime(&network);
    let none = holders.first().try_assay(&["gov", "apply", &next]).unwrap_err();
    assert!(none.contains("no upgrade is approved"), "{none}");

    holders.decide(&["upgrade", &next]).await;
    let text = network.requester.path("text").display().to_string();
    let other = holders.first().try_assay(&["gov", "apply", &text]).unwrap_err();
    assert!(other.contains("is not the code that was approved"), "{other}");
    is_applied(&network, &holders, &next).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runtime_that_fellows_have_whitelisted_is_upgraded_on_the_fast_track() {
    let network = Network::start(0).await;
    let holders = network.holders(&VOTERS);
    let fellow = network.home("fellow", "//Ferdie");
    let next = next_runtime(&network);
    let whitelist = ["whitelist", &next];
    let stranger = holders.first().try_assay(&[&["gov", "propose"][..], &whitelist].concat()).unwrap_err();
    assert!(stranger.contains("only fellows propose to the fellowship"), "{stranger}");
    let early =
        holders.first().try_assay(&["gov", "propose", "upgrade", &next, "--whitelisted"]).unwrap_err();
    assert!(early.contains("Whitelist.CallIsNotWhitelisted"), "{early}");

    holders.decide(&["add-fellow", &fellow.account.to_string()]).await;
    let listed = propose(&fellow, &whitelist);
    fellow.assay(&["gov", "vote", &listed.to_string(), "aye", "--fellowship"]);
    holders.fellows_ended(listed, "approved").await;
    holders.decide(&["upgrade", &next, "--whitelisted"]).await;
    is_applied(&network, &holders, &next).await;
}

/// The next runtime, as a release has it: a development build's is too large for a transaction.
fn next_runtime(network: &Network) -> String {
    let built = Path::new(ASSAY).ancestors().nth(2).expect("the binary lies in the target directory");
    let path = env::var_os("ASSAY_NEXT_RUNTIME")
        .map_or_else(|| built.join("runtime/next-version/assay_runtime.wasm"), PathBuf::from);
    let code = fs::read(&path).unwrap_or_else(|error| {
        panic!("{}: {error}; run scripts/runtime-variant next-version", path.display())
    });
    let code = compress_weakly(&code, CODE_BLOB_BOMB_LIMIT).expect("a runtime is within the limit");
    let file = network.requester.path("next.wasm");
    fs::write(&file, code).expect("the runtime can be written");
    file.display().to_string()
}

/// Puts approved code in place, and sees the chain go on by it.
async fn is_applied(network: &Network, holders: &Holders, code: &str) {
    let before = spec_version(network).await.expect("the node answers");
    let status = holders.first().assay(&["gov", "status"]);
    assert!(status["upgrade"].is_string(), "{status}");
    holders.first().assay(&["gov", "apply", code]);
    until("the next version", async || {
        spec_version(network).await.filter(|version| *version == before + 1).map(|_| ())
    })
    .await;
    // Waits until the migration of the new version is over.
    holders.first().assay(&["stake", "bond", "1000", "--role", "provider"]);
    let status = holders.first().assay(&["gov", "status"]);
    assert!(status["upgrade"].is_null(), "{status}");
}

async fn spec_version(network: &Network) -> Option<u32> {
    let best = network.chain.tip().await.ok()?.best.hash;
    network.chain.version(best).await.ok().map(|version| version.spec_version)
}
