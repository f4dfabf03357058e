//! A number there and back over the course's own connection.

use crate::TIMES;
use bench_processes::{Result, Trouble, timed_us};
use nix::sys::wait::waitpid;
use q5_sharing_data::processes::pipe::pair;
use toolkit::fork;

pub(crate) fn ours() -> Result<f64> {
    let (here, there) = pair::<u64>()?;
    let mut here = Some(here);
    let child = fork(|| {
        drop(here.take());
        let mut there = there;
        while let Ok(number) = there.recv() {
            if there.send(&number).is_err() {
                return 1;
            }
        }
        0
    })?;
    let mut here = here.ok_or("only the child has taken it")?;
    let (us, done) = timed_us(|| {
        (0..TIMES).try_for_each(|number| {
            here.send(&number)?;
            match here.recv()? {
                back if back == number => Ok(()),
                back => Err(Trouble::from(format!("{number} came back as {back}"))),
            }
        })
    });
    drop(here);
    waitpid(child, None)?;
    done?;
    Ok(us / TIMES as f64)
}
