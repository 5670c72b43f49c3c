//! Which track reaches what: the table in the README of `pallets/dao`, and that no key reaches any of it alone.

use super::{
    ballots::{freeze, remark},
    samples::{self, Sample},
};
use crate::chain::{self, Chain};
use assay_runtime::{
    genesis,
    governance::{self, runtime_decl_for_governance_api::GovernanceApi},
    token, AccountId, Block, Runtime, RuntimeCall, RuntimeOrigin, SafeMode, System, TxPause,
};
use frame_support::{
    dispatch::DispatchResultWithPostInfo,
    storage::with_transaction,
    traits::{GetCallMetadata, UnfilteredDispatchable},
};
use frame_system::RawOrigin;
use pallet_clock::Frozen;
use sc_executor::WasmExecutor;
use serde_json::json;
use sp_core::traits::ReadRuntimeVersionExt;
use sp_io::SubstrateHostFunctions;
use sp_keyring::Sr25519Keyring::{Alice, Eve, Ferdie};
use sp_runtime::{
    traits::{BadOrigin, Dispatchable},
    DispatchError, DispatchResult, TransactionOutcome,
};
use std::{fmt::Write as _, fs, path::PathBuf};

/// Set it to write the table anew.
const BLESS: &str = "BLESS";
const BEGIN: &str = "<!-- calls and tracks: written by the runtime's tests -->\n";
const END: &str = "<!-- end of calls and tracks -->\n";

/// What comes of a call that is undone.
fn tried(dispatch: impl FnOnce() -> DispatchResultWithPostInfo) -> DispatchResult {
    with_transaction(|| {
        let result = dispatch();
        TransactionOutcome::Rollback(result.map(drop).map_err(|failed| failed.error))
    })
}

/// What comes of a call that no brake and no filter stops.
fn unfiltered(call: &RuntimeCall, origin: RuntimeOrigin) -> DispatchResult {
    tried(|| call.clone().dispatch_bypass_filter(origin))
}

fn is_filtered(outcome: &DispatchResult) -> bool {
    *outcome == Err(frame_system::Error::<Runtime>::CallFiltered.into())
}

fn bad_origin() -> DispatchResult {
    Err(BadOrigin.into())
}

/// A call, and the tracks that reach it.
struct Row {
    name: String,
    tracks: Vec<String>,
}

/// What comes of a call by all who are nobody special: an account with money, a fellow, an inherent, what the runtime
/// has authorized.
fn plainly(call: &RuntimeCall) -> Vec<DispatchResult> {
    let signed = [Alice, Ferdie].map(|who| RawOrigin::Signed(who.to_account_id()));
    let plain = signed.into_iter().chain([RawOrigin::None, RawOrigin::Authorized]);
    plain.map(|origin| unfiltered(call, origin.into())).collect()
}

/// The row of a call; `None` if governance has no more to do with it than anybody. A call whose origin nobody plain has
/// needs a privileged one. A track reaches a call if it has not the wrong origin, or gets further than all of those.
fn row(sample: &Sample) -> Option<Row> {
    let plain = plainly(&sample.call);
    let privileged = plain.iter().all(|outcome| *outcome == bad_origin());
    let tracks = <Runtime as GovernanceApi<Block>>::tracks().into_iter().filter(|track| {
        let origin = governance::origin(track.id).expect("every track has one");
        let outcome = tried(|| sample.call.clone().dispatch(RuntimeOrigin::from(origin)));
        let refused = outcome == bad_origin() || is_filtered(&outcome);
        !refused && (privileged || !plain.contains(&outcome))
    });
    let tracks: Vec<String> = tracks.map(|track| track.name).collect();
    (privileged || !tracks.is_empty()).then(|| Row { name: sample.full_name(), tracks })
}

/// Runs a test on a chain with a fellow, before its first block: then an inherent can be tried too.
fn before_blocks<R>(test: impl FnOnce(&mut Chain) -> R) -> R {
    let preset = genesis::preset(genesis::TEST).expect("the preset exists");
    let (mut state, mut chain) = chain::found(preset);
    let executor = WasmExecutor::<SubstrateHostFunctions>::builder().build();
    state.register_extension(ReadRuntimeVersionExt::new(executor));
    state.execute_with(|| {
        let who = Ferdie.to_account_id().into();
        chain.root(RuntimeCall::Fellowship(pallet_ranked_collective::Call::add_member { who }));
        test(&mut chain)
    })
}

/// The rows of all calls.
fn rows() -> Vec<Row> {
    samples::all(&remark()).iter().filter_map(row).collect()
}

fn table(rows: &[Row]) -> String {
    let mut table = String::from("\n| call | reached by the track |\n|---|---|\n");
    for Row { name, tracks } in rows {
        writeln!(table, "| `{name}` | {} |", tracks.join(", ")).expect("a string takes all");
    }
    table.push('\n');
    table
}

#[test]
fn table_of_calls_and_tracks_is_current_and_every_call_is_reached() {
    let rows = before_blocks(|_| rows());
    let unreached: Vec<_> = rows.iter().filter(|row| row.tracks.is_empty()).map(|row| &row.name).collect();
    assert!(unreached.is_empty(), "no track reaches {unreached:?}");
    for track in ["root", "whitelisted_upgrade", "slash_appeals", "fellows"] {
        let reaches = rows.iter().any(|row| row.tracks.iter().any(|name| name == track));
        assert!(reaches, "{track} reaches nothing");
    }

    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../pallets/dao/README.md");
    let readme = fs::read_to_string(&path).expect("the pallet has one");
    let (before, rest) = readme.split_once(BEGIN).expect("the README has the mark where the table begins");
    let (_, after) = rest.split_once(END).expect("the README has the mark where the table ends");
    let current = format!("{before}{BEGIN}{}{END}{after}", table(&rows));
    if std::env::var_os(BLESS).is_some() {
        fs::write(&path, &current).expect("it can be written");
    }
    assert_eq!(
        fs::read_to_string(&path).expect("it is there"),
        current,
        "{} is out of date: run this test with {BLESS}=1",
        path.display()
    );
}

#[test]
fn tracks_reach_in_safe_mode_what_they_reach() {
    before_blocks(|chain| {
        let usual = rows();
        chain.root(RuntimeCall::SafeMode(pallet_safe_mode::Call::force_enter {}));
        assert!(SafeMode::is_entered());
        // Calls that pass on others, which anybody may usually make, are root's alone where those are not let through.
        let mut now = rows();
        now.retain(|row| usual.iter().any(|other| other.name == row.name));
        assert_eq!(table(&now), table(&usual), "what holders approve would be lost");
    });
}

#[test]
fn what_tracks_reach_cannot_be_paused() {
    before_blocks(|_| {
        let name = |text: &str| text.as_bytes().to_vec().try_into().expect("names are short");
        // No filter stops root.
        let filtered = rows().into_iter().filter(|row| row.tracks.iter().any(|track| track != "root"));
        for row in filtered {
            let (pallet, call) = row.name.split_once('.').expect("a pallet and a call");
            let outcome = TxPause::ensure_can_pause(&(name(pallet), name(call)));
            assert!(matches!(outcome, Err(pallet_tx_pause::Error::Unpausable)), "{}", row.name);
        }
    });
}

#[test]
fn samples_are_of_every_call_there_is() {
    let samples = samples::all(&remark());
    for pallet in RuntimeCall::get_module_names() {
        for call in RuntimeCall::get_call_names(pallet) {
            let found = samples.iter().filter(|sample| {
                let made = sample.call.get_call_metadata();
                (made.pallet_name, made.function_name) == (*pallet, *call)
            });
            assert_eq!(found.count(), 1, "{pallet}.{call}");
        }
    }
}

/// The chain of the production preset as it is launched: with validators and what they have, and somebody with most of
/// the money.
fn production(test: impl FnOnce()) {
    let mut preset = genesis::preset(genesis::PRODUCTION).expect("the preset exists");
    genesis::validators(&mut preset, 4);
    let owners = preset["staking"]["validators"].as_array().expect("a list").iter();
    let mut balances: Vec<_> = owners.map(|bond| json!([bond[0], 2_000_000 * token::ASY])).collect();
    balances.push(json!([Eve.to_account_id(), 900_000_000 * token::ASY]));
    preset["balances"]["balances"] = json!(balances);
    let (mut state, _) = chain::found(preset);
    let executor = WasmExecutor::<SubstrateHostFunctions>::builder().build();
    state.register_extension(ReadRuntimeVersionExt::new(executor));
    state.execute_with(test);
}

#[test]
fn no_key_of_production_can_act_alone() {
    production(|| {
        let calls = samples::all(&remark());
        let privileged: Vec<_> = calls
            .iter()
            .filter(|sample| plainly(&sample.call).iter().all(|outcome| *outcome == bad_origin()))
            .collect();
        assert!(privileged.len() > 50, "{} calls are privileged", privileged.len());
        let accounts: Vec<AccountId> = frame_system::Account::<Runtime>::iter_keys().collect();
        assert!(accounts.contains(&Eve.to_account_id()) && accounts.len() > 5);
        for who in accounts {
            for sample in &privileged {
                let outcome = unfiltered(&sample.call, RawOrigin::Signed(who.clone()).into());
                assert_eq!(outcome, bad_origin(), "{} by {who}", sample.full_name());
            }
            // Nor does a call that takes another one lift it.
            for sample in samples::all(&freeze()) {
                let lifted = with_transaction(|| {
                    let _ = sample.call.clone().dispatch(RawOrigin::Signed(who.clone()).into());
                    TransactionOutcome::Rollback(Ok::<_, DispatchError>(Frozen::<Runtime>::get()))
                });
                assert_eq!(lifted, Ok(false), "{} by {who} freezes the market", sample.full_name());
            }
        }
    });
}

/// The control: what the test above looks for is there to be seen.
#[test]
fn a_call_that_lifts_another_is_seen() {
    production(|| {
        let samples = samples::all(&freeze());
        let lifting = samples.iter().filter(|sample| {
            let frozen = with_transaction(|| {
                let _ = sample.call.clone().dispatch(RawOrigin::Root.into());
                TransactionOutcome::Rollback(Ok::<_, DispatchError>(Frozen::<Runtime>::get()))
            });
            frozen == Ok(true)
        });
        let names: Vec<String> = lifting.map(Sample::full_name).collect();
        for name in ["Utility.batch", "Utility.with_weight", "Utility.dispatch_as"] {
            assert!(names.iter().any(|lifting| lifting == name), "{name} is not among {names:?}");
        }
    });
}

#[test]
fn production_has_no_sudo_and_nothing_is_prepared() {
    assert!(!RuntimeCall::get_module_names().iter().any(|name| name.to_lowercase().contains("sudo")));
    production(|| {
        assert_eq!(pallet_ranked_collective::Members::<Runtime>::iter().count(), 0, "fellows");
        assert_eq!(pallet_proxy::Proxies::<Runtime>::iter().count(), 0, "proxies");
        assert_eq!(pallet_multisig::Multisigs::<Runtime>::iter().count(), 0, "calls of multisigs");
        assert_eq!(pallet_scheduler::Agenda::<Runtime>::iter().count(), 0, "tasks");
        assert_eq!(pallet_whitelist::WhitelistedCall::<Runtime>::iter().count(), 0, "whitelisted calls");
        assert_eq!(pallet_referenda::ReferendumInfoFor::<Runtime>::iter().count(), 0, "referenda");
        assert!(System::authorized_upgrade().is_none(), "an upgrade");
        assert_eq!(pallet_assay_dao::Shortening::<Runtime>::get(), 1, "periods");
    });
}
