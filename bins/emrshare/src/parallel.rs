//! Work on many things at once.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// What was done and is not taken yet.
struct Done<R> {
    waiting: BTreeMap<usize, R>,
    taken: usize,
    ended: anyhow::Result<()>,
}

/// Works on all items on all cores, and takes the results in the order of the items.
pub(crate) fn in_order<T: Sync, R: Send>(
    items: &[T],
    work: impl Fn(&T) -> R + Sync,
    mut take: impl FnMut(&T, R) -> anyhow::Result<()> + Send,
) -> anyhow::Result<()> {
    let next = AtomicUsize::new(0);
    let done = Done { waiting: BTreeMap::new(), taken: 0, ended: Ok(()) };
    let mut take_ready = |done: &mut Done<R>| {
        while let Some(result) = done.waiting.remove(&done.taken) {
            if done.ended.is_ok() {
                done.ended = take(&items[done.taken], result);
            }
            done.taken += 1;
        }
    };
    let done = Mutex::new((done, &mut take_ready));
    thread::scope(|scope| {
        let workers = thread::available_parallelism().map_or(1, usize::from).min(items.len());
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(at) else { break };
                    let result = work(item);
                    let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                    let (done, take_ready) = &mut *done;
                    done.waiting.insert(at, result);
                    take_ready(done);
                }
            });
        }
    });
    done.into_inner().unwrap_or_else(PoisonError::into_inner).0.ended
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_items() {
        let items: Vec<u64> = (0..200).collect();
        let slow = |item: &u64| (0..item % 7 * 1_000).fold(*item, |sum, _| sum.wrapping_add(0));
        let mut taken = Vec::new();
        in_order(&items, slow, |item, result| {
            assert_eq!(*item, result);
            taken.push(result);
            Ok(())
        })
        .unwrap();
        assert_eq!(taken, items);
        let failed = in_order(&items, slow, |item, _| match item {
            3 => anyhow::bail!("three"),
            _ => Ok(()),
        });
        assert_eq!(failed.unwrap_err().to_string(), "three");
    }
}
