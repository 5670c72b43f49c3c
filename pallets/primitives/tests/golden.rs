//! Bytes that never change: what is hashed on chain and by workers, against values computed by another implementation
//! of SCALE, blake2b and BLAKE3.

use assay_primitives::{
    commitment, inline_root, trace_root, BlobRef, Claim, Digest, JobClass, JobSpec, ListedVersion, Machine,
};
use codec::{Decode, Encode, MaxEncodedLen};
use sp_runtime::AccountId32;

const GENESIS: Digest = [0xa0; 32];
const SPEC: Digest = [0xb0; 32];
const PROVIDER: AccountId32 = AccountId32::new([0xc0; 32]);
const SALT: Digest = [0xd0; 32];
const COMPUTED: Claim = Claim::Computed { result: [0x66; 32], trace: [0x77; 32] };
const MISDECLARED: Claim = Claim::Misdeclared { units: 123_456 };

fn spec(listing: Option<ListedVersion>) -> JobSpec {
    JobSpec {
        class: JobClass::ExactV1,
        program: [0x11; 32],
        program_blob: BlobRef { blake3: [0x22; 32], size: 0x01_02_03_04_05 },
        input: [0x33; 32],
        input_blob: BlobRef { blake3: [0x44; 32], size: 1 },
        output_bytes: 4_096,
        seed: [0x55; 32],
        units: 1_000_000,
        machine: Machine { hardware: 3, memory: 7 },
        price_cap: 10_000_000_000_005,
        deadline: 86_400,
        listing,
    }
}

/// A specification field by field, in hexadecimal.
fn spec_hex(listing: &str) -> String {
    let fields = [
        "00",
        &"11".repeat(32),
        &("22".repeat(32) + "0504030201000000"),
        &"33".repeat(32),
        &("44".repeat(32) + "0100000000000000"),
        "0010000000000000",
        &"55".repeat(32),
        "40420f0000000000",
        "0307",
        "05a0724e180900000000000000000000",
        "80510100",
        listing,
    ];
    fields.concat()
}

#[test]
fn specification_is_encoded_and_hashed_as_ever() {
    let listed = ListedVersion { listing: 9, version: 2 };
    let golden = [
        (None, "00", "19ad880df9dc145779ff49f7d52ab98f8c8f318dd3476272a7358cfc808efcc7"),
        (
            Some(listed),
            "01090000000000000002000000",
            "10c20831fb0443a9df638b980863ad9219171429273006bdda5d84763922ce1f",
        ),
    ];
    for (listing, encoded, hash) in golden {
        let spec = spec(listing);
        assert_eq!(hex::encode(spec.encode()), spec_hex(encoded));
        assert_eq!(hex::encode(spec.hash()), hash);
        assert_eq!(JobSpec::decode(&mut spec.encode().as_slice()), Ok(spec));
    }
    assert_eq!(JobSpec::max_encoded_len(), 228);
}

#[test]
fn blob_reference_is_encoded_as_ever() {
    let blob = BlobRef { blake3: [0x22; 32], size: 0x01_02_03_04_05 };
    assert_eq!(hex::encode(blob.encode()), "22".repeat(32) + "0504030201000000");
}

#[test]
fn claims_are_encoded_as_ever() {
    assert_eq!(hex::encode(COMPUTED.encode()), "00".to_string() + &"66".repeat(32) + &"77".repeat(32));
    assert_eq!(hex::encode(MISDECLARED.encode()), "0140e2010000000000");
}

#[test]
fn commitment_is_hashed_as_ever() {
    let base = commitment(&GENESIS, 42, &SPEC, 3, &PROVIDER, &COMPUTED, &SALT);
    assert_eq!(hex::encode(base), "e103890e62485e5237978e329ecd5d63faae59d9f6ab0ac061d367fb36178f4b");
}

#[test]
fn commitment_to_anything_else_is_another_one() {
    let other_provider = AccountId32::new([0xc1; 32]);
    let other_result = Claim::Computed { result: [0x67; 32], trace: [0x77; 32] };
    let other_trace = Claim::Computed { result: [0x66; 32], trace: [0x78; 32] };
    let sealed = |genesis: u8, job, spec: u8, attempt, provider, claim, salt: u8| {
        hex::encode(commitment(&[genesis; 32], job, &[spec; 32], attempt, provider, claim, &[salt; 32]))
    };
    let golden = [
        (
            sealed(0xa1, 42, 0xb0, 3, &PROVIDER, &COMPUTED, 0xd0),
            "16c5fc72e83bd9ae1a5c2b40bdab272bd211f045ea21c2296368b56658d65343",
        ),
        (
            sealed(0xa0, 43, 0xb0, 3, &PROVIDER, &COMPUTED, 0xd0),
            "f802e5173cfcaa8604ec569ffaa1c5dcd16b86bf8a19f53efa5cf301b5cac371",
        ),
        (
            sealed(0xa0, 42, 0xb1, 3, &PROVIDER, &COMPUTED, 0xd0),
            "bb7e22a8225960dbbdfeceea12a66a4eb0446b0fe6238338a7cd5682c55ddffe",
        ),
        (
            sealed(0xa0, 42, 0xb0, 4, &PROVIDER, &COMPUTED, 0xd0),
            "8d3685714c58f10984664276bf89e47b38cfdf86871d04e11da599e92130d364",
        ),
        (
            sealed(0xa0, 42, 0xb0, 3, &other_provider, &COMPUTED, 0xd0),
            "befb01869dd8921eb0c23aa82c1a85c4e8c1b002a821f86f99d9b826c56205fd",
        ),
        (
            sealed(0xa0, 42, 0xb0, 3, &PROVIDER, &other_result, 0xd0),
            "e0765405e60179f2812b4218e41ca38ad3d042224b10b3703d9c2a6f44359173",
        ),
        (
            sealed(0xa0, 42, 0xb0, 3, &PROVIDER, &other_trace, 0xd0),
            "623f76890cb9e14ab03dad5d49f7b836ba7841555d9503eb93f17f06dfa0929b",
        ),
        (
            sealed(0xa0, 42, 0xb0, 3, &PROVIDER, &MISDECLARED, 0xd0),
            "a0f9614b4b76fa8f37677f8fc1aa55212d5ad4a5f9a70a8cbd308099865de6c9",
        ),
        (
            sealed(0xa0, 42, 0xb0, 3, &PROVIDER, &COMPUTED, 0xd1),
            "2b8f9063c2b70804f2e6bf40821e4dd16fb54502b3dc04646938551a2a0fbbcb",
        ),
    ];
    for (sealed, expected) in golden {
        assert_eq!(sealed, expected);
    }
}

#[test]
fn account_of_a_mock_runtime_is_sealed_by_its_own_encoding() {
    let sealed = commitment(&GENESIS, 42, &SPEC, 3, &7u64, &COMPUTED, &SALT);
    assert_eq!(hex::encode(sealed), "5676b47416aefee56e0b2b4ee7409a20032ea35eb0f0ece53e02c77c1b080f48");
}

#[test]
fn result_root_of_outputs_on_the_chain_is_as_ever() {
    let ids = "0c696473".to_string() + "03" + "040300000000000000" + "306800000065000000ffffffff";
    let lengths = "1c6c656e67746873".to_string() + "03" + "040200000000000000" + "200100000002000000";
    let file = hex::decode("08".to_string() + &ids + &lengths).expect("hexadecimal");
    let root = inline_root(&file).expect("a file of outputs");
    assert_eq!(hex::encode(root), "9a607574849eb54969cfaa2f43142e0e0843ca059557723caa3e85e082dd5505");
}

#[test]
fn trace_root_is_as_ever() {
    let golden = [
        (5, [0xe0; 32], "b7952d0e602ca7d159cca6ddd43faffb94abdc70e8adf28d93a0cdbacb496797"),
        (0, [0; 32], "269ccab7e8f2ff580ecb16a8b244d68561609c6c85881c4e12472c9363f35846"),
    ];
    for (leaves, root, expected) in golden {
        assert_eq!(hex::encode(trace_root(leaves, &root, &[0xf0; 32])), expected);
    }
}
