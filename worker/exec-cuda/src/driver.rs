//! A device behind its driver: a context, a stream for work and one for copies, the modules that were needed so far, and the
//! memory of the stream for work.
//!
//! With `device`, `chunk` and two views of slices in `gpu` the only unsafe code of the crate. What keeps it in bounds is the
//! launch layer: a kernel gets addresses and lengths of spans whose lengths were checked against the operator's shape.

use std::collections::HashMap;
use std::ffi::c_void;
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use cudarc::driver::{result, sys, CudaContext, CudaFunction, CudaGraph, CudaModule, CudaStream};
use cudarc::nvrtc::Ptx;

use crate::chunk::{Chunk, CHUNKS};
use crate::device::{refused, Device};
use crate::error::Fault;
use crate::gpu::{locked, Arg, Chunks, Grid, Kernel, Machine, Queue, Recording, Room};
use crate::module::Module;

/// Dynamic shared memory that a block may have without being asked for, in bytes.
const SHARED: u32 = 48 << 10;

/// A kernel that was loaded.
#[derive(Clone, Debug)]
struct Loaded {
    function: CudaFunction,
    /// The most dynamic shared memory that it was given so far.
    shared: u32,
}

/// A device that was opened.
#[derive(Debug)]
pub(crate) struct Driver {
    modules: Mutex<HashMap<Module, Arc<CudaModule>>>,
    kernels: Mutex<HashMap<Kernel, Loaded>>,
    /// Taken for the first long copy: most jobs on small models have none.
    chunks: OnceLock<Vec<Mutex<Chunk>>>,
    copies: Arc<CudaStream>,
    stream: Arc<CudaStream>,
    /// Whether it reads the host's own pages, so that a copy to it may go on after the call.
    reads_pages: bool,
}

impl Driver {
    /// Takes a device.
    ///
    /// # Errors
    ///
    /// The driver refuses it, as where another process has all of its memory.
    pub(crate) fn open(device: &Device) -> Result<Self, Fault> {
        let opening = taken(refused("opening the CUDA device"));
        let context = CudaContext::new(device.index).map_err(&opening)?;
        let stream = context.new_stream().map_err(&opening)?;
        let copies = context.new_stream().map_err(&opening)?;
        keep_pool(&context).map_err(&opening)?;
        let pages = sys::CUdevice_attribute::CU_DEVICE_ATTRIBUTE_PAGEABLE_MEMORY_ACCESS;
        let reads_pages = context.attribute(pages).map_err(&opening)? != 0;
        let (modules, kernels, chunks) = (Mutex::default(), Mutex::default(), OnceLock::new());
        Ok(Self { modules, kernels, chunks, copies, stream, reads_pages })
    }

    fn queue(&self, queue: Queue) -> &CudaStream {
        match queue {
            Queue::Work => &self.stream,
            Queue::Copies => &self.copies,
        }
    }

    fn held(&self) -> &[Mutex<Chunk>] {
        self.chunks.get_or_init(|| Chunk::all(self.stream.context()))
    }

    fn chunk(&self, number: usize) -> Result<MutexGuard<'_, Chunk>, Fault> {
        let missing = || Fault::Driver { doing: "a copy", reason: format!("there is no chunk {number}") };
        self.held().get(number).map(locked).ok_or_else(missing)
    }

    fn bind(&self) -> Result<(), Fault> {
        self.stream.context().bind_to_thread().map_err(refused("turning to the CUDA device"))
    }

    /// A kernel that may take so many bytes of dynamic shared memory.
    fn function(&self, kernel: Kernel, shared: u32) -> Result<CudaFunction, Fault> {
        let mut kernels = locked(&self.kernels);
        if let Some(loaded) = kernels.get(&kernel) {
            if shared <= loaded.shared {
                return Ok(loaded.function.clone());
            }
        }
        let function =
            self.module(kernel.module)?.load_function(kernel.name).map_err(refused(kernel.name))?;
        if shared > SHARED {
            let which = sys::CUfunction_attribute::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
            let bytes = shared.min(i32::MAX as u32) as i32;
            function.set_attribute(which, bytes).map_err(refused(kernel.name))?;
        }
        kernels.insert(kernel, Loaded { function: function.clone(), shared: shared.max(SHARED) });
        Ok(function)
    }

    fn module(&self, module: Module) -> Result<Arc<CudaModule>, Fault> {
        let mut modules = locked(&self.modules);
        if let Some(loaded) = modules.get(&module) {
            return Ok(loaded.clone());
        }
        let loaded = self.stream.context().load_module(Ptx::from_src(module.ptx()));
        let loaded = loaded.map_err(refused("loading kernels"))?;
        modules.insert(module, loaded.clone());
        Ok(loaded)
    }
}

impl Machine for Driver {
    /// Memory of the stream's pool, or where a device has none, of its own.
    fn take(&self, bytes: usize) -> Result<u64, Fault> {
        self.bind()?;
        // SAFETY: the stream is that of the context; what the memory holds is written before it is read.
        let taken = unsafe {
            if self.stream.context().has_async_alloc() {
                result::malloc_async(self.stream.cu_stream(), bytes)
            } else {
                result::malloc_sync(bytes)
            }
        };
        taken.map_err(|error| match error.0 {
            sys::CUresult::CUDA_ERROR_OUT_OF_MEMORY => match self.room() {
                Ok(Room { free, total }) => Fault::OutOfMemory { needed: bytes as u64, free, total },
                Err(fault) => fault,
            },
            _ => refused("taking memory of the device")(error),
        })
    }

    fn give_back(&self, address: u64) {
        // A device that was lost has lost its memory too: there is nobody left to tell.
        if self.bind().is_err() {
            return;
        }
        // SAFETY: the memory was allocated by `take` in the same way and on the same stream, and is given back once.
        let _ = unsafe {
            if self.stream.context().has_async_alloc() {
                result::free_async(address, self.stream.cu_stream())
            } else {
                result::free_sync(address)
            }
        };
    }

    fn fill(&self, address: u64, byte: u8, bytes: usize) -> Result<(), Fault> {
        self.bind()?;
        // SAFETY: the bytes lie in memory of this context, which who made it keeps.
        let filled = unsafe { result::memset_d8_async(address, byte, bytes, self.stream.cu_stream()) };
        filled.map_err(refused("filling memory of the device"))
    }

    fn copy(&self, from: u64, to: u64, bytes: usize) -> Result<(), Fault> {
        self.bind()?;
        // SAFETY: both stretches lie in memory of this context, which who made them keeps.
        let copied = unsafe { result::memcpy_dtod_async(to, from, bytes, self.stream.cu_stream()) };
        copied.map_err(refused("a copy on the device"))
    }

    fn upload(&self, from: &[u8], to: u64) -> Result<(), Fault> {
        self.bind()?;
        // SAFETY: the stretch lies in memory of this context and has as many bytes. The driver copies what is not
        // page-locked before the call returns, or, where the device reads it by itself, before the wait is over.
        let copied = unsafe { result::memcpy_htod_async(to, from, self.stream.cu_stream()) };
        let copied = copied.map_err(refused("a copy to the device"));
        if self.reads_pages {
            copied.and(self.wait())
        } else {
            copied
        }
    }

    fn download(&self, from: u64, to: &mut [u8]) -> Result<(), Fault> {
        self.bind()?;
        // SAFETY: the stretch lies in memory of this context and has as many bytes, and `to` is borrowed until the copy
        // is over.
        let copied = unsafe { result::memcpy_dtoh_async(to, from, self.stream.cu_stream()) };
        copied.map_err(refused("a copy from the device")).and(self.wait())
    }

    fn chunks(&self, bytes: usize) -> Option<Chunks> {
        (CHUNKS.are_worth(bytes) && !self.held().is_empty()).then_some(CHUNKS)
    }

    fn order(&self, first: Queue, then: Queue) -> Result<(), Fault> {
        let ordered = self.queue(then).join(self.queue(first));
        ordered.map_err(refused("ordering copies and kernels"))
    }

    fn free(&self, chunk: usize) -> Result<(), Fault> {
        self.chunk(chunk)?.free().map_err(refused("waiting for a copy"))
    }

    fn send(&self, chunk: usize, from: &[u8], to: u64) -> Result<(), Fault> {
        self.chunk(chunk)?.send(from, to, &self.copies).map_err(refused("a copy to the device"))
    }

    fn fetch(&self, chunk: usize, from: u64, bytes: usize) -> Result<(), Fault> {
        self.chunk(chunk)?.fetch(from, bytes, &self.copies).map_err(refused("a copy from the device"))
    }

    fn read(&self, chunk: usize, to: &mut [u8]) -> Result<(), Fault> {
        self.chunk(chunk)?.read(to).map_err(refused("a copy from the device"))
    }

    fn launch(&self, kernel: Kernel, grid: Grid, args: &[Arg]) -> Result<(), Fault> {
        self.bind()?;
        let function = self.function(kernel, grid.shared)?;
        let mut values: Vec<_> = args.iter().map(pointer).collect();
        let [x, y, z] = grid.blocks;
        // SAFETY: the function is that of a loaded module, the values outlive the call, which copies them, and the
        // launch layer gives each kernel the arguments that its source declares.
        let launched = unsafe {
            let (blocks, threads) = ((x, y, z), (grid.threads, 1, 1));
            let stream = self.stream.cu_stream();
            result::launch_kernel(function.cu_function(), blocks, threads, grid.shared, stream, &mut values)
        };
        launched.map_err(refused(kernel.name))
    }

    /// A graph. Memory becomes nodes of it, which only a device with pools has, and is the graph's as long as it lives.
    fn record(
        &self,
        start: &mut dyn FnMut() -> Result<(), Fault>,
    ) -> Result<Option<Box<dyn Recording + '_>>, Fault> {
        if !self.stream.context().has_async_alloc() {
            return Ok(None);
        }
        let recording = refused("recording a pass");
        let mode = sys::CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_RELAXED;
        self.stream.begin_capture(mode).map_err(&recording)?;
        let started = start();
        // Ended also where something was refused: else nothing would ever be started again.
        let graph = self.stream.end_capture(sys::CUgraphInstantiate_flags(0));
        match started {
            Err(Fault::OutOfMemory { .. }) => return Ok(None),
            started => started?,
        }
        match graph.and_then(backed) {
            Ok(graph) => {
                let memory = GraphMemory(self.stream.context().clone());
                let recorded = |graph| Recorded { graph, _memory: memory };
                Ok(graph.map(|graph| Box::new(recorded(graph)) as Box<dyn Recording>))
            }
            Err(result::DriverError(sys::CUresult::CUDA_ERROR_OUT_OF_MEMORY)) => Ok(None),
            Err(error) => Err(recording(error)),
        }
    }

    fn wait(&self) -> Result<(), Fault> {
        self.stream.synchronize().map_err(refused("waiting for the device"))
    }

    /// What is free, and what the pool keeps for this process without using it.
    fn room(&self) -> Result<Room, Fault> {
        let context = self.stream.context();
        let asking = refused("asking the device for its memory");
        let (free, total) = context.mem_get_info().map_err(&asking)?;
        let kept = kept_in_pool(context).map_err(&asking)?;
        Ok(Room { free: (free as u64).saturating_add(kept), total: total as u64 })
    }

    fn stream(&self) -> Option<&Arc<CudaStream>> {
        Some(&self.stream)
    }
}

/// A graph; behind it goes the memory that it had.
struct Recorded {
    graph: CudaGraph,
    _memory: GraphMemory,
}

impl Recording for Recorded {
    fn start(&self) -> Result<(), Fault> {
        self.graph.launch().map_err(refused("starting a recorded pass"))
    }
}

/// The memory of graphs, which the driver keeps for other graphs when they are gone, where launches would find too little.
struct GraphMemory(Arc<CudaContext>);

impl Drop for GraphMemory {
    /// Gives it back to the device. If the driver refuses, it is only kept.
    fn drop(&mut self) {
        // SAFETY: the device of a context that is alive.
        let _ = unsafe { sys::cuDeviceGraphMemTrim(self.0.cu_device()) };
    }
}

/// Has the device take the memory that a graph needs, which otherwise it does when the graph is first started.
fn backed(graph: Option<CudaGraph>) -> Result<Option<CudaGraph>, result::DriverError> {
    if let Some(graph) = &graph {
        graph.upload()?;
    }
    Ok(graph)
}

/// What was refused while a device was opened: others may have taken all of its memory.
fn taken(refused: impl Fn(result::DriverError) -> Fault) -> impl Fn(result::DriverError) -> Fault {
    move |error| match error.0 {
        sys::CUresult::CUDA_ERROR_OUT_OF_MEMORY => Fault::Busy { reason: format!("{:?}", error.0) },
        _ => refused(error),
    }
}

/// Where an argument's value is, as the driver wants it told.
fn pointer(arg: &Arg) -> *mut c_void {
    let value: *const c_void = match arg {
        Arg::U64(value) => ptr::from_ref(value).cast(),
        Arg::I64(value) => ptr::from_ref(value).cast(),
        Arg::U32(value) => ptr::from_ref(value).cast(),
        Arg::I32(value) => ptr::from_ref(value).cast(),
        Arg::F32(value) => ptr::from_ref(value).cast(),
    };
    value.cast_mut()
}

/// Has the pool keep what is given back, so that the next call gets it without asking the system.
fn keep_pool(context: &CudaContext) -> Result<(), result::DriverError> {
    if !context.has_async_alloc() {
        return Ok(());
    }
    let mut all = u64::MAX;
    let threshold = sys::CUmemPool_attribute::CU_MEMPOOL_ATTR_RELEASE_THRESHOLD;
    // SAFETY: the device is that of a context, and the attribute is a u64.
    unsafe {
        let pool = result::device::get_default_mem_pool(context.cu_device())?;
        result::mem_pool::set_attribute(pool, threshold, ptr::from_mut(&mut all).cast())
    }
}

fn kept_in_pool(context: &CudaContext) -> Result<u64, result::DriverError> {
    use sys::CUmemPool_attribute::{
        CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT as RESERVED, CU_MEMPOOL_ATTR_USED_MEM_CURRENT as USED,
    };
    if !context.has_async_alloc() {
        return Ok(0);
    }
    let (mut reserved, mut used) = (0u64, 0u64);
    // SAFETY: as in `keep_pool`.
    unsafe {
        let pool = result::device::get_default_mem_pool(context.cu_device())?;
        result::mem_pool::get_attribute(pool, RESERVED, ptr::from_mut(&mut reserved).cast())?;
        result::mem_pool::get_attribute(pool, USED, ptr::from_mut(&mut used).cast())?;
    }
    Ok(reserved.saturating_sub(used))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::Span;

    #[test]
    fn a_device_that_others_have_is_told_so() {
        use sys::CUresult::{
            CUDA_ERROR_DEVICE_UNAVAILABLE, CUDA_ERROR_LAUNCH_FAILED, CUDA_ERROR_OUT_OF_MEMORY,
        };
        let opening = taken(refused("opening the CUDA device"));
        for error in [CUDA_ERROR_DEVICE_UNAVAILABLE, CUDA_ERROR_OUT_OF_MEMORY] {
            let fault = opening(result::DriverError(error));
            assert!(matches!(fault, Fault::Busy { .. }) && fault.to_string().contains("another process"));
        }
        let lost = opening(result::DriverError(CUDA_ERROR_LAUNCH_FAILED));
        assert!(matches!(lost, Fault::Lost { doing: "opening the CUDA device", .. }));
    }

    #[test]
    fn arguments_are_told_by_where_they_are() {
        let args = [
            Arg::from(Span::<f32>::new(0x1000, 3)),
            7u64.into(),
            (-7i64).into(),
            7u32.into(),
            (-7i32).into(),
            0.5f32.into(),
        ];
        let [span, u64, i64, u32, i32, f32] = args.each_ref().map(pointer);
        // SAFETY: each is where a value of this type lies in `args`.
        unsafe {
            assert_eq!((*span.cast::<u64>(), *u64.cast::<u64>(), *i64.cast::<i64>()), (0x1000, 7, -7));
            assert_eq!((*u32.cast::<u32>(), *i32.cast::<i32>(), *f32.cast::<f32>()), (7, -7, 0.5));
        }
    }
}
