//! Results as people read them: vectors, texts, checkpoints.

use crate::{error::CliError, runner::files::Published};
use assay_graph::{
    error::Invalid,
    import::Tokenizer,
    root::{entries, root, Domain},
    safetensors,
    tensor::{elements, Dtype, Tensor, Tensors},
};
use assay_primitives::Digest;
use codec::Decode;
use serde_json::{json, Value};
use std::path::Path;

/// Ids below this are bytes where nothing else is known of them.
const BYTES: u32 = 256;
/// Elements of a vector that are shown to people.
const SHOWN: usize = 4;

/// What a job gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Outputs {
    /// As it is published.
    pub published: Published,
    /// Of a generation, what its ids say.
    texts: Option<Vec<String>>,
}

/// How a result is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// An array of NumPy.
    Npy,
    /// Everything as JSON.
    Json,
    /// Texts, a line for each.
    Text,
    /// Everything, as it was published.
    Safetensors,
}

impl Format {
    /// The format that a file's name asks for.
    pub fn of(path: &Path) -> Result<Self, CliError> {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("npy") => Ok(Self::Npy),
            Some("json") => Ok(Self::Json),
            Some("txt") => Ok(Self::Text),
            Some("safetensors") => Ok(Self::Safetensors),
            _ => Err(CliError::Usage(format!(
                "--out {}: name a file that ends with .npy, .json, .txt or .safetensors",
                path.display()
            ))),
        }
    }
}

impl Outputs {
    /// Ids below 256 are bytes, until a tokenizer says something else.
    fn new(published: Published) -> Self {
        let text = |ids: &Vec<u32>| {
            let bytes: Option<Vec<u8>> = ids.iter().map(|id| (*id < BYTES).then_some(*id as u8)).collect();
            Some(String::from_utf8_lossy(&bytes?).into_owned())
        };
        let texts = generated(&published).and_then(|ids| ids.iter().map(text).collect());
        Self { published, texts }
    }

    /// Takes the texts of a generation from the tokenizer of its model.
    ///
    /// # Errors
    ///
    /// The tokenizer fails on some ids.
    pub fn decode(&mut self, tokenizer: &Tokenizer) -> Result<(), Invalid> {
        if let Some(sequences) = generated(&self.published) {
            self.texts = Some(sequences.iter().map(|ids| tokenizer.decode(ids)).collect::<Result<_, _>>()?);
        }
        Ok(())
    }

    /// Reads the file of a result, if it is that of a root.
    pub fn read(bytes: &[u8], expected: &Digest) -> Result<Self, String> {
        let published = Published::read("result", bytes).map_err(|invalid| invalid.to_string())?;
        let found = published.root();
        match found == *expected {
            true => Ok(Self::new(published)),
            false => Err(format!("the result has root 0x{}", hex::encode(found))),
        }
    }

    /// Reads a result that the chain itself has kept, if it is that of a root.
    pub fn read_inline(bytes: &[u8], expected: &Digest) -> Option<Self> {
        let listed = Vec::<(String, u8, Vec<u64>, Vec<u8>)>::decode(&mut &bytes[..]).ok()?;
        let tensor = |(name, dtype, shape, bytes): (String, u8, Vec<u64>, Vec<u8>)| {
            let all = [Dtype::F32, Dtype::I8, Dtype::U8, Dtype::U32];
            let dtype = all.into_iter().find(|known| *known as u8 == dtype)?;
            let size = elements(&shape)?.checked_mul(dtype.size() as u64)?;
            (size == bytes.len() as u64).then(|| (name, Tensor::from_bytes(dtype, &shape, &bytes)))
        };
        let tensors: Tensors = listed.into_iter().map(tensor).collect::<Option<_>>()?;
        let found = root(Domain::Result, entries(&tensors));
        (found == *expected).then(|| Self::new(Published::Outputs(tensors)))
    }

    /// The file of a format.
    ///
    /// # Errors
    ///
    /// The result has nothing that could be written so.
    pub fn write(&self, format: Format) -> Result<Vec<u8>, CliError> {
        let lacks = |what: &str| CliError::Usage(format!("the result has no {what}: {}", self.summary()));
        match (format, &self.published) {
            (Format::Json, _) => Ok(self.json().to_string().into_bytes()),
            (Format::Npy, Published::Outputs(tensors)) => {
                let array = ["embeddings", "losses"].into_iter().find_map(|name| tensors.get(name));
                array.and_then(npy).ok_or_else(|| lacks("vectors or losses"))
            }
            (Format::Text, Published::Outputs(_)) => {
                let texts = self.texts.as_ref().ok_or_else(|| lacks("texts (ids need --tokenizer)"))?;
                Ok(texts.iter().map(|text| format!("{text}\n")).collect::<String>().into_bytes())
            }
            (Format::Safetensors, Published::Outputs(tensors)) => Ok(safetensors::write(tensors)),
            (_, Published::Trap(_)) => Err(lacks("outputs")),
        }
    }

    /// For machines; of a checkpoint only its losses, since its parameters would be megabytes of text.
    pub fn json(&self) -> Value {
        match &self.published {
            Published::Trap(trap) => json!({ "trap": {
                "step": trap.step, "unit": trap.unit, "operator": trap.operator, "index": trap.index, "kind": trap.kind,
            } }),
            Published::Outputs(tensors) => {
                let shapes: Value =
                    tensors.iter().map(|(name, tensor)| (name.clone(), json!(tensor.shape))).collect();
                json!({
                    "shapes": shapes,
                    "embeddings": rows(tensors, "embeddings"),
                    "losses": tensors.get("losses").and_then(|losses| losses.as_f32().ok()),
                    "texts": self.texts,
                    "ids": sequences(tensors),
                })
            }
        }
    }

    /// In a few words.
    pub fn summary(&self) -> String {
        let tensors = match &self.published {
            Published::Trap(trap) => {
                let (step, unit, operator) = (trap.step, trap.unit, trap.operator);
                return format!("a trap in step {step}, unit {unit}, operator {operator}");
            }
            Published::Outputs(tensors) => tensors,
        };
        if let Some(Tensor { shape, .. }) = tensors.get("embeddings") {
            return format!("vectors, {shape:?}");
        }
        if let Some(losses) = tensors.get("losses").and_then(|losses| losses.as_f32().ok()) {
            let ends = losses.first().zip(losses.last());
            let ends = ends.map(|(first, last)| format!(", losses from {first:.3} to {last:.3}"));
            return format!("a checkpoint{}", ends.unwrap_or_default());
        }
        format!("{} sequences of ids", sequences(tensors).map_or(0, |sequences| sequences.len()))
    }

    /// What people want to see of it: texts, or how vectors begin.
    pub fn text(&self) -> String {
        if let Some(texts) = &self.texts {
            return texts.join("\n");
        }
        let Published::Outputs(tensors) = &self.published else { return String::new() };
        let begin = |row: &Vec<f32>| {
            let shown: Vec<_> = row.iter().take(SHOWN).map(|x| format!("{x:.4}")).collect();
            format!("{}{}\n", shown.join(" "), if row.len() > SHOWN { " …" } else { "" })
        };
        rows(tensors, "embeddings").unwrap_or_default().iter().map(begin).collect()
    }
}

/// The rows of a matrix.
fn rows(tensors: &Tensors, name: &str) -> Option<Vec<Vec<f32>>> {
    let tensor = tensors.get(name)?;
    let columns = usize::try_from(*tensor.shape.get(1)?).ok().filter(|columns| *columns > 0)?;
    Some(tensor.as_f32().ok()?.chunks(columns).map(<[f32]>::to_vec).collect())
}

/// The sequences of a result that has some.
fn generated(published: &Published) -> Option<Vec<Vec<u32>>> {
    match published {
        Published::Outputs(tensors) => sequences(tensors),
        Published::Trap(_) => None,
    }
}

/// What was generated after each prompt.
fn sequences(tensors: &Tensors) -> Option<Vec<Vec<u32>>> {
    let mut ids = tensors.get("ids")?.as_u32().ok()?;
    let mut cut = |length: &u32| {
        let (sequence, rest) = ids.split_at_checked(*length as usize)?;
        ids = rest;
        Some(sequence.to_vec())
    };
    tensors.get("lengths")?.as_u32().ok()?.iter().map(&mut cut).collect()
}

/// An array as NumPy writes it, version 1.0.
fn npy(tensor: &Tensor) -> Option<Vec<u8>> {
    const ALIGNMENT: usize = 64;
    const MAGIC: &[u8] = b"\x93NUMPY\x01\x00";
    tensor.as_f32().ok()?;
    let shape: String = tensor.shape.iter().map(|size| format!("{size}, ")).collect();
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}), }}", shape.trim_end());
    // Spaces and a line break behind it, so that the data are aligned.
    let start = MAGIC.len() + 2;
    let length = (start + header.len() + 1).next_multiple_of(ALIGNMENT) - start;
    let header = format!("{header:<width$}\n", width = length - 1);
    let length = u16::try_from(length).ok()?.to_le_bytes();
    Some([MAGIC, &length, header.as_bytes(), &tensor.bytes()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_graph::{error::Trap, job::Input};
    use codec::Encode;

    fn outputs(tensors: Tensors) -> Outputs {
        Outputs::new(Published::Outputs(tensors))
    }

    fn vectors() -> Outputs {
        outputs(Tensors::from([(
            "embeddings".into(),
            Tensor::f32(&[2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, -6.5]),
        )]))
    }

    #[test]
    fn a_result_of_another_root_is_refused() {
        let file = vectors().write(Format::Safetensors).unwrap();
        let root = vectors().published.root();
        assert_eq!(Outputs::read(&file, &root).unwrap(), vectors());
        let line = Outputs::read(&file, &[0; 32]).unwrap_err();
        assert_eq!(line, format!("the result has root 0x{}", hex::encode(root)));
        assert!(Outputs::read(b"nothing", &root).unwrap_err().starts_with("result: "));
    }

    #[test]
    fn a_result_on_the_chain_is_read_if_its_root_is_right() {
        let tensor = Tensor::f32(&[2], vec![1.5, 2.5]);
        let expected = outputs(Tensors::from([("losses".into(), tensor.clone())]));
        let root = expected.published.root();
        let file = vec![("losses".to_string(), 0u8, vec![2u64], tensor.bytes())].encode();
        assert_eq!(Outputs::read_inline(&file, &root), Some(expected));
        assert_eq!(Outputs::read_inline(&file, &[0; 32]), None);
        let wrong_size = vec![("losses".to_string(), 0u8, vec![3u64], tensor.bytes())].encode();
        assert_eq!(Outputs::read_inline(&wrong_size, &root), None);
        assert_eq!(Outputs::read_inline(b"\xff", &root), None);
    }

    #[test]
    fn vectors_are_written_for_numpy() {
        let file = vectors().write(Format::Npy).unwrap();
        assert_eq!(&file[..10], b"\x93NUMPY\x01\x00\x76\x00");
        assert!(file[10..].starts_with(b"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3,), }  "));
        assert_eq!(file[127], b'\n');
        assert_eq!(file.len(), 128 + 24);
        assert_eq!(file[148..152], (-6.5f32).to_le_bytes());
        assert!(vectors()
            .write(Format::Text)
            .unwrap_err()
            .line()
            .starts_with("the result has no texts (ids need --tokenizer): vectors, [2, 3]"));
    }

    #[test]
    fn bytes_are_shown_as_text() {
        let texts =
            outputs(Input::sequences(&[b"fox".map(u32::from).to_vec(), vec![0xc3, 0xa9], vec![0xff]]));
        assert_eq!(texts.texts.clone().unwrap(), ["fox", "é", "\u{fffd}"]);
        assert_eq!(texts.write(Format::Text).unwrap(), "fox\né\n\u{fffd}\n".as_bytes());
        let ids = outputs(Input::sequences(&[vec![5, 300]]));
        assert_eq!(ids.texts, None);
        assert_eq!(ids.json()["ids"], json!([[5, 300]]));
    }

    #[test]
    fn ids_are_read_by_the_tokenizer_of_their_model() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tokenizer.json");
        let file = r#"{"version":"1.0","truncation":null,"padding":null,"normalizer":null,"pre_tokenizer":null,
            "added_tokens":[{"id":2,"content":"</s>","single_word":false,"lstrip":false,"rstrip":false,
                "normalized":false,"special":true}],
            "post_processor":null,"decoder":{"type":"Fuse"},
            "model":{"type":"WordLevel","vocab":{"the ":300,"fox":301,"</s>":2},"unk_token":"fox"}}"#;
        std::fs::write(&path, file).unwrap();
        let tokenizer = Tokenizer::open(&path).unwrap();
        let mut texts = outputs(Input::sequences(&[vec![300, 301, 2], vec![301]]));
        assert_eq!(texts.texts, None);
        texts.decode(&tokenizer).unwrap();
        assert_eq!(texts.write(Format::Text).unwrap(), b"the fox\nfox\n");
        let mut vectors = vectors();
        vectors.decode(&tokenizer).unwrap();
        assert_eq!(vectors.texts, None);
    }

    #[test]
    fn losses_of_a_checkpoint_are_told() {
        let losses = Tensor::f32(&[3], vec![5.5, 4.0, 2.25]);
        let checkpoint = outputs(Tensors::from([("losses".into(), losses)]));
        assert_eq!(checkpoint.summary(), "a checkpoint, losses from 5.500 to 2.250");
        assert_eq!(checkpoint.json()["losses"], json!([5.5, 4.0, 2.25]));
    }

    #[test]
    fn a_trap_is_a_result_without_outputs() {
        let trap = Trap { step: 1, unit: 2, operator: 3, index: 4, kind: 0 };
        let trap = Outputs::new(Published::Trap(trap));
        assert_eq!(trap.json()["trap"]["operator"], 3);
        assert!(trap.write(Format::Npy).unwrap_err().line().contains("a trap in step 1, unit 2, operator 3"));
    }

    #[test]
    fn the_files_name_tells_the_format() {
        assert_eq!(Format::of(Path::new("a/b.npy")).unwrap(), Format::Npy);
        for name in ["b", "b.csv", ".npy"] {
            assert_eq!(Format::of(Path::new(name)).unwrap_err().exit_code(), 2, "{name}");
        }
    }
}
