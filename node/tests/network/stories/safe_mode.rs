//! Safe-mode on a running network.

use crate::harness::{transaction::transfer, until, Client, Network};
use assay_runtime::{token, Runtime, RuntimeCall};
use pallet_assay_dao::DaoOrigin;
use sp_keyring::Sr25519Keyring::{Alice, Bob, Ferdie};
use sp_runtime::DispatchError;

/// Enters safe-mode, sees what it stops and what not, and leaves it again.
pub async fn is_entered_and_left(network: &Network) {
    let alice = network["alice"].client();
    assert!(!alice.market().await.market_halted);
    by_vote(alice, pallet_safe_mode::Call::force_enter {}).await;
    let halted = alice.market().await;
    assert!(halted.market_halted);

    let refused = alice.execute(Bob, transfer(Alice, token::ASY)).await;
    let filtered: DispatchError = frame_system::Error::<Runtime>::CallFiltered.into();
    assert_eq!(refused.result(), Err(filtered));
    network.all_finalize_new(3).await;
    assert_eq!(alice.market().await, halted, "the market clock stands still");

    by_vote(alice, pallet_safe_mode::Call::force_exit {}).await;
    transfers_go_on(alice).await;
    until("the market clock to go on", async || {
        let market = alice.market().await;
        (!market.market_halted && market.market_block > halted.market_block).then_some(())
    })
    .await;
}

async fn by_vote(node: &Client, call: pallet_safe_mode::Call<Runtime>) {
    node.enact(DaoOrigin::EmergencyStop.into(), RuntimeCall::SafeMode(call)).await;
}

async fn transfers_go_on(node: &Client) {
    // To somebody who gets no share of fees.
    let receipt = node.execute(Bob, transfer(Ferdie, token::ASY)).await;
    assert_eq!(receipt.result(), Ok(()));
    let parent = node.header(receipt.block).await.parent_hash;
    let (had, has) = (node.free(Ferdie, parent).await, node.free(Ferdie, receipt.block).await);
    assert_eq!(has, had + token::ASY);
}
