//! A real model, all-MiniLM-L6-v2, as a program of exact-v1: is it as good as in floats? Its weights are fetched by
//! scripts/fetch-minilm; without them these tests fail.
#![allow(clippy::disallowed_methods, reason = "the measure is in float64")]

mod float_bert;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::{env, fs};

use assay_exec::{Backend, Cpu, Path as CpuPath, Reference};
use assay_graph::forward::Executor;
use assay_graph::import::{bert, Tokenizer};
use assay_graph::program::Program;
use assay_graph::weights::Weights;
use float_bert::FloatBert;

/// Of the program, as sentence-transformers cuts texts for this model.
const CONTEXT: usize = 256;
const SENTENCES: usize = 600;
const LEAST_SENTENCES: usize = 500;
/// The corpus of Debian 12. Editions elsewhere differ in a few sentences, which the gate is not sensitive to.
const CORPUS: &str = "d676fdaeec14d3a0e2922a316d7fe92e8cdd25fe509421c6bf64894da3938e74";

/// What Debian's package base-files, which is essential, puts into `/usr/share/common-licenses`.
const TEXTS: [&str; 14] = [
    "Apache-2.0",
    "Artistic",
    "BSD",
    "CC0-1.0",
    "GFDL-1.2",
    "GFDL-1.3",
    "GPL-1",
    "GPL-2",
    "GPL-3",
    "LGPL-2",
    "LGPL-2.1",
    "LGPL-3",
    "MPL-1.1",
    "MPL-2.0",
];

/// Two texts, and where their embeddings start, as the model's authors publish them.
const PUBLISHED: [(&str, [f64; 3]); 2] = [
    ("This is an example sentence", [0.0677, 0.0635, 0.0487]),
    ("Each sentence is converted", [0.0864, 0.1028, 0.0054]),
];

fn directory() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let default = target.join("models/all-MiniLM-L6-v2");
    let directory = env::var_os("ASSAY_MINILM").map_or(default, PathBuf::from);
    let there = directory.join("model.safetensors").is_file();
    assert!(there, "no model in {}: run scripts/fetch-minilm", directory.display());
    directory
}

/// The program, ready to run.
struct Exact {
    program: Program,
    weights: Weights,
}

impl Exact {
    fn import(directory: &Path) -> Self {
        let package = bert(directory, CONTEXT as u64).unwrap();
        let program = Program::load("minilm", &package).unwrap();
        Self { weights: program.weights().unwrap(), program }
    }

    fn embed(&self, backend: &dyn Backend, ids: &[u32]) -> Vec<f32> {
        let executor = Executor { graph: &self.program.graph, weights: &self.weights, backend };
        let mut unit = executor.unit(ids.len()).unwrap();
        executor.run(&mut unit, ids, &mut ()).unwrap()
    }
}

/// Sentences of 30 to 400 bytes, each once, in the order in which they come first.
fn corpus() -> Vec<String> {
    let (mut sentences, mut seen) = (Vec::new(), HashSet::new());
    for name in TEXTS {
        let path = Path::new("/usr/share/common-licenses").join(name);
        let Ok(bytes) = fs::read(&path) else { continue };
        for paragraph in paragraphs(&String::from_utf8_lossy(&bytes)) {
            for sentence in split(&paragraph) {
                let fits = (30..=400).contains(&sentence.len()) && sentence.starts_with(char::is_uppercase);
                if fits && seen.insert(sentence.clone()) {
                    sentences.push(sentence);
                }
            }
        }
    }
    sentences.truncate(SENTENCES);
    sentences
}

/// The words of what stands between blank lines.
fn paragraphs(text: &str) -> Vec<Vec<&str>> {
    let lines: Vec<Vec<&str>> = text.split('\n').map(|line| line.split_whitespace().collect()).collect();
    lines.split(|words| words.is_empty()).map(|lines| lines.concat()).collect()
}

/// A sentence ends with a full stop, or the like, before a capital letter or the paragraph's end.
fn split(words: &[&str]) -> Vec<String> {
    let mut sentences = Vec::new();
    let mut start = 0;
    for end in 1..=words.len() {
        let stops = words[end - 1].ends_with(['.', '!', '?']);
        if stops && words.get(end).is_none_or(|next| next.starts_with(char::is_uppercase)) {
            sentences.push(words[start..end].join(" "));
            start = end;
        }
    }
    sentences
}

fn cosine(a: &[f64], b: &[f64]) -> f64 {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

/// For each embedding the other one that is most like it.
fn neighbours(embeddings: &[Vec<f64>]) -> Vec<usize> {
    let likeness = |a: usize, b: usize| cosine(&embeddings[a], &embeddings[b]);
    let all = 0..embeddings.len();
    let nearest = |a: usize| {
        let others = all.clone().filter(|b| *b != a);
        others.max_by(|b, c| likeness(a, *b).total_cmp(&likeness(a, *c))).unwrap()
    };
    all.clone().map(nearest).collect()
}

fn widen(x: Vec<f32>) -> Vec<f64> {
    x.into_iter().map(f64::from).collect()
}

#[test]
fn float_model_gives_the_published_embeddings() {
    for (x, expected) in [(0.5, 0.5204998778), (-1.0, -0.8427007929), (2.0, 0.9953222650), (0.0, 0.0)] {
        assert!((float_bert::erf(x) - expected).abs() < 2e-7, "erf({x})");
    }
    let directory = directory();
    let tokenizer = Tokenizer::open(&directory.join("tokenizer.json")).unwrap();
    let model = FloatBert::open(&directory);
    for (text, expected) in PUBLISHED {
        let embedding = model.embed(&tokenizer.encode(text, CONTEXT).unwrap());
        for (got, expected) in embedding.iter().zip(expected) {
            assert!((got - expected).abs() < 1e-4, "{text:?}: {got}, not {expected}");
        }
    }
}

#[test]
fn exact_model_is_as_good_as_the_float_model() {
    let directory = directory();
    let corpus = corpus();
    let hash = blake3::hash(corpus.join("\n").as_bytes()).to_hex();
    let edition = if hash.as_str() == CORPUS { "that of Debian 12" } else { "another edition" };
    println!("corpus: {} sentences, {hash}, {edition}", corpus.len());
    assert!(corpus.len() >= LEAST_SENTENCES, "too few sentences in /usr/share/common-licenses");

    let tokenizer = Tokenizer::open(&directory.join("tokenizer.json")).unwrap();
    let units: Vec<Vec<u32>> = corpus.iter().map(|text| tokenizer.encode(text, CONTEXT).unwrap()).collect();
    let float = FloatBert::open(&directory).embed_all(&units);
    let exact = Exact::import(&directory);
    let cpu = Cpu::new(CpuPath::best(), 0).unwrap();
    let exact: Vec<Vec<f64>> = units.iter().map(|ids| widen(exact.embed(&cpu, ids))).collect();

    let cosines: Vec<f64> = float.iter().zip(&exact).map(|(a, b)| cosine(a, b)).collect();
    let mean = cosines.iter().sum::<f64>() / cosines.len() as f64;
    let least = cosines.iter().copied().fold(1.0, f64::min);
    let pairs = neighbours(&float).into_iter().zip(neighbours(&exact));
    let same = pairs.filter(|(a, b)| a == b).count() as f64 / units.len() as f64;
    println!("cosine: mean {mean:.5}, least {least:.5}; same nearest neighbour: {:.1}%", 100.0 * same);
    assert!(mean >= 0.996, "mean cosine {mean}");
    assert!(least >= 0.99, "least cosine {least}");
    assert!(same >= 0.9, "same nearest neighbour {same}");
}

#[test]
fn every_path_and_number_of_threads_gives_the_same_bytes() {
    let directory = directory();
    let tokenizer = Tokenizer::open(&directory.join("tokenizer.json")).unwrap();
    let exact = Exact::import(&directory);
    let corpus = corpus();
    let long = corpus.join(" ");
    let mut backends: Vec<Box<dyn Backend>> = vec![Box::new(Cpu::new(CpuPath::Scalar, 1).unwrap())];
    for (path, threads) in [(CpuPath::Scalar, 2), (CpuPath::Avx2, 1), (CpuPath::Avx2, 2), (CpuPath::Avx2, 7)]
    {
        if path.is_available() {
            backends.push(Box::new(Cpu::new(path, threads).unwrap()));
        }
    }
    for text in ["", PUBLISHED[0].0, corpus[0].as_str(), corpus[300].as_str(), long.as_str()] {
        let ids = tokenizer.encode(text, CONTEXT).unwrap();
        let bits = |backend: &dyn Backend| -> Vec<u32> {
            exact.embed(backend, &ids).into_iter().map(f32::to_bits).collect()
        };
        let expected = bits(&Reference);
        for backend in &backends {
            assert!(bits(backend.as_ref()) == expected, "{} on {} tokens", backend.name(), ids.len());
        }
    }
}

#[test]
fn text_is_cut_to_the_context() {
    let tokenizer = Tokenizer::open(&directory().join("tokenizer.json")).unwrap();
    assert_eq!(tokenizer.encode(PUBLISHED[0].0, CONTEXT).unwrap(), [101, 2023, 2003, 2019, 2742, 6251, 102]);
    let long = tokenizer.encode(&"sentence ".repeat(300), CONTEXT).unwrap();
    assert_eq!((long.len(), long[0], long[254], long[255]), (CONTEXT, 101, 6251, 102));
}
