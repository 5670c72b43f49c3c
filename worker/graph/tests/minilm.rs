//! A real model, all-MiniLM-L6-v2, as a program of exact-v1: is it as good as in floats? Its weights are fetched by
//! scripts/fetch-minilm; without them these tests fail.
#![allow(clippy::disallowed_methods, reason = "the measure is in float64")]

mod float_bert;
mod float_products;

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

/// Files that Debian's package base-files, which is essential, puts into [`TEXTS`], with BLAKE3 of those of Debian 12.
const FILES: [(&str, &str); 14] = [
    ("Apache-2.0", "83cb3a2fcf829b6138e095b083016c34ddcdfa07b68d38782722c14fcf85ace6"),
    ("Artistic", "e71be22c2699eb3c452cd1bcef98b0a46e7fd31b62a27210da66316cb694a831"),
    ("BSD", "f0c9dc68a5e80be2b76fdc197c40bac79045d6a743778665c1bf42cf41132df9"),
    ("CC0-1.0", "b7a6a1ef44aa3647db780392b4fa023c613fd9fa482678bb7a729e5fe385ca00"),
    ("GFDL-1.2", "433c6e520e1e96bb7a0e4ed60e58faef5d7010754e7c28563fabe3ec1ce9f996"),
    ("GFDL-1.3", "62665fb1757988af5db701810f512456fbd0ea2c8317d1c3b249247f15e24b36"),
    ("GPL-1", "0290c1e31fd80b33e1f6eac4677c45eddb2de910700cc8647e4a079ac2f09a2a"),
    ("GPL-2", "5886b01395916aaa9c9857f7365778ddc4fde3108a794211b61ae3b5afb22bcc"),
    ("GPL-3", "9531546decbed2aa21abd964d148ded0bbd272d98b13698629883de3abfa9b30"),
    ("LGPL-2", "99e1825fcbc7f0fb99bf12af7f0319fddd293c87440528e42985dc6e20776063"),
    ("LGPL-2.1", "3656891afc85e58f6a2167e395cd0d10cfa14677a4a3b0886e606020399bc249"),
    ("LGPL-3", "dbdd263824e5f6350ef959ec92a059900dc3498d29383c488d0811bc7f180a8c"),
    ("MPL-1.1", "011caa6763750dc544d20fd67841b09a51d750ce16b66cf05dc09bc1b6d156d1"),
    ("MPL-2.0", "0bf594418f6bfc3add122ef82b0a104af3976278d007bb0062e4e52a09797e2f"),
];
const TEXTS: &str = "/usr/share/common-licenses";

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
struct Exact<'a> {
    program: &'a Program,
    weights: Weights<'a>,
}

fn import(directory: &Path) -> Program {
    Program::load("minilm", &bert(directory, CONTEXT as u64).unwrap()).unwrap()
}

impl<'a> Exact<'a> {
    fn new(program: &'a Program) -> Self {
        Self { program, weights: program.weights().unwrap() }
    }

    fn embed(&self, backend: &dyn Backend, ids: &[u32]) -> Vec<f32> {
        let executor = Executor { graph: &self.program.graph, weights: &self.weights, backend };
        let mut unit = executor.unit(ids.len()).unwrap();
        executor.run(&mut unit, ids, &mut ()).unwrap()
    }
}

/// Sentences of 30 to 400 bytes of the files that are there as we know them, each once, in the order in which they come
/// first.
fn corpus() -> Vec<String> {
    let (mut sentences, mut seen, mut others) = (Vec::new(), HashSet::new(), Vec::new());
    for (name, expected) in FILES {
        let bytes = fs::read(Path::new(TEXTS).join(name)).unwrap_or_default();
        if blake3::hash(&bytes).to_hex().as_str() != expected {
            others.push(name);
            continue;
        }
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
    let count = sentences.len();
    assert!(count >= LEAST_SENTENCES, "{count} sentences: in {TEXTS}, missing or different are {others:?}");
    println!("corpus: {count} sentences; missing or different are {others:?}");
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
    let tokenizer = Tokenizer::open(&directory.join("tokenizer.json")).unwrap();
    let units: Vec<Vec<u32>> = corpus.iter().map(|text| tokenizer.encode(text, CONTEXT).unwrap()).collect();
    let float = FloatBert::open(&directory).embed_all(&units);
    let program = import(&directory);
    let exact = Exact::new(&program);
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
    let program = import(&directory);
    let exact = Exact::new(&program);
    let corpus = corpus();
    let long = corpus.join(" ");
    let mut backends: Vec<Box<dyn Backend>> = vec![Box::new(Cpu::new(CpuPath::Scalar, 1).unwrap())];
    for (path, threads) in
        [(CpuPath::Scalar, 2), (CpuPath::Avx2, 1), (CpuPath::Avx2, 7), (CpuPath::Vnni, 1), (CpuPath::Vnni, 2)]
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
