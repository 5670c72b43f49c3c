//! Text to token ids and back: on the requester's side only, since programs take and give ids.

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::path::Path;

use serde_json::Value;
use tokenizers::processors::PostProcessorWrapper;
use tokenizers::{PostProcessor, TruncationDirection};

use crate::error::{Invalid, Problem};
use crate::package::read_file;
use crate::root::Hash;

/// Most bytes of a `tokenizer.json`: those of vocabularies of a million tokens have half as many.
const MAX_BYTES: u64 = 64 << 20;

/// A `tokenizer.json`. What it says of truncation and padding is ignored: the caller truncates, nobody pads.
pub struct Tokenizer {
    file: String,
    hash: Hash,
    /// Without the step that adds special tokens, so that text is cut before it.
    words: tokenizers::Tokenizer,
    /// That step.
    special: Option<PostProcessorWrapper>,
}

impl Tokenizer {
    /// Reads a file.
    pub fn open(path: &Path) -> Result<Self, Invalid> {
        let file = path.display().to_string();
        let bytes = read_file(path, |size| Problem::limit(MAX_BYTES, size))?;
        let mut words = contained(|| parse(&bytes)).map_err(|problem| problem.at(&file, "contents"))?;
        let special = words.get_post_processor().cloned();
        words.with_post_processor(None::<PostProcessorWrapper>);
        Ok(Self { file, hash: *blake3::hash(&bytes).as_bytes(), words, special })
    }

    /// Reads the one of a model's directory, whose ids must be below the model's `vocabulary`.
    pub(super) fn of_model(directory: &Path, vocabulary: u64) -> Result<Self, Invalid> {
        let tokenizer = Self::open(&directory.join("tokenizer.json"))?;
        Problem::limit(vocabulary, tokenizer.vocabulary())
            .map_err(|problem| problem.at(&tokenizer.file, "vocabulary"))?;
        Ok(tokenizer)
    }

    /// BLAKE3 of the file: what a manifest names it by.
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// The ids of its tokens are below this.
    pub fn vocabulary(&self) -> u64 {
        self.words.get_vocab(true).into_values().max().map_or(0, |id| u64::from(id) + 1)
    }

    /// The ids of a text with the special tokens around it. A text that gives more than `max_tokens` with them is cut
    /// at its end; the special tokens stay.
    pub fn encode(&self, text: &str, max_tokens: usize) -> Result<Vec<u32>, Invalid> {
        let around = self.special.as_ref().map_or(0, |special| special.added_tokens(false));
        let Some(room) = max_tokens.checked_sub(around) else {
            let problem = Problem::mismatch(format!("at least {around}, its special tokens"), max_tokens);
            return Err(problem.at(&self.file, "tokens of a text"));
        };
        let ids = contained(|| {
            let mut encoding = self.words.encode_fast(text, false)?;
            encoding.truncate(room, 0, TruncationDirection::Right);
            if let Some(special) = &self.special {
                encoding = special.process(encoding, None, true)?;
            }
            Ok(encoding.get_ids().to_vec())
        });
        ids.map_err(|problem| problem.at(&self.file, "encoding of a text"))
    }

    /// The text of ids, without special tokens and ids that it does not have.
    pub fn decode(&self, ids: &[u32]) -> Result<String, Invalid> {
        contained(|| self.words.decode(ids, true))
            .map_err(|problem| problem.at(&self.file, "decoding of a text"))
    }
}

/// By way of a [`Value`]: where some crate turns on `arbitrary_precision` of `serde_json`, numbers of untagged enums, such
/// as the ids of special tokens, can't be read from text.
fn parse(bytes: &[u8]) -> tokenizers::Result<tokenizers::Tokenizer> {
    let mut json: Value = serde_json::from_slice(bytes)?;
    if let Some(fields) = json.as_object_mut() {
        fields.remove("truncation");
        fields.remove("padding");
    }
    Ok(serde_json::from_value(json)?)
}

/// The crate panics on some files, when it reads them or later: on a template with a token that is not defined, say.
fn contained<T>(work: impl FnOnce() -> tokenizers::Result<T>) -> Result<T, Problem> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(|error| Problem::Format(error.to_string())),
        Err(_) => Err(Problem::Format("makes the tokenizers crate panic".into())),
    }
}
