//! The check of what verbs show is one that finds something.

use crate::documented::check;
use serde_json::{json, Value};
use std::panic::catch_unwind;

const SENT: [&str; 4] = ["--json", "stake", "bond", "5"];

#[track_caller]
fn finds(arguments: &'static [&'static str], shown: Value, words: &str) {
    let panic = catch_unwind(|| check(arguments, &shown)).expect_err("it is wrong");
    let line = panic.downcast_ref::<String>().expect("a text");
    assert!(line.contains(words), "{line}");
}

#[test]
fn what_the_readme_does_not_say_is_found() {
    check(&SENT, &json!({ "block": 5, "blockHash": "0x00", "fee": null }));
    finds(&SENT, json!({ "block": 5, "fee": "1" }), "it has no blockHash");
    finds(&SENT, json!({ "block": 5, "blockHash": "", "fee": "1", "tip": "0" }), "it.tip is not in");
    finds(&SENT, json!({ "block": [{}], "blockHash": "", "fee": "1" }), "it.block is {}");
    finds(&["job", "list"], json!([]), "it is []");
    finds(&["job", "list"], json!({ "jobs": [{ "job": 1 }] }), "it.jobs has no state");
    let unnamed = json!({ "blobs": [{ "file": "x", "blob": { "size": 1 } }] });
    finds(&["blob", "put", "x"], unnamed, "it.blobs.blob has no blake3");
    finds(&["job", "bogus"], json!({}), "does not say what");
}

#[test]
fn a_value_may_be_of_one_of_several_shapes() {
    let result =
        |outputs: Value| json!({ "job": 1, "root": "0x00", "summary": "", "file": null, "outputs": outputs });
    check(&["job", "result", "1"], &result(json!({ "anything": [1] })));
    check(&["job", "result", "1"], &result(Value::Null));
    let sent = json!({ "block": 1, "blockHash": "0x00", "fee": "0.1" });
    check(&["gov", "preimage", "remove", "0x00"], &sent);
    finds(&["gov", "show", "1"], sent, "; or ");
}
