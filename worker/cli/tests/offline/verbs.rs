//! What works without a chain.

use crate::harness::{Home, ALICE, ALICE_ADDRESS};
use std::{fs, os::unix::fs::PermissionsExt};

#[test]
fn help_and_version_are_no_errors() {
    let home = Home::new();
    assert!(home.shown(&["--help"], &[]).contains("Exit codes: 0 done"));
    assert!(home.shown(&["--version"], &[]).starts_with("assay "));
    assert!(home.shown(&["job", "submit", "embed", "--help"], &[]).contains("Example"));
    // Without a verb there is nothing to do but to tell which there are.
    let output = home.run(&[], &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("Usage: assay"));
}

#[test]
fn completions_know_the_verbs() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = home.shown(&["completions", shell], &[]);
        assert!(script.contains("estimate") && script.contains("unbond"), "{shell}");
    }
}

#[test]
fn a_key_file_is_shown_without_its_password() {
    let home = Home::new();
    assert_eq!(home.json(&["keys", "inspect", ALICE], &[])["address"], ALICE_ADDRESS);
    assert!(home.shown(&["keys", "inspect", ALICE], &[]).contains(ALICE_ADDRESS));
}

#[test]
fn the_configuration_of_the_service_is_taken() {
    let home = Home::new();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/worker.toml");
    let shown = home.json(&["--config", file, "keys", "inspect", ALICE], &[]);
    assert_eq!(shown["address"], ALICE_ADDRESS);
}

#[test]
fn a_key_that_is_made_can_be_brought_back_by_its_phrase() {
    let home = Home::new();
    let password = ("ASSAY_PASSWORD", "secret");
    let made = home.json(&["keys", "generate", "owner.json"], &[password]);
    let phrase = made["phrase"].as_str().unwrap();
    assert_eq!(phrase.split(' ').count(), 12);
    let path = home.path("owner.json");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!fs::read_to_string(&path).unwrap().contains(phrase));
    let again = home.json(&["keys", "import", "again.json"], &[password, ("ASSAY_KEY_URI", phrase)]);
    assert_eq!(again["address"], made["address"]);
    assert_eq!(again.get("phrase"), None);
    // What is there is never written over.
    let (code, line) = home.refused(&["keys", "generate", "owner.json"], &[password]);
    assert_eq!(code, 2);
    assert!(line.contains("key file owner.json: File exists"), "{line}");
}

#[test]
fn a_model_directory_tells_what_it_is() {
    let home = Home::new();
    home.training();
    let model = home.json(&["model", "show", "training"], &[]);
    assert!(model["what"].as_str().unwrap().contains("job submit train"), "{model}");
    assert_eq!(model["context"], 256);
    assert_eq!(model["vocabulary"], 256);
    // The same source gives the same root.
    home.shown(&["model", "import", "decoder:tiny", "again", "--steps", "40"], &[]);
    assert_eq!(home.json(&["model", "show", "again"], &[])["root"], model["root"]);
    home.shown(&["model", "import", "decoder:tiny", "other", "--steps", "41"], &[]);
    assert_ne!(home.json(&["model", "show", "other"], &[])["root"], model["root"]);
}

#[test]
fn publishing_without_a_licence_needs_no_chain() {
    let home = Home::new();
    home.training();
    let published = home.json(&["model", "publish", "training"], &[]);
    assert_eq!(published["root"], home.json(&["model", "show", "training"], &[])["root"]);
    assert_eq!(published["listing"], serde_json::Value::Null);
    assert!(home.path(".local/share/assay/blobs").is_dir());
}

#[test]
fn a_file_that_is_stored_can_be_got_back() {
    let home = Home::new();
    home.write("given", "what is given");
    let put = home.json(&["blob", "put", "given"], &[]);
    let blob = &put["blobs"][0]["blob"];
    let name = format!("{}:{}", blob["blake3"].as_str().unwrap(), blob["size"]);
    let got = home.json(&["blob", "get", &name, "got"], &[]);
    assert_eq!(&got["blob"], blob);
    assert_eq!(fs::read_to_string(home.path("got")).unwrap(), "what is given");
}
