//! Named networks, the checked-in files, and what a wrong name or file is told.

use assay_chain_spec::{load, without_code, Network};
use assay_runtime::genesis;
use sp_runtime::BuildStorage;
use std::{fs, path::PathBuf};

/// Set it to write the files anew.
const BLESS: &str = "BLESS";

fn checked_in(preset: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("{preset}.json"))
}

fn refused(id: &str) -> String {
    match load(id) {
        Ok(spec) => panic!("{id} was taken for {}", spec.id()),
        Err(error) => error,
    }
}

fn written(content: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spec.json");
    fs::write(&path, content).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

#[test]
fn checked_in_files_are_current() {
    for network in Network::presets() {
        let current = without_code(&load(network.preset()).unwrap()).unwrap();
        let path = checked_in(network.preset());
        if std::env::var_os(BLESS).is_some() {
            fs::write(&path, &current).unwrap();
        }
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            current,
            "{} is out of date: run this test with {BLESS}=1",
            path.display()
        );
    }
}

#[test]
fn a_file_without_code_starts_from_the_built_in_code() {
    let named = load(genesis::TEST).unwrap();
    let file = load(checked_in(genesis::TEST).to_str().unwrap()).unwrap();
    assert_eq!(file.id(), named.id());
    assert_eq!(file.build_storage().unwrap().top, named.build_storage().unwrap().top);
}

#[test]
fn the_number_of_validators_can_be_chosen() {
    let three: serde_json::Value =
        serde_json::from_str(&without_code(&load("test-3").unwrap()).unwrap()).unwrap();
    assert_eq!(three["id"], "assay_test_3");
    assert_eq!(
        three.pointer("/genesis/runtimeGenesis/patch/session/keys").unwrap().as_array().unwrap().len(),
        3
    );
    assert_eq!(refused("local-9"), "local-9 is not a network: local-N has 1 to 8 validators");
    assert_eq!(refused("test-0"), "test-0 is not a network: test-N has 1 to 8 validators");
}

#[test]
fn production_names_no_validator_and_does_not_start_without() {
    let error = load(genesis::PRODUCTION).unwrap().build_storage().unwrap_err();
    assert!(error.contains("session.keys names no validator"), "{error}");
}

#[test]
fn wallets_find_token_and_address_format() {
    let properties = load("").unwrap().properties();
    assert_eq!(properties["tokenSymbol"], "ASY");
    assert_eq!(properties["tokenDecimals"], 12);
    assert_eq!(properties["ss58Format"], 42);
}

#[test]
fn a_wrong_name_or_file_is_told_so_in_one_line() {
    let (_folder, broken) = written("{ \"name\": ");
    let (_folder, foreign) = written("{ \"name\": \"x\", \"id\": \"x\" }");
    for (id, says) in [
        ("no-such-network", "name a network"),
        (broken.as_str(), "is not valid JSON"),
        (foreign.as_str(), "has neither genesis.runtimeGenesis nor genesis.raw"),
    ] {
        let error = refused(id);
        assert!(error.contains(id) && error.contains(says) && error.lines().count() == 1, "{error}");
    }
}
