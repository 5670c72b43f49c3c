//! A device that computes: what runs kernels for it, and memory.

use std::fmt;
use std::slice;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use assay_exact::Refused;
use cudarc::driver::CudaStream;

use crate::copies::Copies;
use crate::device::{has_cublaslt, Device, GemmPath};
use crate::driver::Driver;
use crate::error::Fault;
use crate::module::Module;
use crate::span::{Element, Span};

/// The most threads of a block.
const MAX_THREADS: u32 = 1024;
/// The most blocks along the first axis of a grid, and along the two others.
const MAX_BLOCKS: [u32; 3] = [i32::MAX as u32, 65_535, 65_535];
/// The fault word where nothing was reported.
const NO_FAULT: u32 = u32::MAX;

/// A kernel of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Kernel {
    /// The file that it is in.
    pub module: Module,
    /// What it is called there.
    pub name: &'static str,
}

/// How a kernel is spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grid {
    /// Blocks along each axis.
    pub blocks: [u32; 3],
    /// Threads of a block, along the first axis.
    pub threads: u32,
    /// Dynamic shared memory of a block, in bytes.
    pub shared: u32,
}

impl Grid {
    /// Whether there is nothing to do.
    fn is_empty(&self) -> bool {
        self.blocks.contains(&0)
    }

    /// Refuses what no device takes.
    fn check(&self, kernel: &'static str) -> Result<(), Fault> {
        let fits = self.blocks.iter().zip(MAX_BLOCKS).all(|(blocks, most)| *blocks <= most);
        if fits && (1..=MAX_THREADS).contains(&self.threads) {
            Ok(())
        } else {
            Err(Fault::Grid { kernel, blocks: self.blocks, threads: self.threads })
        }
    }
}

/// What a kernel is called with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Arg {
    U64(u64),
    I64(i64),
    U32(u32),
    I32(i32),
    F32(f32),
}

impl<T> From<Span<T>> for Arg {
    fn from(span: Span<T>) -> Self {
        Self::U64(span.address())
    }
}

impl From<u64> for Arg {
    fn from(value: u64) -> Self {
        Self::U64(value)
    }
}

impl From<i64> for Arg {
    fn from(value: i64) -> Self {
        Self::I64(value)
    }
}

impl From<u32> for Arg {
    fn from(value: u32) -> Self {
        Self::U32(value)
    }
}

impl From<i32> for Arg {
    fn from(value: i32) -> Self {
        Self::I32(value)
    }
}

impl From<f32> for Arg {
    fn from(value: f32) -> Self {
        Self::F32(value)
    }
}

/// Device memory, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// What this process can still take.
    pub free: u64,
    /// What the device has.
    pub total: u64,
}

impl Room {
    /// Refuses what is more than is free.
    ///
    /// # Errors
    ///
    /// [`Fault::OutOfMemory`], with the figures.
    pub fn check(&self, needed: u64) -> Result<(), Fault> {
        let Self { free, total } = *self;
        if needed <= free {
            Ok(())
        } else {
            Err(Fault::OutOfMemory { needed, free, total })
        }
    }
}

/// What a machine starts goes into one of two queues: what is in the same one runs one after another, and what is in the
/// other runs at the same time, but where [`Machine::order`] has it otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Queue {
    /// Kernels, and all that does not say otherwise.
    Work,
    /// Copies by chunks.
    Copies,
}

/// Page-locked memory of the host, in pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chunks {
    /// How many there are: two at least.
    pub count: usize,
    /// Bytes of each.
    pub bytes: usize,
}

impl Chunks {
    /// Whether a copy of so many bytes is worth them: a shorter one gains nothing.
    pub(crate) fn are_worth(&self, bytes: usize) -> bool {
        bytes > self.bytes / 8
    }
}

/// What runs kernels, one after another, and has the memory that they work on: a device behind its driver, or in tests this
/// machine's processor. Addresses and lengths in bytes are those of memory that it gave; no length is 0. Chunks are called
/// by their numbers.
pub(crate) trait Machine: fmt::Debug + Send + Sync {
    /// Memory, aligned for every element. What is in it means nothing.
    fn take(&self, bytes: usize) -> Result<u64, Fault>;

    /// Gives memory back: what was started before still has it.
    fn give_back(&self, address: u64);

    /// Starts to write `byte` everywhere.
    fn fill(&self, address: u64, byte: u8, bytes: usize) -> Result<(), Fault>;

    /// Starts a copy within its memory.
    fn copy(&self, from: u64, to: u64, bytes: usize) -> Result<(), Fault>;

    /// Starts a copy to its memory; what it needs of `from` is taken when this returns.
    fn upload(&self, from: &[u8], to: u64) -> Result<(), Fault>;

    /// Waits for all that was started, and copies from its memory.
    fn download(&self, from: u64, to: &mut [u8]) -> Result<(), Fault>;

    /// What a copy of so many bytes goes through: none where they are not worth it, or none are to be had.
    fn chunks(&self, bytes: usize) -> Option<Chunks>;

    /// Has all that is started in `then` from now on run behind all that was started in `first`.
    fn order(&self, first: Queue, then: Queue) -> Result<(), Fault>;

    /// Waits until the last copy of a chunk is over: now it is free.
    fn free(&self, chunk: usize) -> Result<(), Fault>;

    /// Fills a chunk that is free, and starts a copy of it to the machine's memory.
    fn send(&self, chunk: usize, from: &[u8], to: u64) -> Result<(), Fault>;

    /// Starts a copy from the machine's memory to a chunk that is free.
    fn fetch(&self, chunk: usize, from: u64, bytes: usize) -> Result<(), Fault>;

    /// Copies from a chunk that is free what was fetched.
    fn read(&self, chunk: usize, to: &mut [u8]) -> Result<(), Fault>;

    /// Starts a kernel, on a grid that [`Grid::check`] lets pass.
    fn launch(&self, kernel: Kernel, grid: Grid, args: &[Arg]) -> Result<(), Fault>;

    /// Records what `start` starts, the memory that it takes and gives back with it, in place of starting it. None where
    /// nothing can be recorded, or there is no memory for what was.
    fn record(
        &self,
        start: &mut dyn FnMut() -> Result<(), Fault>,
    ) -> Result<Option<Box<dyn Recording + '_>>, Fault>;

    /// Waits for all work that was started, and for copies that work is ordered behind.
    fn wait(&self) -> Result<(), Fault>;

    /// How much memory there is.
    fn room(&self) -> Result<Room, Fault>;

    /// The driver's stream, where there is a driver.
    fn stream(&self) -> Option<&Arc<CudaStream>>;
}

/// What a [`Machine`] has recorded. All addresses are those that it was recorded with.
pub(crate) trait Recording {
    /// Starts all of it, as if it were started one after another.
    fn start(&self) -> Result<(), Fault>;
}

/// Memory for one call, given back in stream order when dropped: what was launched before still has it.
#[derive(Debug)]
pub(crate) struct Scratch<T> {
    machine: Arc<dyn Machine>,
    span: Span<T>,
}

impl<T> Scratch<T> {
    /// Where it is.
    pub(crate) fn span(&self) -> Span<T> {
        self.span
    }
}

impl<T> Drop for Scratch<T> {
    fn drop(&mut self) {
        if self.span.bytes() > 0 {
            self.machine.give_back(self.span.address());
        }
    }
}

/// A device, what runs kernels on it, and the path of products that was chosen for it.
#[derive(Debug)]
pub(crate) struct Gpu {
    device: Device,
    path: GemmPath,
    fault_word: Scratch<u32>,
    copies: Copies,
    machine: Arc<dyn Machine>,
}

/// What a lock guards; nothing that panics leaves it half changed.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Gpu {
    /// Takes a device; `forced` is a path of products in place of the best one.
    ///
    /// # Errors
    ///
    /// The device is too old or does not have the path, or the driver refuses it, as where another process has all of
    /// its memory.
    pub(crate) fn open(device: Device, forced: Option<GemmPath>) -> Result<Self, Fault> {
        device.check()?;
        // The library takes long to load, and is not looked for unless it is wanted.
        let has_library = forced == Some(GemmPath::CublasLt) && has_cublaslt();
        let path = GemmPath::choose(device.capability, forced, has_library)?;
        let machine = Arc::new(Driver::open(&device)?);
        Self::on(machine, device, path)
    }

    /// What computes as a device would: the machine has the kernels of this path.
    pub(crate) fn on(machine: Arc<dyn Machine>, device: Device, path: GemmPath) -> Result<Self, Fault> {
        let fault_word = allocate(&machine, 1)?;
        let gpu = Self { device, path, fault_word, copies: Copies::default(), machine };
        gpu.clear_fault_word()?;
        Ok(gpu)
    }

    /// Starts a kernel; a grid without blocks is nothing to do. The kernel runs after what was started before it.
    pub(crate) fn launch(&self, kernel: Kernel, grid: Grid, args: &[Arg]) -> Result<(), Fault> {
        if grid.is_empty() {
            return Ok(());
        }
        grid.check(kernel.name)?;
        self.machine.launch(kernel, grid, args)
    }

    /// Records what `start` starts in place of starting it, to be started as often as one likes while the memory lives
    /// that it works on. It may neither copy from or to the host nor wait. None where that is not to be had; then too
    /// nothing was started.
    pub(crate) fn record(
        &self,
        mut start: impl FnMut() -> Result<(), Fault>,
    ) -> Result<Option<Box<dyn Recording + '_>>, Fault> {
        self.machine.record(&mut start)
    }

    /// Memory for one call. What is in it means nothing.
    pub(crate) fn scratch<T: Element>(&self, len: usize) -> Result<Scratch<T>, Fault> {
        allocate(&self.machine, len)
    }

    /// Writes zeros.
    pub(crate) fn zero<T: Element>(&self, span: Span<T>) -> Result<(), Fault> {
        self.fill(span, 0)
    }

    /// Copies on the device.
    pub(crate) fn copy<T: Element>(&self, from: Span<T>, to: Span<T>) -> Result<(), Fault> {
        same("a copy on the device", from.len(), to.len())?;
        if from.len() == 0 {
            return Ok(());
        }
        self.machine.copy(from.address(), to.address(), from.bytes())
    }

    /// Copies to the device. What it needs of `from` is taken when this returns.
    pub(crate) fn upload<T: Element>(&self, from: &[T], to: Span<T>) -> Result<(), Fault> {
        same("a copy to the device", from.len(), to.len())?;
        if from.is_empty() {
            return Ok(());
        }
        // SAFETY: elements are plain numbers, whose bytes may all be read.
        let bytes = unsafe { slice::from_raw_parts(from.as_ptr().cast(), size_of_val(from)) };
        self.copies.upload(self.machine.as_ref(), bytes, to.address())
    }

    /// Waits for all that was started, and copies from the device.
    pub(crate) fn download<T: Element>(&self, from: Span<T>, to: &mut [T]) -> Result<(), Fault> {
        same("a copy from the device", to.len(), from.len())?;
        if to.is_empty() {
            return self.wait();
        }
        let len = size_of_val(to);
        // SAFETY: elements are plain numbers, whose bytes may all be read, and written with any others.
        let bytes = unsafe { slice::from_raw_parts_mut(to.as_mut_ptr().cast(), len) };
        self.copies.download(self.machine.as_ref(), from.address(), bytes)
    }

    /// Waits for all that was started.
    pub(crate) fn wait(&self) -> Result<(), Fault> {
        self.machine.wait()
    }

    /// Compute capability.
    pub(crate) fn capability(&self) -> (u32, u32) {
        (self.device.capability.major, self.device.capability.minor)
    }

    /// Streaming multiprocessors.
    pub(crate) fn processors(&self) -> u32 {
        self.device.processors
    }

    /// How products are made: the forced path, or the best.
    pub(crate) fn path(&self) -> GemmPath {
        self.path
    }

    /// What the driver says of the device.
    pub(crate) fn device(&self) -> &Device {
        &self.device
    }

    /// The driver's stream; none where there is no driver.
    pub(crate) fn stream(&self) -> Option<&Arc<CudaStream>> {
        self.machine.stream()
    }

    /// The word that kernels report a trap to: the lowest number of a node that has met one.
    pub(crate) fn fault_word(&self) -> Span<u32> {
        self.fault_word.span()
    }

    /// Forgets what was reported.
    pub(crate) fn clear_fault_word(&self) -> Result<(), Fault> {
        self.fill(self.fault_word(), 0xFF)
    }

    /// Waits, and gives the lowest number of a node that reported a trap since the word was cleared.
    pub(crate) fn reported(&self) -> Result<Option<u32>, Fault> {
        let mut word = [NO_FAULT];
        self.download(self.fault_word(), &mut word)?;
        Ok(Some(word[0]).filter(|node| *node != NO_FAULT))
    }

    /// How much memory there is.
    pub(crate) fn room(&self) -> Result<Room, Fault> {
        self.machine.room()
    }

    fn fill<T: Element>(&self, span: Span<T>, byte: u8) -> Result<(), Fault> {
        if span.len() == 0 {
            return Ok(());
        }
        self.machine.fill(span.address(), byte, span.bytes())
    }
}

/// Refuses spans and slices of different lengths.
fn same(what: &'static str, got: usize, expected: usize) -> Result<(), Fault> {
    if got == expected {
        Ok(())
    } else {
        Err(Refused::Length { what, expected: expected as u64, got: got as u64 }.into())
    }
}

fn allocate<T: Element>(machine: &Arc<dyn Machine>, len: usize) -> Result<Scratch<T>, Fault> {
    let bytes = len.checked_mul(size_of::<T>()).ok_or(Refused::Overflow("memory of the device"))?;
    let address = if bytes == 0 { 0 } else { machine.take(bytes)? };
    Ok(Scratch { machine: machine.clone(), span: Span::new(address, len) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grids_that_no_device_takes_are_refused() {
        let grid = Grid { blocks: [i32::MAX as u32, 65_535, 65_535], threads: 1024, shared: 0 };
        assert_eq!(grid.check("k"), Ok(()));
        for wrong in [
            Grid { blocks: [1, 65_536, 1], ..grid },
            Grid { blocks: [1, 1, 65_536], ..grid },
            Grid { blocks: [1 << 31, 1, 1], ..grid },
            Grid { threads: 1025, ..grid },
            Grid { threads: 0, ..grid },
        ] {
            assert!(matches!(wrong.check("k"), Err(Fault::Grid { kernel: "k", .. })), "{wrong:?}");
        }
        assert!(Grid { blocks: [4, 0, 1], ..grid }.is_empty() && !grid.is_empty());
    }

    #[test]
    fn what_does_not_fit_is_refused_with_the_figures() {
        let room = Room { free: 100, total: 200 };
        assert_eq!(room.check(100), Ok(()));
        assert_eq!(room.check(101), Err(Fault::OutOfMemory { needed: 101, free: 100, total: 200 }));
    }

    #[test]
    fn copies_are_of_equal_lengths() {
        assert_eq!(same("a copy", 3, 3), Ok(()));
        let refused = Refused::Length { what: "a copy", expected: 4, got: 3 };
        assert_eq!(same("a copy", 3, 4), Err(Fault::Refused(refused)));
    }
}
