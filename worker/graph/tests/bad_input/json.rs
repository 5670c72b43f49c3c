//! Manifests whose text is wrong, before anything is made of what they say.

use assay_graph::canonical::{self, MAX_BYTES};
use assay_graph::error::{Invalid, Problem};
use assay_graph::job::JobManifest;
use assay_graph::manifest::Manifest;
use serde::Serialize;
use serde_json::{json, Value};

use crate::base::{refused, Base, FILE};

fn text() -> String {
    String::from_utf8(Base::new().package().manifest).unwrap()
}

fn read(text: impl AsRef<[u8]>) -> Result<Manifest, Invalid> {
    canonical::read(FILE, text.as_ref())
}

/// The base with the first `from` replaced.
fn with(from: &str, to: &str) -> String {
    let text = text();
    assert!(text.contains(from), "{from} is not in {text}");
    text.replacen(from, to, 1)
}

fn not_canonical(text: impl AsRef<[u8]>, byte: usize) {
    let problem = refused(read(text), FILE, "manifest");
    assert!(matches!(problem, Problem::NotCanonical(at) if at == byte as u64), "{problem} and not {byte}");
}

fn malformed(text: impl AsRef<[u8]>, says: &str) {
    let problem = refused(read(text), FILE, "manifest");
    assert!(matches!(&problem, Problem::Format(text) if text.contains(says)), "{problem} and not {says}");
}

#[test]
fn the_base_reads() {
    assert_eq!(read(text()).unwrap(), Base::new().manifest);
}

/// All of them.
fn operators(float: &str) -> [Value; 14] {
    let attention = json!({ "heads": 1, "keys": "i8", "kv_heads": 1, "mask": "causal", "scale": float,
                            "values": "i15", "weights": "i22" });
    [
        json!("add"),
        json!({ "attention": attention }),
        json!({ "embed": { "index": "ids", "table": "t" } }),
        json!("gelu"),
        json!({ "l2_norm": { "epsilon": float } }),
        json!("last"),
        json!({ "layer_norm": { "beta": "t", "epsilon": float, "gamma": "t" } }),
        json!({ "linear": { "bias": null, "precision": "i8", "weight": "t" } }),
        json!("mean_pool"),
        json!("mul"),
        json!({ "rms_norm": { "epsilon": float, "gamma": "t" } }),
        json!({ "rope": { "heads": 1, "table": "t" } }),
        json!("silu_mul"),
        json!("tanh"),
    ]
}

/// What is read is written again from the types, in the order in which they declare their fields.
#[test]
fn every_type_declares_its_fields_in_the_order_of_their_bytes() {
    assert_eq!(json!({ "b": 0, "a": 0 }).to_string(), r#"{"a":0,"b":0}"#, "values keep another order");
    let (blake3, float) = ("0f".repeat(32), "3f800000");
    let blobs = json!([{ "blake3": blake3, "size": 1 }]);
    let tensors = json!({ "t": { "blake3": blake3, "blob": 0, "dtype": "f32", "shape": [1] } });
    let graph =
        operators(float).map(|op| json!({ "inputs": ["a \"quoted\" name\n"], "name": "n", "op": op }));
    let parameters = json!({ "p": { "decay": true, "init": { "constant": float }, "shape": [1] },
                             "q": { "decay": false, "init": { "uniform": float }, "shape": [1, 2] } });
    for optimizer in [
        json!({ "adam": { "beta1": float, "beta2": float, "decay": float, "epsilon": float } }),
        json!({ "sgd": { "decay": float, "momentum": float } }),
    ] {
        let training = json!({ "clip": null, "every": 1, "optimizer": optimizer, "precision": "i8",
                               "rates": "t", "tokens": 1, "units": 1 });
        let manifest = json!({ "blobs": blobs, "context": 1, "graph": graph, "output": "n",
                               "parameters": parameters, "tensors": tensors, "tokenizer": blake3,
                               "trace": ["n"], "training": training, "version": "v", "vocabulary": 1 });
        read(manifest.to_string()).unwrap();
    }
    let sample = json!({ "sample": { "inverse_temperature": float, "top_k": 40, "top_p": float } });
    for job in [
        json!("embed"),
        json!({ "generate": { "sampling": "greedy", "stop": [], "tokens": 1 } }),
        json!({ "generate": { "sampling": sample, "stop": [1, 2], "tokens": 1 } }),
        json!({ "train": { "from": 0, "to": 2 } }),
    ] {
        let manifest = json!({ "blobs": blobs, "job": job, "tensors": tensors, "version": "v" });
        canonical::read::<JobManifest>(FILE, manifest.to_string().as_bytes()).unwrap();
    }
}

#[test]
fn only_unsigned_integers_are_written() {
    fn refuse(number: impl Serialize, says: &str) {
        let problem = refused(canonical::write(FILE, &[number]), FILE, "manifest");
        assert!(matches!(&problem, Problem::Format(text) if text.starts_with(says)), "{problem}, not {says}");
    }
    refuse(-1i8, "-1 is no integer");
    refuse(-1i16, "-1 is no integer");
    refuse(-1i32, "-1 is no integer");
    refuse(-1i64, "-1 is no integer");
    refuse(-1i128, "-1 is no integer");
    refuse(1u128 << 64, "18446744073709551616 is no integer");
    refuse(0.5f32, "0.5 is no integer");
    refuse(0.5f64, "0.5 is no integer");
    refuse(json!(0.5), "0.5 is no integer");
    assert_eq!(canonical::write(FILE, &(1u8, 2u16, u32::MAX, 4u64)).unwrap(), b"[1,2,4294967295,4]");
}

#[test]
fn a_space_is_refused() {
    not_canonical(with("\"context\":6", "\"context\": 6"), text().find(":6").unwrap() + 1);
    not_canonical(text() + "\n", text().len());
    not_canonical(format!(" {}", text()), 0);
}

#[test]
fn another_order_of_keys_is_refused() {
    let moved = with("\"context\":6,", "").replacen('{', "{\"context\":6,", 1);
    not_canonical(moved, 2);
}

#[test]
fn a_key_that_is_there_twice_is_refused() {
    malformed(with("\"context\":6", "\"context\":6,\"context\":6"), "duplicate field `context`");
    let parameter = r#""p":{"decay":false,"init":{"constant":"00000000"},"shape":[4]}"#;
    let once = with("\"parameters\":{}", &format!("\"parameters\":{{{parameter}}}"));
    read(&once).unwrap();
    let end = once.find(parameter).unwrap() + parameter.len();
    not_canonical(once.replacen(parameter, &format!("{parameter},{parameter}"), 1), end);
}

#[test]
fn an_unknown_key_is_refused() {
    malformed(with("{\"blobs\"", "{\"a\":1,\"blobs\""), "unknown field `a`");
    malformed(with("\"name\":\"sum\"", "\"name\":\"sum\",\"odd\":1"), "unknown field `odd`");
    malformed(with("{\"l2_norm\":{", "{\"l2_norm\":{\"a\":1,"), "unknown field `a`");
    malformed(with("{\"l2_norm\":", "{\"l3_norm\":"), "unknown variant `l3_norm`");
}

#[test]
fn a_missing_key_is_refused() {
    malformed(with("\"context\":6,", ""), "missing field `context`");
}

#[test]
fn another_type_is_refused() {
    for other in ["6.0", "6e0", "-6", "\"6\"", "[6]", "null", "NaN", "06", "18446744073709551616"] {
        malformed(with("\"context\":6", &format!("\"context\":{other}")), "");
    }
}

#[test]
fn an_integer_from_2_to_the_53_is_refused() {
    read(with("\"context\":6", "\"context\":9007199254740991")).unwrap();
    malformed(with("\"context\":6", "\"context\":9007199254740992"), "9007199254740992 is no integer");
    malformed(
        with("\"context\":6", "\"context\":18446744073709551615"),
        "18446744073709551615 is no integer",
    );
}

#[test]
fn other_hexadecimal_digits_are_refused() {
    let epsilon = text().find("3727c5ac").unwrap();
    not_canonical(with("3727c5ac", "3727C5ac"), epsilon + 4);
    for other in ["3727c5a", "3727c5ac0", "3727c5ag", "0x3727c5", ""] {
        malformed(with("3727c5ac", other), "is not 8 hexadecimal digits");
    }
    let hash = hex::encode(Base::new().manifest.blobs[0].blake3.0);
    let letter = hash.find(|digit: char| digit.is_ascii_lowercase()).unwrap();
    not_canonical(with(&hash, &hash.to_uppercase()), text().find(&hash).unwrap() + letter);
    malformed(with(&hash, &hash[2..]), "is not 64 hexadecimal digits");
}

#[test]
fn another_way_to_write_the_same_is_refused() {
    let add = text().find("\"op\":\"add\"").unwrap() + "\"op\":".len();
    not_canonical(with("\"op\":\"add\"", "\"op\":{\"add\":null}"), add);
    let output = text().find("\"output\":\"output\"").unwrap() + "\"output\":\"".len();
    not_canonical(with("\"output\":\"output\"", "\"output\":\"\\u006futput\""), output);
    let blob = Base::new().manifest.blobs[0];
    let (hash, size) = (hex::encode(blob.blake3.0), blob.size);
    let array = with(&format!("{{\"blake3\":\"{hash}\",\"size\":{size}}}"), &format!("[\"{hash}\",{size}]"));
    not_canonical(array, "{\"blobs\":[".len());
}

#[test]
fn every_truncation_is_refused() {
    let text = text();
    for end in 0..text.len() {
        malformed(&text[..end], "EOF");
    }
}

#[test]
fn what_is_no_json_in_utf_8_is_refused() {
    malformed(format!("\u{feff}{}", text()), "");
    malformed(text() + "{}", "trailing");
    malformed([0xff; 64], "");
    let mut bytes = text().into_bytes();
    let name = text().find("\"sum\"").unwrap() + 1;
    bytes[name] = 0xff;
    malformed(&bytes, "unicode");
}

#[test]
fn a_manifest_over_16_mib_is_refused() {
    let over = MAX_BYTES + 1;
    let problem = refused(read(vec![b' '; over as usize]), FILE, "size in bytes");
    assert!(matches!(problem, Problem::Limit { limit: 16_777_216, got } if got == over), "{problem}");
    malformed(vec![b' '; MAX_BYTES as usize], "EOF");
}

#[test]
fn deep_nesting_is_refused() {
    for (opening, closing) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = opening.repeat(1 << 20) + "1" + &closing.repeat(1 << 20);
        malformed(&deep, "");
        malformed(with("\"blobs\":", &format!("\"blobs\":{deep},\"x\":")), "");
        malformed(with("\"op\":\"add\"", &format!("\"op\":{deep}")), "");
        let any = refused(canonical::read::<Value>(FILE, deep.as_bytes()), FILE, "manifest");
        assert!(matches!(&any, Problem::Format(text) if text.contains("recursion limit")), "{any}");
    }
}

#[test]
fn an_error_is_one_line_whatever_the_manifest_says() {
    malformed(with("{\"blobs\"", "{\"a\\nb\\u0000\\r\":1,\"blobs\""), "unknown field");
    malformed(with("\"op\":\"add\"", "\"op\":\"add\\n\""), "unknown variant");
}
