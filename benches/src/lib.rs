//! Benchmarks; see `benches/`. Each group holds a `bound` that the machine sets: compare with it.
