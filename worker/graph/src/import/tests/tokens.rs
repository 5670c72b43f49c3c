//! From text to token ids.

use std::fs;

use serde_json::{json, Value};

use super::model::tokenizer;
use crate::error::{Invalid, Problem};
use crate::import::Tokenizer;

fn encode(tokenizer: &Value, text: &str, max_tokens: usize) -> Result<Vec<u32>, Invalid> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tokenizer.json");
    fs::write(&path, tokenizer.to_string()).unwrap();
    Tokenizer::open(&path)?.encode(text, max_tokens)
}

#[test]
fn text_is_neither_padded_nor_cut_by_the_file() {
    assert_eq!(encode(&tokenizer(), "a b", 8).unwrap(), [2, 4, 5, 3]);
    assert_eq!(encode(&tokenizer(), "ab a x", 8).unwrap(), [2, 4, 8, 4, 1, 3]);
    assert_eq!(encode(&tokenizer(), "", 8).unwrap(), [2, 3]);
}

#[test]
fn long_text_is_cut_between_the_special_tokens() {
    assert_eq!(encode(&tokenizer(), "a b c d", 5).unwrap(), [2, 4, 5, 6, 3]);
    assert_eq!(encode(&tokenizer(), "a b c d", 2).unwrap(), [2, 3]);
    assert_eq!(encode(&tokenizer(), "a", 1).unwrap_err().field, "tokens of a text");
}

#[test]
fn text_without_special_tokens_is_cut_too() {
    let mut plain = tokenizer();
    plain["post_processor"] = Value::Null;
    assert_eq!(encode(&plain, "a b c", 2).unwrap(), [4, 5]);
}

#[test]
fn ids_become_text_without_special_tokens_and_unknown_ids() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("tokenizer.json");
    let mut words = tokenizer();
    let special = |id: u32, content: &str| {
        json!({ "id": id, "content": content, "single_word": false, "lstrip": false, "rstrip": false,
                "normalized": false, "special": true })
    };
    words["added_tokens"] = json!([special(2, "[CLS]"), special(3, "[SEP]")]);
    words["decoder"] = json!({ "type": "WordPiece", "prefix": "##", "cleanup": true });
    fs::write(&path, words.to_string()).unwrap();
    let tokenizer = Tokenizer::open(&path).unwrap();
    assert_eq!(tokenizer.decode(&[2, 4, 8, 5, 3]).unwrap(), "ab b");
    assert_eq!(tokenizer.decode(&[9, 4_000_000_000]).unwrap(), "d");
    assert_eq!(tokenizer.decode(&[]).unwrap(), "");
}

#[test]
fn tokenizers_that_do_not_work_are_refused() {
    let mut undefined = tokenizer();
    undefined["post_processor"]["special_tokens"] = json!({});
    assert!(matches!(encode(&undefined, "a", 8).unwrap_err().problem, Problem::Format(_)));
    let mut unknown = tokenizer();
    unknown["model"]["type"] = json!("Oracle");
    for file in [unknown, json!({}), json!([]), json!("tokenizer")] {
        let error = encode(&file, "a", 8).unwrap_err();
        assert!(
            error.file.ends_with("tokenizer.json") && matches!(error.problem, Problem::Format(_)),
            "{error}"
        );
    }
}
