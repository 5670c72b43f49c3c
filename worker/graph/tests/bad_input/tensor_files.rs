//! Safetensors files that lie, are cut short, or are not as we write them.

use std::fs;
use std::path::Path;

use assay_graph::canonical::MAX_BYTES;
use assay_graph::error::Problem;
use assay_graph::package::MAX_BLOB;
use assay_graph::safetensors::{read, write, Source};
use assay_graph::tensor::{Tensor, Tensors};
use half::{bf16, f16};

use crate::base::{refused, FILE};

/// Two tensors, of 8 and of 3 bytes.
const HEADER: &str = concat!(
    r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"#,
    r#""b":{"dtype":"U8","shape":[3],"data_offsets":[8,11]}}"#
);
const DATA: [u8; 11] = [0, 0, 128, 63, 0, 0, 0, 192, 1, 2, 3];

fn tensors() -> Tensors {
    let (a, b) = (Tensor::f32(&[2], vec![1.0, -2.0]), Tensor::u8(&[3], vec![1, 2, 3]));
    [("a".to_string(), a), ("b".to_string(), b)].into()
}

/// A file with a header as it is.
fn raw(header: &[u8], data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes()[..], header, data].concat()
}

/// A file with a header that is padded as it must be.
fn file(header: &str, data: &[u8]) -> Vec<u8> {
    let mut header = header.as_bytes().to_vec();
    header.resize(header.len().next_multiple_of(8), b' ');
    raw(&header, data)
}

/// The file with the first `from` of its header replaced.
fn with(from: &str, to: &str) -> Vec<u8> {
    assert!(HEADER.contains(from), "{from} is not in {HEADER}");
    file(&HEADER.replacen(from, to, 1), &DATA)
}

/// The problem of a file that is none: neither as ours nor for import.
fn malformed(bytes: &[u8], field: &str) -> Problem {
    let for_import = refused(Source::new(FILE.into(), bytes.to_vec()), FILE, field);
    let problem = refused(read(FILE, bytes), FILE, field);
    assert_eq!(problem.to_string(), for_import.to_string());
    problem
}

/// A file that is one, in other bytes than ours from `byte` of its header on.
fn not_canonical(bytes: &[u8], byte: usize) {
    Source::new(FILE.into(), bytes.to_vec()).unwrap();
    let problem = refused(read(FILE, bytes), FILE, "header");
    assert!(
        matches!(problem, Problem::NotCanonical(at) if at == 8 + byte as u64),
        "{problem} and not {byte}"
    );
}

fn mismatch(bytes: &[u8], field: &str) {
    let problem = malformed(bytes, field);
    assert!(matches!(problem, Problem::Mismatch { .. }), "{problem}");
}

fn format_error(bytes: &[u8], says: &str) {
    let problem = malformed(bytes, "header");
    assert!(matches!(&problem, Problem::Format(text) if text.contains(says)), "{problem} and not {says}");
}

#[test]
fn files_are_written_in_the_canonical_form() {
    let bytes = write(&tensors());
    assert_eq!(bytes, file(HEADER, &DATA));
    assert_eq!(read(FILE, &bytes).unwrap(), tensors());
    let none = Tensors::new();
    assert_eq!(write(&none), file("{}", &[]));
    assert_eq!(read(FILE, &write(&none)).unwrap(), none);
}

#[test]
fn every_type_and_shape_is_read_as_written() {
    let tensors = Tensors::from([
        ("".into(), Tensor::u32(&[], vec![u32::MAX])),
        ("Z".into(), Tensor::f32(&[1, 2, 3], vec![0.0, -0.0, 1e-45, f32::MAX, f32::INFINITY, -1.0])),
        ("a \"quoted\" name\\ \n \u{1} ü".into(), Tensor::i8(&[3], vec![-128, 0, 127])),
        ("empty".into(), Tensor::f32(&[4, 0], vec![])),
        ("z".into(), Tensor::u8(&[1], vec![255])),
    ]);
    let bytes = write(&tensors);
    assert_eq!(read(FILE, &bytes).unwrap(), tensors);
    let theirs = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(theirs.len(), tensors.len());
    for (name, tensor) in &tensors {
        let view = theirs.tensor(name).unwrap();
        assert_eq!(view.data(), tensor.bytes());
        assert_eq!(view.dtype().to_string(), tensor.dtype().name());
        assert!(view.shape().iter().map(|size| *size as u64).eq(tensor.shape.iter().copied()));
    }
}

#[test]
fn a_nan_keeps_its_bits() {
    let bytes = file(HEADER, &[1, 0, 160, 127, 255, 255, 255, 255, 1, 2, 3]);
    assert_eq!(write(&read(FILE, &bytes).unwrap()), bytes);
}

#[test]
fn a_file_without_a_whole_length_is_refused() {
    for end in 0..8 {
        let problem = malformed(&file(HEADER, &DATA)[..end], "header");
        assert!(matches!(problem, Problem::Truncated { expected: 8, got } if got == end as u64), "{problem}");
    }
}

#[test]
fn a_header_longer_than_the_file_is_refused() {
    let bytes = file(HEADER, &DATA);
    let mut longer = bytes.clone();
    let length = bytes.len() as u64 - 7;
    longer[..8].copy_from_slice(&length.to_le_bytes());
    let problem = malformed(&longer, "header");
    assert!(matches!(problem, Problem::Truncated { expected, got } if expected == got + 1), "{problem}");
    for length in [MAX_BYTES + 1, 1 << 32, u64::MAX - 7, u64::MAX] {
        longer[..8].copy_from_slice(&length.to_le_bytes());
        let problem = malformed(&longer, "header");
        assert!(matches!(problem, Problem::Limit { limit: 16_777_216, got } if got == length), "{problem}");
    }
    longer[..8].copy_from_slice(&MAX_BYTES.to_le_bytes());
    let problem = malformed(&longer, "header");
    assert!(matches!(problem, Problem::Truncated { expected: 16_777_224, .. }), "{problem}");
}

#[test]
fn every_truncation_is_refused() {
    let bytes = file(HEADER, &DATA);
    for end in 0..bytes.len() {
        assert!(read(FILE, &bytes[..end]).is_err(), "{end}");
        assert!(Source::new(FILE.into(), bytes[..end].to_vec()).is_err(), "{end}");
    }
}

#[test]
fn offsets_that_leave_gaps_or_overlap_are_refused() {
    for offsets in ["[7,10]", "[0,3]", "[9,12]", "[11,8]", "[8,10]", "[8,18446744073709551615]"] {
        let field =
            if offsets == "[0,3]" { "tensor \"a\", data_offsets" } else { "tensor \"b\", data_offsets" };
        mismatch(&with("[8,11]", offsets), field);
    }
    for offsets in ["[8,18446744073709551616]", "[-8,3]", "[8]", "[8,11,11]", "[8.0,11]", "8"] {
        format_error(&with("[8,11]", offsets), "tensor \"b\"");
    }
}

#[test]
fn offsets_beyond_the_file_are_refused() {
    let header = HEADER.replace("[3]", "[4]").replace("[8,11]", "[8,12]");
    let problem = malformed(&file(&header, &DATA), "tensor \"b\", data_offsets");
    assert!(matches!(problem, Problem::Truncated { expected: 12, got: 11 }), "{problem}");
}

#[test]
fn a_type_that_lies_is_refused() {
    for dtype in ["F32", "U32", "I64", "F16", "F4"] {
        mismatch(&with("U8", dtype), "tensor \"b\", data_offsets");
    }
    for dtype in ["F31", "f32", "", "F32\\n"] {
        format_error(&with("U8", dtype), "tensor \"b\": unknown variant");
    }
}

#[test]
fn a_type_that_programs_do_not_have_is_refused() {
    for (dtype, shape) in [("I32", "[2]"), ("F16", "[4]"), ("F64", "[1]"), ("BOOL", "[8]"), ("F4", "[16]")] {
        let header = HEADER.replace("\"F32\",\"shape\":[2]", &format!("\"{dtype}\",\"shape\":{shape}"));
        let bytes = file(&header, &DATA);
        Source::new(FILE.into(), bytes.clone()).unwrap();
        let problem = refused(read(FILE, &bytes), FILE, "tensor \"a\", dtype");
        assert!(matches!(&problem, Problem::Mismatch { got, .. } if got == dtype), "{problem}");
    }
}

#[test]
fn a_shape_that_lies_is_refused() {
    for shape in ["[2]", "[4]", "[]", "[0]", "[3,2]", "[2305843009213693951]"] {
        mismatch(&with("[3]", shape), "tensor \"b\", data_offsets");
    }
    for shape in ["[4294967296,4294967296]", "[18446744073709551615]", "[18446744073709551615,3,0]"] {
        let problem = malformed(&with("[3]", shape), "tensor \"b\", shape");
        assert!(matches!(problem, Problem::Limit { .. }), "{problem}");
    }
    for shape in ["[-3]", "[3.0]", "[18446744073709551616]", "3", "[[3]]", "null"] {
        format_error(&with("[3]", shape), "tensor \"b\"");
    }
}

#[test]
fn a_name_that_is_there_twice_is_refused() {
    for name in ["\"a\":", "\"\\u0061\":"] {
        let problem = malformed(&with("\"b\":", name), "tensor \"a\"");
        assert!(matches!(problem, Problem::Duplicate), "{problem}");
    }
}

#[test]
fn bytes_after_the_data_are_refused() {
    mismatch(&file(HEADER, &[&DATA[..], &[0]].concat()), "data");
    mismatch(&file("{}", &[0]), "data");
}

#[test]
fn a_header_that_is_no_json_in_utf_8_is_refused() {
    for header in [
        "",
        "{",
        "[]",
        "null",
        "{\"a\":1}",
        "{\"a\":{}}",
        "{}{}",
        "{\"a\":{\"dtype\":\"F32\"}}",
        "\u{feff}{}",
    ] {
        format_error(&file(header, &[]), "");
    }
    let mut bytes = file(HEADER, &DATA);
    bytes[10] = 0xff;
    format_error(&bytes, "unicode");
    let deep = "[".repeat(1 << 20);
    format_error(&file(&format!("{{\"a\":{deep}"), &[]), "tensor \"a\"");
}

#[test]
fn metadata_is_for_others() {
    not_canonical(&with("{\"a\"", "{\"__metadata__\":{\"format\":\"pt\"},\"a\""), 2);
    not_canonical(&with("[8,11]}}", "[8,11]},\"__metadata__\":{}}"), HEADER.len() - 1);
    assert!(read(FILE, &write(&Tensors::from([("__metadata__".into(), Tensor::u8(&[1], vec![0]))]))).is_err());
}

#[test]
fn another_form_is_for_others() {
    not_canonical(&with("{\"a\":", "{ \"a\":"), 1);
    not_canonical(&with("\"a\"", "\"\\u0061\""), 2);
    not_canonical(&with("[3],", "[3],\"more\":[{}],"), HEADER.find("[3],").unwrap() + 5);
    let array = with("{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[8,11]}", "[\"U8\",[3],[8,11]]");
    not_canonical(&array, HEADER.find("{\"dtype\":\"U8\"").unwrap());
    let deep = format!("[3],\"more\":{}{},", "[".repeat(1 << 20), "]".repeat(1 << 20));
    not_canonical(&with("[3],", &deep), HEADER.find("[3],").unwrap() + 5);
}

#[test]
fn another_padding_is_for_others() {
    let padded = HEADER.len().next_multiple_of(8);
    assert_ne!(padded, HEADER.len());
    not_canonical(&raw(HEADER.as_bytes(), &DATA), HEADER.len());
    not_canonical(&raw(format!("{HEADER:<width$}", width = padded + 8).as_bytes(), &DATA), padded);
    let tabs = HEADER.to_string() + &"\t".repeat(padded - HEADER.len());
    not_canonical(&raw(tabs.as_bytes(), &DATA), HEADER.len());
}

#[test]
fn another_order_is_for_others() {
    let (a, b) = (
        r#""a":{"dtype":"U8","shape":[1],"data_offsets":"#,
        r#""b":{"dtype":"U8","shape":[1],"data_offsets":"#,
    );
    read(FILE, &file(&format!("{{{a}[0,1]}},{b}[1,2]}}}}"), &[1, 2])).unwrap();
    not_canonical(&file(&format!("{{{b}[1,2]}},{a}[0,1]}}}}"), &[1, 2]), 2);
    not_canonical(&file(&format!("{{{a}[1,2]}},{b}[0,1]}}}}"), &[1, 2]), 1 + a.len() + 1);
}

#[test]
fn over_65_536_tensors_are_refused() {
    let empty = |count: usize| {
        let entry = |i| format!("\"{i:05}\":{{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}");
        let entries: Vec<String> = (0..count).map(entry).collect();
        file(&format!("{{{}}}", entries.join(",")), &[])
    };
    assert_eq!(read(FILE, &empty(65_536)).unwrap().len(), 65_536);
    let problem = malformed(&empty(65_537), "number of tensors");
    assert!(matches!(problem, Problem::Limit { limit: 65_536, got: 65_537 }), "{problem}");
}

/// A file with one tensor.
fn source(dtype: &str, shape: &str, data: &[u8]) -> Source {
    let end = data.len();
    let header = format!("{{\"x\":{{\"dtype\":\"{dtype}\",\"shape\":{shape},\"data_offsets\":[0,{end}]}}}}");
    Source::new(FILE.into(), raw(header.as_bytes(), data)).unwrap()
}

#[test]
fn floats_of_other_files_are_widened_exactly() {
    // The smallest normal number and the smallest of all come last.
    let values = [0.0, -0.0, 1.0, -2.5, 65_504.0, f32::from_bits(0x3880_0000), f32::from_bits(0x3380_0000)];
    let bits = |values: Vec<f32>| values.into_iter().map(f32::to_bits).collect::<Vec<_>>();
    let halves: Vec<u8> = values.iter().flat_map(|x| f16::from_f32(*x).to_le_bytes()).collect();
    let found = source("F16", "[7,1]", &halves).float("x", &[7, 1]).unwrap();
    assert_eq!(bits(found), bits(values.into()));
    let values = [0.0, -0.0, 1.0, -2.5, f32::from_bits(0x7F7F_0000), f32::from_bits(0x0001_0000)];
    let brains: Vec<u8> = values.iter().flat_map(|x| bf16::from_f32(*x).to_le_bytes()).collect();
    let found = source("BF16", "[6]", &brains).float("x", &[6]).unwrap();
    assert_eq!(bits(found), bits(values.into()));
    let words: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
    let found = source("F32", "[2,3]", &words).float("x", &[2, 3]).unwrap();
    assert_eq!(bits(found), bits(values.into()));
}

#[test]
fn other_tensors_of_other_files_are_refused() {
    let source_of_f32 = source("F32", "[2]", &DATA[..8]);
    assert!(source_of_f32.names().eq(["x"]));
    let missing = refused(source_of_f32.float("y", &[2]), FILE, "tensor \"y\"");
    assert!(matches!(missing, Problem::Missing), "{missing}");
    for shape in [&[1][..], &[3], &[2, 1], &[]] {
        let problem = refused(source_of_f32.float("x", shape), FILE, "tensor \"x\"");
        assert!(matches!(problem, Problem::Mismatch { .. }), "{problem}");
    }
    for dtype in ["I64", "F64", "U64"] {
        let problem = refused(source(dtype, "[1]", &DATA[..8]).float("x", &[1]), FILE, "tensor \"x\"");
        assert!(matches!(&problem, Problem::Mismatch { got, .. } if got == dtype), "{problem}");
    }
}

#[test]
fn floats_of_other_files_that_are_not_finite_are_refused() {
    let cases = [
        ("F32", vec![0, 0, 0, 0, 0, 0, 192, 127]),
        ("F32", vec![0, 0, 0, 0, 0, 0, 128, 255]),
        ("F16", vec![0, 0, 0, 124]),
        ("BF16", vec![0, 0, 128, 127]),
    ];
    for (dtype, data) in cases {
        let problem = refused(source(dtype, "[2]", &data).float("x", &[2]), FILE, "tensor \"x\"");
        assert!(matches!(problem, Problem::NotFinite(1)), "{problem}");
    }
}

/// The file is too large to be read to its end. It is sparse, so it takes no room on the disk.
#[test]
fn a_file_is_refused_by_its_header_before_the_rest_is_read() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("model.safetensors");
    let cases = [
        (vec![], "header"),
        (MAX_BYTES.to_le_bytes().to_vec(), "header"),
        (u64::MAX.to_le_bytes().to_vec(), "header"),
        (file(HEADER, &DATA), "data"),
        (with("[3]", "[4]"), "tensor \"b\", data_offsets"),
        (with("\"b\"", "\"a\""), "tensor \"a\""),
    ];
    for (start, field) in cases {
        fs::write(&path, &start).unwrap();
        fs::File::options().write(true).open(&path).unwrap().set_len(MAX_BLOB).unwrap();
        refused(Source::open(&path), &path.display().to_string(), field);
    }
}

#[test]
fn a_file_that_cannot_be_read_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("model.safetensors");
    let problem = refused(Source::open(&missing), &missing.display().to_string(), "contents");
    assert!(matches!(problem, Problem::Io(_)), "{problem}");
    let problem =
        refused(Source::open(directory.path()), &directory.path().display().to_string(), "contents");
    assert!(matches!(problem, Problem::Format(_)), "{problem}");
    let endless = Path::new("/dev/zero");
    if endless.exists() {
        let problem = refused(Source::open(endless), "/dev/zero", "contents");
        assert!(matches!(problem, Problem::Format(_)), "{problem}");
    }
    fs::write(&missing, write(&tensors())).unwrap();
    assert_eq!(Source::open(&missing).unwrap().float("a", &[2]).unwrap(), [1.0, -2.0]);
}
