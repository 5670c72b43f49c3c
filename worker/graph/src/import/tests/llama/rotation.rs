//! Tables of angles against their definition and against correctly rounded values.
#![allow(clippy::disallowed_methods, reason = "the standard library's functions are the yardstick")]

use std::fs;

use serde_json::{json, Value};

use crate::import::rope::Rotation;
use crate::import::settings::Settings;

fn rotation(config: &Value, positions: u64) -> Rotation {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config.json");
    fs::write(&path, config.to_string()).unwrap();
    Rotation::read(&Settings::read(&path).unwrap(), positions).unwrap()
}

fn llama3() -> Value {
    json!({ "rope_theta": 500000.0, "rope_scaling": {
        "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192,
    }})
}

fn yarn() -> Value {
    json!({ "rope_theta": 1000000.0, "rope_scaling": { "type": "yarn", "factor": 4.0 } })
}

#[test]
fn plain_angles_are_those_of_the_definition() {
    let [cos, sin] = rotation(&json!({ "rope_theta": 75000.5 }), 64).tables(64, 24);
    assert_eq!((cos.len(), sin.len()), (64 * 24, 64 * 24));
    for at in 0..cos.len() {
        let angle = (at / 24) as f64 * 75_000.5f64.powf(-((at % 24) as f64) / 24.0);
        assert!((f64::from(cos[at]) - angle.cos()).abs() < 3.1e-8, "cosine {at}");
        assert!((f64::from(sin[at]) - angle.sin()).abs() < 3.1e-8, "sine {at}");
    }
}

#[test]
fn linear_angles_are_those_of_positions_divided() {
    let scaling = json!({ "rope_scaling": { "type": "linear", "factor": 4.0 } });
    let [slow, _] = rotation(&scaling, 64).tables(64, 8);
    let [plain, _] = rotation(&json!({}), 64).tables(16, 8);
    for position in 0..16 {
        assert_eq!(slow[4 * position * 8..][..8], plain[position * 8..][..8]);
    }
}

#[test]
fn settings_may_be_where_older_and_newer_files_have_them() {
    let plain = rotation(&json!({}), 64);
    assert_eq!(plain, rotation(&json!({ "rope_theta": 10000, "rope_scaling": null }), 64));
    assert_eq!(plain, rotation(&json!({ "rope_scaling": { "rope_type": "default" } }), 64));
    assert_eq!(plain, rotation(&json!({ "rope_scaling": { "type": "dynamic", "factor": 2.0 } }), 64));
    let mut newer = llama3()["rope_scaling"].clone();
    newer["rope_theta"] = json!(500000.0);
    assert_eq!(rotation(&llama3(), 64), rotation(&json!({ "rope_parameters": newer }), 64));
    let named = json!({ "rope_theta": 1000000.0, "rope_scaling": {
        "rope_type": "yarn", "factor": 4.0, "beta_fast": 32, "beta_slow": 1,
        "original_max_position_embeddings": 32768, "mscale": 1.0, "mscale_all_dim": 0.0, "truncate": true,
    }});
    assert_eq!(rotation(&yarn(), 32_768), rotation(&named, 131_072));
    let mut zero = yarn();
    for (scale, all) in [(0.0, 1.0), (1.0, 0.0), (1.0, 1.0)] {
        zero["rope_scaling"]["mscale"] = json!(scale);
        zero["rope_scaling"]["mscale_all_dim"] = json!(all);
        let is_same = rotation(&zero, 32_768) == rotation(&yarn(), 32_768);
        assert_eq!(is_same, scale * all == 0.0, "{scale} {all}");
    }
}

#[test]
fn angles_have_the_same_bits_everywhere() {
    // Correctly rounded values by 60-digit arithmetic.
    for (rotation, position, pair, cosine, sine) in [
        (rotation(&llama3(), 131_072), 1, 0, 0x3F0A_5140, 0x3F57_6AA4),
        (rotation(&llama3(), 131_072), 100, 30, 0x3F7D_983E, 0x3E0C_0AAA),
        (rotation(&llama3(), 131_072), 131_070, 33, 0xBF7D_5915, 0xBE13_035F),
        (rotation(&llama3(), 131_072), 131_070, 35, 0x3F7F_C8CF, 0xBD28_10B5),
        (rotation(&llama3(), 131_072), 131_070, 63, 0x3F7F_CAFD, 0x3D24_B6FB),
        (rotation(&yarn(), 32_768), 1, 0, 0x3F1D_7E04, 0x3F75_4797),
        (rotation(&yarn(), 32_768), 100, 30, 0x3F90_EB78, 0x3DF7_BB3B),
        (rotation(&yarn(), 32_768), 131_070, 39, 0xBF31_1877, 0x3F67_85FC),
        (rotation(&yarn(), 32_768), 131_070, 63, 0x3F91_9FC5, 0x3D3D_971A),
    ] {
        let [cos, sin] = rotation.tables(position + 1, 64);
        let at = position as usize * 64 + pair;
        assert_eq!((cos[at].to_bits(), sin[at].to_bits()), (cosine, sine), "{rotation:?} {position}, {pair}");
    }
}
