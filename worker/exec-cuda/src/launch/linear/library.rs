//! Products by cublasLt, where NVIDIA's library is installed: int8 operands, sums in i32.
//!
//! It knows matrices by columns, so the output's columns are its rows: it computes Cᵀ = B·Aᵀ, the first operand
//! transposed, both with the summed axis first, which is the only layout of int8 that it takes everywhere. Pairs of
//! digits of one weight are added up in its sums, and a kernel of ours recombines the weights.

use std::ffi::c_void;
use std::ptr;
use std::sync::OnceLock;

use cudarc::cublaslt::result::CublasError;
use cudarc::cublaslt::{result, sys};

use super::gemm::{class_of, classes, finish, Gemm, Output, Product, Shape, Sums};
use crate::error::Fault;
use crate::gpu::Gpu;
use crate::span::Span;

/// What it may use beside the operands, in bytes.
const WORKSPACE: usize = 32 << 20;
/// What rows, columns and depth have to be multiples of.
const MULTIPLE: usize = 4;
/// What the addresses of all matrices are multiples of: planes of digits begin where the ones before end.
const ALIGNMENT: u32 = 16;

/// CUBLAS_OP_T.
const TRANSPOSED: i32 = 1;

/// The library.
pub(super) struct Library;

/// The library.
pub(super) static LIBRARY: Library = Library;

impl Gemm for Library {
    fn takes(&self, shape: &Shape, _: u32) -> bool {
        [shape.rows, shape.cols, shape.depth].iter().all(|size| size.is_multiple_of(MULTIPLE))
    }

    fn start(&self, gpu: &Gpu, product: &Product) -> Result<(), Fault> {
        let shape = product.shape();
        let plan = Plan::new(gpu, &shape)?;
        if let (Output::I32(sums), [1, 1]) = (product.output, shape.digits) {
            return plan.start(gpu, product.a.planes, product.b.planes, sums, false);
        }
        let (len, planes) = (shape.rows * shape.cols, classes(shape.digits));
        let sums = gpu.scratch::<i32>(planes * len)?;
        let mut written = vec![false; planes];
        let plane = |span: Span<i8>, rows: usize, digit: usize| {
            span.range(digit * rows * shape.depth..(digit + 1) * rows * shape.depth)
        };
        for a in 0..shape.digits[0] {
            for b in 0..shape.digits[1] {
                let class = class_of(shape.digits, [a, b]);
                let left = plane(product.a.planes, shape.rows, a);
                let right = plane(product.b.planes, shape.cols, b);
                plan.start(
                    gpu,
                    left,
                    right,
                    sums.span().range(class * len..(class + 1) * len),
                    written[class],
                )?;
                written[class] = true;
            }
        }
        let sums = Sums::I32 { sums: sums.span(), classes: planes as u32 };
        finish(gpu, product.node, sums, product.scales(), product.output)
    }
}

fn refused(doing: &'static str) -> impl Fn(CublasError) -> Fault {
    move |error| Fault::Driver { doing, reason: format!("{:?}", error.0) }
}

/// The library's own state, one for all products of this process.
struct Handle(sys::cublasLtHandle_t);

// SAFETY: NVIDIA documents the handle for use by several threads at a time.
unsafe impl Send for Handle {}
// SAFETY: as above.
unsafe impl Sync for Handle {}

/// Kept until the process ends, which has one device.
static HANDLE: OnceLock<Result<Handle, Fault>> = OnceLock::new();

fn handle() -> Result<sys::cublasLtHandle_t, Fault> {
    let made =
        HANDLE.get_or_init(|| result::create_handle().map(Handle).map_err(refused("starting cublasLt")));
    match made {
        Ok(handle) => Ok(handle.0),
        Err(fault) => Err(fault.clone()),
    }
}

/// A matrix as the library knows it.
struct Layout(sys::cublasLtMatrixLayout_t);

impl Layout {
    /// Of `rows × cols`, columns one after another.
    fn new(of: sys::cudaDataType, rows: usize, cols: usize) -> Result<Self, Fault> {
        let layout = result::create_matrix_layout(of, rows as u64, cols as u64, rows as i64);
        layout.map(Self).map_err(refused("a matrix of cublasLt"))
    }
}

impl Drop for Layout {
    fn drop(&mut self) {
        // SAFETY: it was created by `new` and is destroyed once; there is nobody to tell of a failure.
        let _ = unsafe { result::destroy_matrix_layout(self.0) };
    }
}

/// What is computed.
struct Matmul(sys::cublasLtMatmulDesc_t);

impl Matmul {
    /// Sums in i32, the first operand transposed.
    fn new() -> Result<Self, Fault> {
        let describing = refused("a product of cublasLt");
        let (sums, scale) = (sys::cublasComputeType_t::CUBLAS_COMPUTE_32I, sys::cudaDataType::CUDA_R_32I);
        let matmul = result::create_matmul_desc(sums, scale).map(Self).map_err(&describing)?;
        let which = sys::cublasLtMatmulDescAttributes_t::CUBLASLT_MATMUL_DESC_TRANSA;
        let (value, bytes) = (ptr::from_ref(&TRANSPOSED).cast::<c_void>(), size_of::<i32>());
        // SAFETY: the description lives, and the attribute is of this type.
        unsafe { result::set_matmul_desc_attribute(matmul.0, which, value, bytes) }.map_err(&describing)?;
        Ok(matmul)
    }
}

impl Drop for Matmul {
    fn drop(&mut self) {
        // SAFETY: as for a layout.
        let _ = unsafe { result::destroy_matmul_desc(self.0) };
    }
}

/// What the library may use.
struct Preference(sys::cublasLtMatmulPreference_t);

impl Preference {
    fn new() -> Result<Self, Fault> {
        use sys::cublasLtMatmulPreferenceAttributes_t::{
            CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES as MAX_WORKSPACE,
            CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES as OF_A,
            CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES as OF_B,
            CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES as OF_C,
            CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES as OF_D,
        };
        let choosing = refused("a choice of cublasLt");
        let preference = result::create_matmul_pref().map(Self).map_err(&choosing)?;
        let workspace = ptr::from_ref(&WORKSPACE).cast::<c_void>();
        let alignment = ptr::from_ref(&ALIGNMENT).cast::<c_void>();
        // Unless told otherwise it takes them to be multiples of 256.
        let aligned = [OF_A, OF_B, OF_C, OF_D].map(|which| (which, alignment, size_of::<u32>()));
        for (which, value, bytes) in
            aligned.into_iter().chain([(MAX_WORKSPACE, workspace, size_of::<usize>())])
        {
            // SAFETY: the preference lives, and each attribute is of so many bytes.
            unsafe { result::set_matmul_pref_attribute(preference.0, which, value, bytes) }
                .map_err(&choosing)?;
        }
        Ok(preference)
    }
}

impl Drop for Preference {
    fn drop(&mut self) {
        // SAFETY: as for a layout.
        let _ = unsafe { result::destroy_matmul_pref(self.0) };
    }
}

/// How the library computes products of one shape.
struct Plan {
    handle: sys::cublasLtHandle_t,
    matmul: Matmul,
    /// Of B, of A and of the output.
    layouts: [Layout; 3],
    chosen: sys::cublasLtMatmulHeuristicResult_t,
}

impl Plan {
    fn new(gpu: &Gpu, shape: &Shape) -> Result<Self, Fault> {
        use sys::cudaDataType::{CUDA_R_32I, CUDA_R_8I};
        bind(gpu)?;
        let (handle, matmul, preference) = (handle()?, Matmul::new()?, Preference::new()?);
        let layouts = [
            Layout::new(CUDA_R_8I, shape.depth, shape.cols)?,
            Layout::new(CUDA_R_8I, shape.depth, shape.rows)?,
            Layout::new(CUDA_R_32I, shape.cols, shape.rows)?,
        ];
        let [b, a, c] = layouts.each_ref().map(|layout| layout.0);
        // SAFETY: the handle and the descriptions live.
        let chosen = unsafe { result::get_matmul_algo_heuristic(handle, matmul.0, b, a, c, c, preference.0) };
        let chosen = chosen.map_err(refused("choosing a product of cublasLt"))?;
        Ok(Self { handle, matmul, layouts, chosen })
    }

    /// Writes, or adds to, `c`. The spans have the plan's shape.
    fn start(&self, gpu: &Gpu, a: Span<i8>, b: Span<i8>, c: Span<i32>, adds: bool) -> Result<(), Fault> {
        let workspace = gpu.scratch::<u8>(self.chosen.workspaceSize)?;
        let stream = bind(gpu)?;
        let (one, kept) = (1i32, i32::from(adds));
        let [b_layout, a_layout, c_layout] = self.layouts.each_ref().map(|layout| layout.0);
        let to = c.address() as *mut c_void;
        // SAFETY: the descriptions live, the spans lie in memory of the stream's context and have the lengths that the
        // layouts say, and the workspace is given back after what is started here.
        let started = unsafe {
            result::matmul(
                self.handle,
                self.matmul.0,
                ptr::from_ref(&one).cast(),
                ptr::from_ref(&kept).cast(),
                b.address() as *const c_void,
                b_layout,
                a.address() as *const c_void,
                a_layout,
                to.cast_const(),
                c_layout,
                to,
                c_layout,
                &self.chosen.algo,
                workspace.span().address() as *mut c_void,
                self.chosen.workspaceSize,
                stream,
            )
        };
        started.map_err(refused("a product by cublasLt"))
    }
}

/// Turns this thread to the device; gives the stream as the library takes it.
fn bind(gpu: &Gpu) -> Result<sys::cudaStream_t, Fault> {
    // In tests another processor stands for the device, and has no such library.
    let stream = gpu.stream().ok_or(Fault::NoDriver)?;
    stream.context().bind_to_thread().map_err(crate::device::refused("turning to the CUDA device"))?;
    Ok(stream.cu_stream().cast())
}
