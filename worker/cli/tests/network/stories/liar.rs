//! A worker that lies.

use crate::harness::{Network, Start};
use assay_chain::{
    bonds::FaultKind,
    market::{Outcome, State},
    ChainClient,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_liar_is_found_out_jailed_and_slashed_and_the_others_are_paid() {
    let mut network = Network::start(5).await;
    network.hold_content();
    let job = network.post(&[]);
    let [liar, _] = network.drawn(job).await;
    network.kill(liar);
    network.start_worker(liar, Start::Lying);
    network.release_content();

    let receipt = network.ends(job).await;
    assert_eq!(receipt.outcome, Outcome::Decided);
    network.verify(job);
    let audit = network.audit().await;
    assert_eq!(audit.faults, [(job, liar, FaultKind::WrongResult)]);
    assert_eq!(audit.paid(job), network.all_but(&[liar]));

    let last = network.chain.tip().await.unwrap().finalized.hash;
    let provider = network.chain.provider(last, &network.provider(liar).owner.account).await.unwrap();
    let state = provider.expect("it is still a provider").state;
    assert!(matches!(state, State::Jailed { .. }), "{liar} is {state:?}");
    let early = network.provider(liar).owner.try_assay(&["provider", "release"]).unwrap_err();
    assert!(early.contains("Providers.StillJailed"), "{early}");
}
