//! Specifications of jobs as JSON: with the same fields when they are given and when they are told.

use super::params::Class;
use crate::rpc::{
    answers::{Hex, Planck},
    params::wrong,
};
use assay_runtime::market::{self, JobSpec, ListedVersion, ListingId, MarketBlock};
use jsonrpsee::core::JsonValue;
use serde::{de::DeserializeOwned, Deserialize, Serialize};
use std::fmt::Display;

/// The fields of a specification.
const FIELDS: [&str; 12] = [
    "class",
    "program",
    "programBlob",
    "input",
    "inputBlob",
    "outputBytes",
    "seed",
    "units",
    "machine",
    "priceCap",
    "deadline",
    "listing",
];

const DIGEST: &str = "0x and 64 hexadecimal digits";
const BLOB: &str = r#"{"blake3": 0x and 64 hexadecimal digits, "size": a number of bytes}"#;
const MACHINE: &str = r#"{"hardware": a number of 0 to 255, "memory": a number of 0 to 255}"#;
const AMOUNT: &str = "an amount in planck, as a string of decimal digits";
const LISTING: &str = r#"null or {"listing": a number, "version": a number}"#;

/// What a requester wants computed, and what for.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Spec {
    class: Class,
    program: Hex,
    program_blob: Blob,
    input: Hex,
    input_blob: Blob,
    /// Bound on the bytes of the outputs.
    output_bytes: u64,
    seed: Hex,
    /// In 10⁹ multiply-adds.
    units: u64,
    machine: Machine,
    /// The most that a unit may cost in one seat.
    price_cap: Planck,
    /// The block of the market clock.
    deadline: MarketBlock,
    listing: Option<Listed>,
}

impl From<JobSpec> for Spec {
    fn from(spec: JobSpec) -> Self {
        Self {
            class: Class(spec.class),
            program: Hex(spec.program),
            program_blob: spec.program_blob.into(),
            input: Hex(spec.input),
            input_blob: spec.input_blob.into(),
            output_bytes: spec.output_bytes,
            seed: Hex(spec.seed),
            units: spec.units,
            machine: spec.machine.into(),
            price_cap: Planck(spec.price_cap),
            deadline: spec.deadline,
            listing: spec.listing.map(Into::into),
        }
    }
}

/// A specification that a caller gives.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "JsonValue")]
pub struct GivenSpec(pub JobSpec);

impl TryFrom<JsonValue> for GivenSpec {
    type Error = String;

    fn try_from(given: JsonValue) -> Result<Self, String> {
        let fields = Fields::of(&given)?;
        let digest = |field| fields.read::<Hex>(field, DIGEST).map(|digest| digest.0);
        let blob = |field| fields.read::<Blob>(field, BLOB).map(market::BlobRef::from);
        let count = |field| fields.read::<u64>(field, up_to(u64::MAX));
        Ok(Self(JobSpec {
            class: fields.read::<Class>("class", Class::FORM)?.0,
            program: digest("program")?,
            program_blob: blob("programBlob")?,
            input: digest("input")?,
            input_blob: blob("inputBlob")?,
            output_bytes: count("outputBytes")?,
            seed: digest("seed")?,
            units: count("units")?,
            machine: fields.read::<Machine>("machine", MACHINE)?.into(),
            price_cap: fields.read::<Planck>("priceCap", AMOUNT)?.0,
            deadline: fields.read("deadline", up_to(MarketBlock::MAX))?,
            listing: fields.read::<Option<Listed>>("listing", LISTING)?.map(Into::into),
        }))
    }
}

fn up_to(max: impl Display) -> String {
    format!("a number of 0 to {max}")
}

/// The fields of an object that has none but those of a specification.
struct Fields<'a>(&'a JsonValue);

impl<'a> Fields<'a> {
    fn of(given: &'a JsonValue) -> Result<Self, String> {
        let all = FIELDS.join(", ");
        let Some(object) = given.as_object() else {
            return Err(wrong("spec", given, format!("an object with the fields {all}")));
        };
        match object.iter().find(|(field, _)| !FIELDS.contains(&field.as_str())) {
            Some((field, value)) => {
                Err(wrong(&format!("spec.{field}"), value, format!("left out: the fields are {all}")))
            }
            None => Ok(Self(given)),
        }
    }

    /// A field. None is an array, although the types of some would take one.
    fn read<T: DeserializeOwned>(&self, field: &str, form: impl Display) -> Result<T, String> {
        let name = format!("spec.{field}");
        let Some(given) = self.0.get(field) else { return Err(wrong(&name, &"missing", form)) };
        match T::deserialize(given) {
            Ok(value) if !given.is_array() => Ok(value),
            _ => Err(wrong(&name, given, form)),
        }
    }
}

/// Where content is.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Blob {
    blake3: Hex,
    /// How many bytes.
    size: u64,
}

impl From<market::BlobRef> for Blob {
    fn from(blob: market::BlobRef) -> Self {
        Self { blake3: Hex(blob.blake3), size: blob.size }
    }
}

impl From<Blob> for market::BlobRef {
    fn from(blob: Blob) -> Self {
        Self { blake3: blob.blake3.0, size: blob.size }
    }
}

/// What a job runs on.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// Hardware class.
    hardware: u8,
    /// Memory tier.
    memory: u8,
}

impl From<market::Machine> for Machine {
    fn from(machine: market::Machine) -> Self {
        Self { hardware: machine.hardware, memory: machine.memory }
    }
}

impl From<Machine> for market::Machine {
    fn from(machine: Machine) -> Self {
        Self { hardware: machine.hardware, memory: machine.memory }
    }
}

/// A version of a listing.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listed {
    listing: ListingId,
    version: u32,
}

impl From<ListedVersion> for Listed {
    fn from(listed: ListedVersion) -> Self {
        Self { listing: listed.listing, version: listed.version }
    }
}

impl From<Listed> for ListedVersion {
    fn from(listed: Listed) -> Self {
        Self { listing: listed.listing, version: listed.version }
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::rpc::params::tests::{refused, taken};
    use assay_runtime::market::JobClass;
    use serde_json::{json, to_value};

    /// A specification, no two fields of which are alike.
    pub fn spec() -> JobSpec {
        JobSpec {
            class: JobClass::ExactV1,
            program: [1; 32],
            program_blob: market::BlobRef { blake3: [2; 32], size: 300 },
            input: [3; 32],
            input_blob: market::BlobRef { blake3: [4; 32], size: 400 },
            output_bytes: 64,
            seed: [5; 32],
            units: 1_000,
            machine: market::Machine { hardware: 1, memory: 2 },
            price_cap: 2_000_000,
            deadline: 900,
            listing: Some(ListedVersion { listing: 7, version: 1 }),
        }
    }

    /// 32 equal bytes, as they are told.
    pub fn hex(byte: u8) -> String {
        format!("0x{}", format!("{byte:02x}").repeat(32))
    }

    /// How that specification is told.
    pub fn json() -> JsonValue {
        json!({
            "class": "exact-v1",
            "program": hex(1),
            "programBlob": { "blake3": hex(2), "size": 300 },
            "input": hex(3),
            "inputBlob": { "blake3": hex(4), "size": 400 },
            "outputBytes": 64,
            "seed": hex(5),
            "units": 1_000,
            "machine": { "hardware": 1, "memory": 2 },
            "priceCap": "2000000",
            "deadline": 900,
            "listing": { "listing": 7, "version": 1 },
        })
    }

    /// What is answered to the specification with another value in one field.
    fn refused_with(field: &str, value: JsonValue) -> String {
        let mut given = json();
        given[field] = value;
        refused::<GivenSpec>(&given.to_string())
    }

    #[test]
    fn a_specification_is_told_field_by_field_and_taken_as_it_is_told() {
        assert_eq!(to_value(Spec::from(spec())).unwrap(), json());
        assert_eq!(taken::<GivenSpec>(&json().to_string()), GivenSpec(spec()));
        let unlisted = JobSpec { listing: None, ..spec() };
        let told = to_value(Spec::from(unlisted)).unwrap();
        assert_eq!(told["listing"], JsonValue::Null);
        assert_eq!(taken::<GivenSpec>(&told.to_string()), GivenSpec(unlisted));
    }

    #[test]
    fn the_fields_are_those_that_are_told() {
        let told = json();
        let mut told: Vec<_> = told.as_object().unwrap().keys().cloned().collect();
        let mut fields = FIELDS.map(String::from).to_vec();
        told.sort();
        fields.sort();
        assert_eq!(told, fields);
    }

    #[test]
    fn each_field_has_to_be_there() {
        for field in FIELDS {
            let mut given = json();
            given.as_object_mut().unwrap().remove(field);
            let refusal = refused::<GivenSpec>(&given.to_string());
            assert!(
                refusal.starts_with(&format!("spec.{field} is missing, and has to be ")),
                "{field}: {refusal}"
            );
        }
    }

    #[test]
    fn each_field_is_refused_by_its_name_its_value_and_its_form() {
        for (field, value, form) in [
            ("class", json!("exact-v2"), r#""exact-v1""#),
            ("program", json!("0x01"), DIGEST),
            ("programBlob", json!({ "blake3": hex(2) }), BLOB),
            ("input", json!(hex(3).to_uppercase()), DIGEST),
            ("inputBlob", json!({ "blake3": hex(4), "size": 400, "name": "a" }), BLOB),
            ("outputBytes", json!("64"), "a number of 0 to 18446744073709551615"),
            ("seed", json!(5), DIGEST),
            ("units", json!(-1), "a number of 0 to 18446744073709551615"),
            ("machine", json!({ "hardware": 256, "memory": 2 }), MACHINE),
            ("priceCap", json!(2_000_000), AMOUNT),
            ("deadline", json!(4_294_967_296_u64), "a number of 0 to 4294967295"),
            ("listing", json!({ "listing": 7 }), LISTING),
        ] {
            let says = format!("spec.{field} is {value}, and has to be {form}");
            assert_eq!(refused_with(field, value), says);
        }
    }

    #[test]
    fn arrays_are_no_objects() {
        let says = format!("spec.machine is [1,2], and has to be {MACHINE}");
        assert_eq!(refused_with("machine", json!([1, 2])), says);
        let says = format!("spec.listing is [7,1], and has to be {LISTING}");
        assert_eq!(refused_with("listing", json!([7, 1])), says);
    }

    #[test]
    fn what_is_no_field_is_refused() {
        let says =
            format!("spec.colour is \"red\", and has to be left out: the fields are {}", FIELDS.join(", "));
        assert_eq!(refused_with("colour", json!("red")), says);
        for given in ["null", "7", "[]", "\"job\""] {
            let says =
                format!("spec is {given}, and has to be an object with the fields {}", FIELDS.join(", "));
            assert_eq!(refused::<GivenSpec>(given), says);
        }
    }
}
