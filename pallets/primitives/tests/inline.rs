//! Which bytes are a file of outputs that the chain takes, and which are not.

use assay_primitives::{inline_root, MAX_INLINE_OUTPUT};
use codec::Encode;

/// Bytes, in the numbering of types.
const U8: u8 = 2;

type Output = (Vec<u8>, u8, Vec<u64>, Vec<u8>);

fn output(name: &str, bytes: &[u8]) -> Output {
    (name.into(), U8, vec![bytes.len() as u64], bytes.to_vec())
}

fn root_hex(outputs: &[Output]) -> Option<String> {
    inline_root(&outputs.encode()).map(hex::encode)
}

#[test]
fn file_of_the_most_bytes_is_taken_and_a_longer_one_is_not() {
    let largest = vec![output("x", &[1; 241])];
    assert_eq!(largest.encode().len(), MAX_INLINE_OUTPUT as usize);
    assert!(root_hex(&largest).is_some());
    assert_eq!(root_hex(&[output("x", &[1; 242])]), None);
}

#[test]
fn file_without_outputs_has_a_root() {
    let root = "1f18c4010348b0465a9c679de35369abea184ee7e93625830cb6afb5da47e60c";
    assert_eq!(root_hex(&[]).as_deref(), Some(root));
    assert_eq!(inline_root(&[]), None);
}

#[test]
fn outputs_of_more_than_a_few_blocks_are_hashed_whole() {
    let bytes: Vec<u8> = (0..200).collect();
    let losses = (b"losses".to_vec(), 0, vec![50], bytes.clone());
    let root = "81e083ec13367c19d640f8e129b40c8c1e8a4f25c6f70196e4a01134ebda9abf";
    assert_eq!(root_hex(&[losses]).as_deref(), Some(root));

    let mut changed = bytes;
    changed[199] ^= 1;
    let other = root_hex(&[(b"losses".to_vec(), 0, vec![50], changed)]);
    assert!(other.is_some_and(|other| other != root));
}

#[test]
fn outputs_out_of_order_or_twice_are_refused() {
    let (a, b) = (output("a", b"1"), output("b", b"2"));
    assert!(root_hex(&[a.clone(), b.clone()]).is_some());
    assert_eq!(root_hex(&[b, a.clone()]), None);
    assert_eq!(root_hex(&[a.clone(), a.clone()]), None);
    // A name that another one begins with comes first.
    let longer = output("aa", b"3");
    assert!(root_hex(&[a.clone(), longer.clone()]).is_some());
    assert_eq!(root_hex(&[longer, a]), None);
}

#[test]
fn names_have_at_most_128_bytes() {
    assert!(root_hex(&[output(&"n".repeat(128), b"1")]).is_some());
    assert_eq!(root_hex(&[output(&"n".repeat(129), b"1")]), None);
}

#[test]
fn shapes_have_at_most_three_axes() {
    let shaped = |axes: usize| (b"x".to_vec(), U8, vec![1; axes], b"1".to_vec());
    assert!(root_hex(&[shaped(0)]).is_some());
    assert!(root_hex(&[shaped(3)]).is_some());
    assert_eq!(root_hex(&[shaped(4)]), None);
}

#[test]
fn bytes_behind_the_file_or_missing_are_refused() {
    let file = vec![output("ids", &[7; 12]), output("lengths", &[1; 4])].encode();
    assert!(inline_root(&file).is_some());
    for end in 0..file.len() {
        assert_eq!(inline_root(&file[..end]), None, "cut off at {end}");
    }
    assert_eq!(inline_root(&[&file[..], &[0]].concat()), None);
}

#[test]
fn length_that_the_file_does_not_have_is_refused() {
    // A vector of 2^30 - 1 outputs, and one of 2^32 - 1.
    assert_eq!(inline_root(&[0xfe, 0xff, 0xff, 0xff]), None);
    assert_eq!(inline_root(&[0x03, 0xff, 0xff, 0xff, 0xff]), None);
    // One output with a name as long.
    assert_eq!(inline_root(&[0x04, 0x03, 0xff, 0xff, 0xff, 0xff]), None);
}

#[test]
fn length_written_in_more_bytes_than_it_takes_is_refused() {
    let file = vec![output("x", b"1")].encode();
    assert!(inline_root(&file).is_some());
    assert_eq!(file[0], 0x04);
    assert_eq!(inline_root(&[&[0x05, 0x00][..], &file[1..]].concat()), None);
}
