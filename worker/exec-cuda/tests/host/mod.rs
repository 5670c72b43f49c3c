//! This machine's processor in place of a device, for tests: a process that has the kernels compiled by clang, and
//! memory of its own (`executor.cpp` and `asynchronous.cpp`, made by `build.py`). [`gpu`] is a [`Gpu`] like any other,
//! so the real launch functions run on it.
//!
//! The process fences and poisons what it gives, runs blocks and threads in an order of its own, and refuses arguments that
//! are not those of the kernel's parameters.

mod missed;
mod order;

use std::collections::BTreeMap;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use cudarc::driver::CudaStream;

use crate::device::{Capability, Device, GemmPath};
use crate::error::Fault;
use crate::gpu::{locked, Arg, Chunks, Gpu, Grid, Kernel, Machine, Queue, Recording, Room};
use crate::module::Module;
use order::{Had, Order};

/// The paths of products whose kernels this processor can run.
pub(crate) const PATHS: [GemmPath; 4] = [GemmPath::Dp4a, GemmPath::Mma, GemmPath::Wgmma, GemmPath::Bf16];

/// Few, so that kernels with a grid of so many blocks have to go round.
const PROCESSORS: u32 = 3;
const MEMORY: u64 = 4 << 30;
/// Small, so that operators' operands are copied by them too.
pub(crate) const CHUNKS: Chunks = Chunks { count: 3, bytes: 1 << 14 };
/// The number of an order or a wait that is left out where none is.
const NONE: usize = usize::MAX;

/// A device that is this processor, and what counts the kernels that it ran.
pub(crate) fn gpu(path: GemmPath) -> (Gpu, Arc<Host>) {
    let host = Arc::new(Host::start());
    // The one that has all of these paths.
    let (name, capability) = ("this machine's processor".into(), Capability::new(9, 0));
    let device = Device { index: 0, name, capability, memory: MEMORY, processors: PROCESSORS };
    (Gpu::on(host.clone(), device, path).unwrap(), host)
}

/// The process, how many kernels it ran, and what is being recorded.
#[derive(Debug)]
pub(crate) struct Host {
    process: Mutex<Process>,
    launches: AtomicUsize,
    /// Starts of what was recorded.
    replays: AtomicUsize,
    recorded: Mutex<Option<Recorded>>,
    can_record: AtomicBool,
    taken: Mutex<Taken>,
    /// Bytes that it says are free.
    free: AtomicU64,
    order: Mutex<Order>,
    chunks: Mutex<Vec<Vec<u8>>>,
    has_chunks: AtomicBool,
    /// Pieces that were sent by chunks.
    sent: AtomicUsize,
    /// Orders and waits that were asked for.
    ordered: AtomicUsize,
    /// Which of them is left out.
    left_out: AtomicUsize,
}

/// Memory that it gave.
#[derive(Debug, Default)]
struct Taken {
    /// Bytes, by address.
    sizes: BTreeMap<u64, u64>,
    now: u64,
    most: u64,
}

/// What was asked for and not done yet, and the memory that it works on.
#[derive(Debug, Default)]
struct Recorded {
    requests: Vec<(&'static str, Request, Vec<Had>)>,
    taken: Vec<u64>,
}

/// What was recorded, as a device's graph has it: the memory is its own as long as it lives.
struct Replay<'h> {
    host: &'h Host,
    recorded: Recorded,
}

impl Recording for Replay<'_> {
    fn start(&self) -> Result<(), Fault> {
        self.host.replays.fetch_add(1, Ordering::Relaxed);
        let mut requests = self.recorded.requests.iter();
        requests.try_for_each(|(doing, request, had)| {
            self.host.begin(doing, Queue::Work, had)?;
            self.host.ask(doing, request, &mut [])
        })
    }
}

impl Drop for Replay<'_> {
    fn drop(&mut self) {
        self.recorded.taken.iter().for_each(|address| self.host.give_back(*address));
    }
}

#[derive(Debug)]
struct Process {
    child: Child,
    input: Option<BufWriter<ChildStdin>>,
    output: BufReader<ChildStdout>,
}

impl Drop for Process {
    fn drop(&mut self) {
        // It ends where there is nothing more to come.
        drop(self.input.take());
        let _ = self.child.wait();
    }
}

/// The program, which the first test that asks has compiled; a minute, where nothing of it is there yet.
fn program() -> &'static PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let directory = std::env::current_exe().unwrap().with_file_name("host-kernels");
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/host/build.py");
        let built = Command::new("python3").args(["-B", script]).arg(directory).output().unwrap();
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        String::from_utf8(built.stdout).unwrap().trim_end().into()
    })
}

impl Host {
    pub(crate) fn start() -> Self {
        let mut child = Command::new(program()).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let input = child.stdin.take().map(BufWriter::new);
        let output = BufReader::new(child.stdout.take().unwrap());
        let process = Mutex::new(Process { child, input, output });
        Self {
            process,
            launches: AtomicUsize::new(0),
            replays: AtomicUsize::new(0),
            recorded: Mutex::default(),
            can_record: AtomicBool::new(true),
            taken: Mutex::default(),
            free: AtomicU64::new(MEMORY),
            order: Mutex::default(),
            chunks: Mutex::new(vec![Vec::new(); CHUNKS.count]),
            has_chunks: AtomicBool::new(true),
            sent: AtomicUsize::new(0),
            ordered: AtomicUsize::new(0),
            left_out: AtomicUsize::new(NONE),
        }
    }

    /// Has it say that so many bytes are free.
    pub(crate) fn leave_free(&self, bytes: u64) {
        self.free.store(bytes, Ordering::Relaxed);
    }

    /// The most bytes that were taken at a time.
    pub(crate) fn most_taken(&self) -> u64 {
        locked(&self.taken).most
    }

    /// How many kernels it ran.
    pub(crate) fn launches(&self) -> usize {
        self.launches.load(Ordering::Relaxed)
    }

    /// How often something that was recorded was started.
    pub(crate) fn replays(&self) -> usize {
        self.replays.load(Ordering::Relaxed)
    }

    /// Has it record nothing, as a device that has no pools of memory.
    pub(crate) fn record_nothing(&self) {
        self.can_record.store(false, Ordering::Relaxed);
    }

    /// Has it say whether it has chunks.
    pub(crate) fn have_chunks(&self, has_chunks: bool) {
        self.has_chunks.store(has_chunks, Ordering::Relaxed);
    }

    /// How many pieces were sent by chunks.
    pub(crate) fn sent(&self) -> usize {
        self.sent.load(Ordering::Relaxed)
    }

    /// How many orders and waits were asked for.
    pub(crate) fn ordered(&self) -> usize {
        self.ordered.load(Ordering::Relaxed)
    }

    /// Has it leave out one of them, counted from 0.
    pub(crate) fn leave_out(&self, number: usize) {
        self.left_out.store(number, Ordering::Relaxed);
    }

    /// Has kernels do without something that they wait for.
    fn miss(&self, needed: Needed) {
        self.ask("leaving out a wait", &Request::new(b'N').number(needed as u64), &mut []).unwrap();
    }

    /// Whether an order or a wait is not left out.
    fn is_heard(&self) -> bool {
        self.ordered.fetch_add(1, Ordering::Relaxed) != self.left_out.load(Ordering::Relaxed)
    }

    /// Something of a queue begins. A fault where nothing orders it.
    fn begin(&self, doing: &'static str, queue: Queue, had: &[Had]) -> Result<(), Fault> {
        let started = locked(&self.order).start(queue, had);
        started.map_err(|reason| Fault::Driver { doing, reason })
    }

    /// The host itself has a chunk. A fault where it may be in use.
    fn touch(&self, doing: &'static str, chunk: usize) -> Result<(), Fault> {
        let touched = locked(&self.order).touch(Had::Chunk(chunk));
        touched.map_err(|reason| Fault::Driver { doing, reason })
    }

    /// The allocation in which an address lies.
    fn allocation(&self, address: u64) -> Option<Had> {
        let taken = locked(&self.taken);
        let (first, size) = taken.sizes.range(..=address).next_back()?;
        (address - first < *size).then_some(Had::Memory(*first))
    }

    /// Has work done now, or when what is being recorded is started.
    fn queue(&self, doing: &'static str, request: Request, addresses: &[u64]) -> Result<(), Fault> {
        let had: Vec<Had> = addresses.iter().filter_map(|address| self.allocation(*address)).collect();
        if let Some(recorded) = locked(&self.recorded).as_mut() {
            recorded.requests.push((doing, request, had));
            return Ok(());
        }
        self.begin(doing, Queue::Work, &had)?;
        self.ask(doing, &request, &mut [])
    }

    /// Has something done that can't be recorded.
    fn at_once(&self, doing: &'static str, request: &Request, result: &mut [u8]) -> Result<(), Fault> {
        assert!(locked(&self.recorded).is_none(), "{doing} in what is recorded");
        self.ask(doing, request, result)
    }

    /// Sends a request; its answer fills `result`.
    fn ask(&self, doing: &'static str, request: &Request, result: &mut [u8]) -> Result<(), Fault> {
        if request.0.first() == Some(&b'L') {
            self.launches.fetch_add(1, Ordering::Relaxed);
        }
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        match process.ask(request, result) {
            Ok(None) => Ok(()),
            Ok(Some(reason)) => Err(Fault::Driver { doing, reason }),
            // What it was that ended the process is on its standard error.
            Err(error) => Err(Fault::Lost { doing, reason: error.to_string() }),
        }
    }
}

impl Process {
    /// What was wrong, if anything.
    fn ask(&mut self, request: &Request, result: &mut [u8]) -> io::Result<Option<String>> {
        let input = self.input.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        input.write_all(&request.0)?;
        input.flush()?;
        let mut length = [0; 8];
        self.output.read_exact(&mut length)?;
        let mut wrong = vec![0; u64::from_le_bytes(length) as usize];
        self.output.read_exact(&mut wrong)?;
        if wrong.is_empty() {
            self.output.read_exact(result)?;
            return Ok(None);
        }
        Ok(Some(String::from_utf8_lossy(&wrong).into_owned()))
    }
}

/// What kernels wait for before they go on with what a device does on its own time; `asynchronous.cpp` has the same
/// numbers.
#[derive(Clone, Copy, Debug)]
enum Needed {
    CopiesWait = 1,
    ProxyFence,
    ProductsWait,
    BarrierWait,
}

/// A letter, and what belongs to it.
#[derive(Debug)]
struct Request(Vec<u8>);

impl Request {
    fn new(letter: u8) -> Self {
        Self(vec![letter])
    }

    fn number(mut self, number: u64) -> Self {
        self.0.extend(number.to_le_bytes());
        self
    }

    fn bytes(self, bytes: &[u8]) -> Self {
        let mut request = self.number(bytes.len() as u64);
        request.0.extend(bytes);
        request
    }
}

impl Machine for Host {
    fn take(&self, bytes: usize) -> Result<u64, Fault> {
        let mut address = [0; 8];
        self.ask("taking memory", &Request::new(b'A').number(bytes as u64), &mut address)?;
        let address = u64::from_le_bytes(address);
        let mut taken = locked(&self.taken);
        taken.sizes.insert(address, bytes as u64);
        taken.now += bytes as u64;
        taken.most = taken.most.max(taken.now);
        drop(taken);
        // A pool gives what work before has given back.
        self.begin("taking memory", Queue::Work, &[Had::Memory(address)])?;
        if let Some(recorded) = locked(&self.recorded).as_mut() {
            recorded.taken.push(address);
        }
        Ok(address)
    }

    fn give_back(&self, address: u64) {
        if let Some(recorded) = locked(&self.recorded).as_ref() {
            // A device refuses to record it.
            let is_its_own = recorded.taken.contains(&address) || std::thread::panicking();
            assert!(is_its_own, "what is recorded gives memory back that it did not take");
            return;
        }
        let mut taken = locked(&self.taken);
        let size = taken.sizes.remove(&address).unwrap_or(0);
        taken.now -= size;
        drop(taken);
        let begun = self.begin("giving memory back", Queue::Work, &[Had::Memory(address)]);
        assert!(begun.is_ok() || std::thread::panicking(), "{begun:?}");
        locked(&self.order).forget(Had::Memory(address));
        let given = self.ask("giving memory back", &Request::new(b'F').number(address), &mut []);
        assert!(given.is_ok() || std::thread::panicking(), "{given:?}");
    }

    fn fill(&self, address: u64, byte: u8, bytes: usize) -> Result<(), Fault> {
        let request = Request::new(b'S').number(address).number(byte.into()).number(bytes as u64);
        self.queue("filling memory", request, &[address])
    }

    fn copy(&self, from: u64, to: u64, bytes: usize) -> Result<(), Fault> {
        let request = Request::new(b'C').number(from).number(to).number(bytes as u64);
        self.queue("a copy", request, &[from, to])
    }

    fn upload(&self, from: &[u8], to: u64) -> Result<(), Fault> {
        self.begin("an upload", Queue::Work, self.allocation(to).as_slice())?;
        self.at_once("an upload", &Request::new(b'U').number(to).bytes(from), &mut [])
    }

    fn download(&self, from: u64, to: &mut [u8]) -> Result<(), Fault> {
        self.begin("a download", Queue::Work, self.allocation(from).as_slice())?;
        self.at_once("a download", &Request::new(b'D').number(from).number(to.len() as u64), to)?;
        locked(&self.order).wait_for_work();
        Ok(())
    }

    fn chunks(&self, bytes: usize) -> Option<Chunks> {
        (CHUNKS.are_worth(bytes) && self.has_chunks.load(Ordering::Relaxed)).then_some(CHUNKS)
    }

    fn order(&self, first: Queue, then: Queue) -> Result<(), Fault> {
        if self.is_heard() {
            locked(&self.order).order(first, then);
        }
        Ok(())
    }

    fn free(&self, chunk: usize) -> Result<(), Fault> {
        if self.is_heard() {
            locked(&self.order).wait(Had::Chunk(chunk));
        }
        Ok(())
    }

    fn send(&self, chunk: usize, from: &[u8], to: u64) -> Result<(), Fault> {
        let doing = "a copy to the machine";
        self.touch(doing, chunk)?;
        self.sent.fetch_add(1, Ordering::Relaxed);
        let had: Vec<Had> = self.allocation(to).into_iter().chain([Had::Chunk(chunk)]).collect();
        self.begin(doing, Queue::Copies, &had)?;
        self.at_once(doing, &Request::new(b'U').number(to).bytes(from), &mut [])
    }

    fn fetch(&self, chunk: usize, from: u64, bytes: usize) -> Result<(), Fault> {
        let doing = "a copy from the machine";
        self.touch(doing, chunk)?;
        let had: Vec<Had> = self.allocation(from).into_iter().chain([Had::Chunk(chunk)]).collect();
        self.begin(doing, Queue::Copies, &had)?;
        let mut fetched = vec![0; bytes];
        self.at_once(doing, &Request::new(b'D').number(from).number(bytes as u64), &mut fetched)?;
        locked(&self.chunks)[chunk] = fetched;
        Ok(())
    }

    fn read(&self, chunk: usize, to: &mut [u8]) -> Result<(), Fault> {
        self.touch("reading a chunk", chunk)?;
        to.copy_from_slice(&locked(&self.chunks)[chunk]);
        Ok(())
    }

    fn launch(&self, kernel: Kernel, grid: Grid, args: &[Arg]) -> Result<(), Fault> {
        let name = format!("{}/{}", file(kernel.module), kernel.name);
        let mut request = Request::new(b'L').bytes(name.as_bytes());
        for number in grid.blocks.into_iter().chain([grid.threads, grid.shared]) {
            request = request.number(number.into());
        }
        let (kinds, words): (Vec<u8>, Vec<u64>) = args.iter().map(word).unzip();
        request = words.iter().copied().fold(request.bytes(&kinds), Request::number);
        self.queue(kernel.name, request, &words)
    }

    fn record(
        &self,
        start: &mut dyn FnMut() -> Result<(), Fault>,
    ) -> Result<Option<Box<dyn Recording + '_>>, Fault> {
        if !self.can_record.load(Ordering::Relaxed) {
            return Ok(None);
        }
        *locked(&self.recorded) = Some(Recorded::default());
        let started = start();
        let recorded = locked(&self.recorded).take().unwrap_or_default();
        let replay = Replay { host: self, recorded };
        started?;
        Ok(Some(Box::new(replay)))
    }

    fn wait(&self) -> Result<(), Fault> {
        locked(&self.order).wait_for_work();
        Ok(())
    }

    fn room(&self) -> Result<Room, Fault> {
        Ok(Room { free: self.free.load(Ordering::Relaxed), total: MEMORY })
    }

    fn stream(&self) -> Option<&Arc<CudaStream>> {
        None
    }
}

/// The kind of an argument, as `shim.h` names them, and its bytes.
fn word(arg: &Arg) -> (u8, u64) {
    match *arg {
        Arg::U64(value) => (b'8', value),
        Arg::I64(value) => (b'8', value as u64),
        Arg::U32(value) => (b'4', value.into()),
        Arg::I32(value) => (b'4', u64::from(value as u32)),
        Arg::F32(value) => (b'f', value.to_bits().into()),
    }
}

/// What a module's kernels are in, as `gemm_mma` of `GemmMma`.
fn file(module: Module) -> String {
    let mut name = String::new();
    for letter in format!("{module:?}").chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

#[test]
fn memory_is_poisoned_and_keeps_what_is_copied() {
    let (gpu, _) = gpu(GemmPath::Dp4a);
    let (from, to) = (gpu.scratch::<f32>(3).unwrap(), gpu.scratch::<f32>(3).unwrap());
    let mut read = [0.0; 3];
    gpu.download(from.span(), &mut read).unwrap();
    assert!(read.iter().all(|x| x.is_nan()));
    gpu.upload(&[1.0, -2.5, 3.0], from.span()).unwrap();
    gpu.copy(from.span(), to.span()).unwrap();
    gpu.zero(from.span().range(1..2)).unwrap();
    gpu.download(to.span(), &mut read).unwrap();
    assert_eq!(read, [1.0, -2.5, 3.0]);
    gpu.download(from.span(), &mut read).unwrap();
    assert_eq!((read, gpu.reported()), ([1.0, 0.0, 3.0], Ok(None)));
}

#[test]
fn what_no_kernel_takes_is_refused() {
    let (gpu, _) = gpu(GemmPath::Dp4a);
    let grid = Grid { blocks: [1, 1, 1], threads: 32, shared: 0 };
    let kernel = Kernel { module: Module::Cache, name: "no_such_kernel" };
    let unknown = gpu.launch(kernel, grid, &[]).unwrap_err();
    assert!(unknown.to_string().contains("no such kernel"), "{unknown}");
    let outside = gpu.zero(crate::span::Span::<f32>::new(0x1000, 4)).unwrap_err();
    assert!(outside.to_string().contains("not allocated"), "{outside}");
}
