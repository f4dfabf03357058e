//! Impostor: a thread of its own lets the groups go, and stays when the barrier is gone.
//! Loses: q5.barrier_idle LeakedThread
//! Tempting: a thread that waits costs nothing.

use std::mem;
use std::sync::Mutex;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

#[derive(Debug)]
pub struct Barrier {
    desk: Mutex<Sender<Sender<bool>>>,
    _also: Sender<Sender<bool>>,
}

fn serve(size: usize, comers: &Receiver<Sender<bool>>, _open: &Sender<Sender<bool>>) {
    let mut group = Vec::new();
    while let Ok(comer) = comers.recv() {
        group.push(comer);
        if group.len() == size {
            for (place, member) in mem::take(&mut group).into_iter().enumerate() {
                let _ = member.send(place == 0);
            }
        }
    }
}

impl Barrier {
    pub fn new(size: usize) -> Self {
        assert!(size > 0, "a group has at least one thread");
        let (desk, comers) = mpsc::channel();
        let open = desk.clone();
        thread::spawn(move || serve(size, &comers, &open));
        Self { desk: Mutex::new(desk.clone()), _also: desk }
    }

    pub fn wait(&self) -> bool {
        let (go, gone) = mpsc::channel();
        let desk = self.desk.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        let _ = desk.send(go);
        gone.recv().unwrap_or_default()
    }
}
