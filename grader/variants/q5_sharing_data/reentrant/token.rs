//! Variant: a channel with one token in it is the lock; whoever has the token keeps it with its name and its count.

use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Mutex;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread::{self, ThreadId};

#[derive(Debug)]
pub struct ReentrantLock<T> {
    give: SyncSender<()>,
    take: Mutex<Receiver<()>>,
    holder: Mutex<Option<(ThreadId, usize)>>,
    value: T,
}

#[derive(Debug)]
pub struct ReentrantGuard<'a, T>(&'a ReentrantLock<T>, PhantomData<*const ()>);

impl<T> ReentrantLock<T> {
    pub fn new(value: T) -> Self {
        let (give, take) = mpsc::sync_channel(1);
        give.send(()).expect("there is room for one");
        Self { give, take: Mutex::new(take), holder: Mutex::new(None), value }
    }

    pub fn lock(&self) -> ReentrantGuard<'_, T> {
        let me = thread::current().id();
        let guard = ReentrantGuard(self, PhantomData);
        if let Some((owner, depth)) = &mut *self.holder.lock().unwrap()
            && *owner == me
        {
            *depth += 1;
            return guard;
        }
        self.take.lock().unwrap().recv().expect("the sender is ours");
        *self.holder.lock().unwrap() = Some((me, 1));
        guard
    }
}

impl<T> Deref for ReentrantGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0.value
    }
}

impl<T> Drop for ReentrantGuard<'_, T> {
    fn drop(&mut self) {
        let mut holder = self.0.holder.lock().unwrap();
        let (_, depth) = holder.as_mut().expect("it is held");
        *depth -= 1;
        if *depth == 0 {
            *holder = None;
            drop(holder);
            self.0.give.send(()).expect("the receiver is ours");
        }
    }
}
