//! Variant: two lists of parked threads, the newest is served first; an item is laid into the hands of whoever takes.

use std::sync::atomic::{AtomicBool, Ordering::{Acquire, Release}};
use std::sync::{Arc, Mutex};
use std::thread::{self, Thread};

#[derive(Debug)]
struct Hands<T> {
    item: Mutex<Option<T>>,
    done: AtomicBool,
    owner: Thread,
}

impl<T> Hands<T> {
    fn new(item: Option<T>) -> Arc<Self> {
        Arc::new(Self { item: Mutex::new(item), done: AtomicBool::new(false), owner: thread::current() })
    }

    fn wait(&self) {
        while !self.done.load(Acquire) {
            thread::park();
        }
    }

    fn finish(&self) {
        self.done.store(true, Release);
        self.owner.unpark();
    }
}

#[derive(Debug)]
struct Lists<T> {
    givers: Vec<Arc<Hands<T>>>,
    takers: Vec<Arc<Hands<T>>>,
}

#[derive(Debug)]
pub struct Handoff<T>(Mutex<Lists<T>>);

impl<T> Handoff<T> {
    pub fn new() -> Self {
        Self(Mutex::new(Lists { givers: Vec::new(), takers: Vec::new() }))
    }

    pub fn give(&self, item: T) {
        let mut lists = self.0.lock().unwrap();
        if let Some(taker) = lists.takers.pop() {
            *taker.item.lock().unwrap() = Some(item);
            taker.finish();
            return;
        }
        let mine = Hands::new(Some(item));
        lists.givers.push(mine.clone());
        drop(lists);
        mine.wait();
    }

    pub fn take(&self) -> T {
        let mut lists = self.0.lock().unwrap();
        if let Some(giver) = lists.givers.pop() {
            let item = giver.item.lock().unwrap().take().unwrap();
            giver.finish();
            return item;
        }
        let mine = Hands::new(None);
        lists.takers.push(mine.clone());
        drop(lists);
        mine.wait();
        mine.item.lock().unwrap().take().unwrap()
    }
}
