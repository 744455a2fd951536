//! What the fuzz targets compare with, and the memory that they may take.

pub mod naive;
pub mod vectors;

/// A claim within a file must not make anyone reserve more than the largest picture needs. What asks
/// for more ends the target, with the input at fault in hand: libFuzzer's own limit looks once a
/// second and blames whatever runs then.
#[global_allocator]
static MEMORY: cap::Cap<std::alloc::System> = cap::Cap::new(std::alloc::System, 3 << 29);
