//! Reads what calls of governance name: things that are curated, hashes of documents, bytes.

use super::propose::Bytes;
use crate::verbs::provider;
use assay_primitives::{Digest, JobClass, Subject};
use std::fs;

/// Reads a thing that can be curated, as in `listing:3`.
pub fn read(text: &str) -> Result<Subject, String> {
    let wrong = || format!("{text:?} is nothing to curate: write listing:3, machine:0:1 or class:exact-v1");
    let (kind, which) = text.split_once(':').ok_or_else(wrong)?;
    match (kind, which) {
        ("listing", number) => number.parse().map(Subject::Listing).map_err(|_| wrong()),
        ("machine", numbers) => provider::machine(numbers).map(Subject::Machine),
        ("class", "exact-v1") => Ok(Subject::JobClass(JobClass::ExactV1)),
        _ => Err(wrong()),
    }
}

/// Reads a hash: `0x` and 64 digits.
pub fn hash(text: &str) -> Result<Digest, String> {
    let mut hash = [0; 32];
    let digits = text.strip_prefix("0x").unwrap_or_default();
    match hex::decode_to_slice(digits, &mut hash) {
        Ok(()) => Ok(hash),
        Err(_) => Err("a hash has 0x and 64 hexadecimal digits".into()),
    }
}

/// Reads the hash of a document: as [`hash`] does, or the name of a file, which is hashed with BLAKE3.
pub fn digest(text: &str) -> Result<Digest, String> {
    if text.starts_with("0x") {
        return hash(text);
    }
    let bytes = fs::read(text).map_err(|reason| format!("{text}: {reason}"))?;
    Ok(*blake3::hash(&bytes).as_bytes())
}

/// Reads bytes in hex, with or without `0x`.
pub fn bytes(text: &str) -> Result<Bytes, String> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    match hex::decode(digits) {
        Ok(bytes) if !bytes.is_empty() => Ok(bytes.into()),
        _ => Err("the bytes are to be hexadecimal digits, two for each byte".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_primitives::Machine;

    #[test]
    fn what_can_be_curated_is_read() {
        assert_eq!(read("listing:3"), Ok(Subject::Listing(3)));
        assert_eq!(read("machine:1:2"), Ok(Subject::Machine(Machine { hardware: 1, memory: 2 })));
        assert_eq!(read("class:exact-v1"), Ok(Subject::JobClass(JobClass::ExactV1)));
        for text in ["", "3", "listing:", "listing:x", "class:exact-v2", "job:3"] {
            assert!(read(text).unwrap_err().contains("write listing:3"), "{text}");
        }
        assert!(read("machine:x").unwrap_err().contains("as in 0:1"));
    }

    #[test]
    fn a_document_is_named_by_its_hash_or_as_a_file() {
        assert_eq!(digest(&format!("0x{}", "ab".repeat(32))), Ok([0xab; 32]));
        assert!(digest("0xab").unwrap_err().contains("64 hexadecimal digits"));
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("report");
        fs::write(&file, "why").unwrap();
        assert_eq!(digest(file.to_str().unwrap()), Ok(*blake3::hash(b"why").as_bytes()));
        assert!(digest("nowhere").unwrap_err().starts_with("nowhere: "));
        assert!(hash(file.to_str().unwrap()).unwrap_err().contains("64 hexadecimal digits"));
    }

    #[test]
    fn bytes_are_hexadecimal() {
        assert_eq!(bytes("0x0aff").unwrap().to_vec(), [10, 255]);
        assert_eq!(bytes("0aff").unwrap().to_vec(), [10, 255]);
        for text in ["", "0x", "0a f", "abc", "zz"] {
            assert!(bytes(text).is_err(), "{text}");
        }
    }
}
