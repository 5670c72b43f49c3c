//! Each wrong input gives one line that names what is wrong, and the exit code of its kind.

use crate::harness::{text, Home, ALICE, ALICE_ADDRESS, NO_NODE};
use std::fs;

#[track_caller]
fn refuses(home: &Home, arguments: &[&str], code: i32, words: &[&str]) {
    let (got, line) = home.refused(arguments, &[]);
    assert_eq!(got, code, "{line}");
    words.iter().for_each(|word| assert!(line.contains(word), "{word:?} is missing in: {line}"));
}

#[test]
fn wrong_arguments_are_told_in_a_line() {
    let home = Home::new();
    refuses(&home, &["jobs"], 2, &["unrecognized subcommand 'jobs'", "--help tells"]);
    refuses(&home, &["stake", "bond"], 2, &["required arguments were not provided", "<AMOUNT>"]);
    refuses(&home, &["stake", "bond", "1,5"], 2, &["'1,5'", "write ASY as 1.5"]);
    refuses(&home, &["stake", "bond", "0.1234567890123"], 2, &["more than 12 decimals"]);
    refuses(&home, &["stake", "bond", "5", "--role", "miner"], 2, &["'miner'", "provider, validator"]);
    refuses(&home, &["stake", "status", "--account", "5Grw"], 2, &["\"5Grw\" is no address of this chain"]);
    refuses(&home, &["provider", "update", "--machine", "gpu"], 2, &["as in 0:1"]);
    refuses(&home, &["provider", "update", "--capacity", "65"], 2, &["65 is not in 1..=64"]);
    refuses(&home, &["job", "result", "7", "--out", "vectors.csv"], 2, &["--out vectors.csv", ".npy"]);
    refuses(&home, &["gov", "vote", "7", "maybe", "5"], 2, &["'maybe'", "aye, nay, abstain"]);
    let delegate = ["gov", "delegate", "root", ALICE_ADDRESS, "5", "--conviction", "9x"];
    refuses(&home, &delegate, 2, &["\"9x\" is no conviction"]);
    refuses(&home, &["gov", "propose", "pause", "Jobs.post", "soon"], 2, &["\"soon\" is no time"]);
    refuses(&home, &["gov", "propose", "--call", "0x00"], 2, &["--track"]);
    refuses(&home, &["gov", "propose", "--track", "root", "--call", "0xzz"], 2, &["hexadecimal digits"]);
    refuses(&home, &["gov", "appeal", "4", "--evidence", "nowhere"], 2, &["nowhere: No such file"]);
    let fund = ["gov", "propose", "bounty", "fund", "3", "--curator", ALICE_ADDRESS];
    refuses(&home, &fund, 2, &["required arguments were not provided", "--fee"]);
}

#[test]
fn a_configuration_that_can_not_be_read_is_named_with_its_line() {
    let home = Home::new();
    let path = home.write("assay.toml", "nodes = ['ws://a']\n[worker\njobs = 1\n");
    refuses(&home, &["--config", text(&path), "chain", "info"], 2, &["assay.toml, line 2: "]);
    home.write("assay.toml", "[worker]\njob = 1\n");
    refuses(&home, &["--config", text(&path), "chain", "info"], 2, &["line 2: unknown field `job`"]);
    refuses(
        &home,
        &["--config", "none.toml", "chain", "info"],
        2,
        &["configuration none.toml: No such file", "check the path"],
    );
    let (code, line) = home.refused(&["chain", "info"], &[("ASSAY_WORKER_THREADS", "all")]);
    assert_eq!((code, line.as_str()), (2, "ASSAY_WORKER_THREADS is \"all\", expected a number"));
}

#[test]
fn keys_that_can_not_be_used_are_refused_before_a_node_is_asked() {
    let home = Home::new();
    let bond = ["--node", NO_NODE, "stake", "bond", "5"];
    refuses(&home, &bond, 2, &["this needs a key: pass --key FILE"]);
    let none = ["key file none.json: No such file", "check the path"];
    refuses(&home, &[&["--key", "none.json"][..], &bond].concat(), 2, &none);
    let path = home.write("words", "these words are no phrase");
    refuses(&home, &[&["--key", text(&path)][..], &bond].concat(), 2, &["holds no key"]);
    let path = home.write("broken.json", "{\"encoded\": \"\"}");
    refuses(&home, &[&["--key", text(&path)][..], &bond].concat(), 2, &["broken.json: missing field"]);
}

#[test]
fn a_wrong_password_and_a_missing_one_are_told_apart() {
    let home = Home::new();
    let unlock = ["keys", "inspect", ALICE, "--unlock"];
    let (code, line) = home.refused(&unlock, &[]);
    assert_eq!(code, 2, "{line}");
    assert!(line.contains("no terminal to ask for") && line.contains("set ASSAY_PASSWORD"), "{line}");
    let (code, line) = home.refused(&unlock, &[("ASSAY_PASSWORD", "wrong")]);
    assert_eq!(code, 2, "{line}");
    assert!(line.ends_with("alice.json: the password is wrong"), "{line}");
    let (code, line) = home.refused(&["keys", "import", "new.json"], &[]);
    assert_eq!(code, 2, "{line}");
    assert!(line.contains("no terminal to ask for phrase") && line.contains("set ASSAY_KEY_URI"), "{line}");
    home.write("password", "correct horse\n");
    let shown = home.json(&[&unlock[..], &["--password-file", "password"]].concat(), &[]);
    assert_eq!(shown["address"], ALICE_ADDRESS);
}

#[test]
fn a_machine_that_is_not_here_is_not_offered() {
    let home = Home::new();
    let offer = |machine, more: &[&str]| {
        let register = ["--node", NO_NODE, "--key", ALICE, "provider", "register", "--machine", machine];
        home.refused(&[&register[..], more].concat(), &[])
    };
    let (code, line) = offer("9:9", &[]);
    assert_eq!(code, 2, "{line}");
    assert!(line.contains("does not know what machine 9:9 is: offer one of 0:0, 0:1"), "{line}");
    let (code, line) = offer("9:9", &["--any-memory"]);
    assert_eq!(code, 3, "its worker may know it, so the chain is asked: {line}");
    let update = ["--node", NO_NODE, "--key", ALICE, "provider", "update", "--machine", "9:9"];
    refuses(&home, &update, 2, &["does not know what machine 9:9 is"]);
}

#[test]
fn models_and_texts_that_are_not_there_are_named() {
    let home = Home::new();
    home.training();
    let estimate = |model: &str, file: &str, words: &[&str]| {
        refuses(&home, &["--node", NO_NODE, "job", "estimate", "train", model, file], 1, words);
    };
    estimate("nowhere", "text", &["nowhere is no model directory: `assay model import` makes one"]);
    estimate("training", "none", &["none: No such file", "check the path"]);
    home.write("short", "too short");
    estimate("training", "short", &["tensor \"data\", length", "more than the 64 tokens"]);
    refuses(&home, &["model", "import", "decoder:huge", "model"], 2, &["decoder:small and decoder:tiny"]);
    refuses(&home, &["model", "import", "nowhere", "model"], 2, &["nowhere is no directory of a model"]);
    refuses(&home, &["model", "show", "nowhere"], 1, &["nowhere is no model directory"]);
    let embed = ["--node", NO_NODE, "job", "estimate", "embed", "training", "text"];
    refuses(&home, &embed, 1, &["needs a program that is run"]);
}

#[test]
fn a_model_with_another_tokenizer_or_a_damaged_blob_is_refused() {
    let home = Home::new();
    home.training();
    let manifest = home.path("training/manifest.json");
    let written = fs::read_to_string(&manifest).unwrap();
    let named = format!("\"tokenizer\":\"{}\"", "ab".repeat(32));
    fs::write(&manifest, written.replace("\"tokenizer\":null", &named)).unwrap();
    home.write("training/tokenizer.json", "{}");
    refuses(&home, &["model", "show", "training"], 1, &["tokenizer.json"]);
    fs::write(&manifest, written.replace("\"context\":256", "\"context\": 256")).unwrap();
    refuses(&home, &["model", "show", "training"], 1, &["is not in the canonical form"]);
    fs::write(&manifest, &written).unwrap();
    let mut files = fs::read_dir(home.path("training")).unwrap().map(|entry| entry.unwrap().path());
    let blob = files.find(|path| path.extension().is_some_and(|end| end == "safetensors")).unwrap();
    let mut bytes = fs::read(&blob).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&blob, bytes).unwrap();
    refuses(&home, &["model", "show", "training"], 1, &["training blob 0: blake3: is "]);
}

#[test]
fn a_job_that_nobody_could_fetch_is_not_posted() {
    let home = Home::new();
    home.training();
    let submit =
        ["--node", NO_NODE, "--key", ALICE, "job", "submit", "train", "training", "text", "--steps", "20"];
    refuses(&home, &submit, 2, &["pass --source, or set blobs.public_url"]);
    let with = |source| [&submit[..], &["--source", source]].concat();
    refuses(&home, &with("ftp://a"), 2, &["begins with http:// or https://"]);
    refuses(&home, &with("http://127.0.0.1:9630"), 3, &["ws://127.0.0.1:1"]);
}

#[test]
fn a_node_that_does_not_answer_is_named() {
    refuses(
        &Home::new(),
        &["--node", NO_NODE, "chain", "info"],
        3,
        &["ws://127.0.0.1:1", "or name another one"],
    );
}

#[test]
fn the_process_of_a_job_needs_a_task() {
    refuses(&Home::new(), &["run-task"], 1, &["run-task: no task on standard input"]);
}
