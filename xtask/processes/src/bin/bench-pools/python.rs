//! What CPython's `multiprocessing.Pool` is asked to measure. It does not know how that is done.

use crate::TASKS;
use bench_processes::{Figures, Peer, Result};

pub(crate) fn question_8(peer: &mut Peer, figures: &mut Figures, workers: usize) -> Result<()> {
    let times = peer.ask(&format!("q8 {workers} {TASKS}"))?;
    for (measure, us) in ["q8_total_us", "q8_map_us"].into_iter().zip(times) {
        figures.note(measure, "python", workers, us);
    }
    Ok(())
}

pub(crate) fn tiny(peer: &mut Peer, figures: &mut Figures, workers: usize) -> Result<()> {
    for (measure, what) in [("tiny_each_us", "each"), ("tiny_chunked_us", "chunked")] {
        for us in peer.ask(&format!("{what} {workers} {TASKS}"))? {
            figures.note(measure, "python", workers, us);
        }
    }
    Ok(())
}
