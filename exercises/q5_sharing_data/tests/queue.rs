//! Visible examples: a first look at what is asked. The grader does not read this file.

use pretty_assertions::assert_eq;
use q5_sharing_data::api::{Closed, GetError, Order};
use q5_sharing_data::threads::queue::Queue;
use std::num::NonZeroUsize;
use std::thread;

fn of(order: Order) -> Queue<u64> {
    Queue::bounded(order, NonZeroUsize::new(3).expect("not zero"))
}

#[test]
fn each_order_has_its_own_next_item() {
    for (order, wanted) in [(Order::Fifo, [2, 3, 1]), (Order::Lifo, [1, 3, 2]), (Order::Priority, [1, 2, 3])]
    {
        let queue = of(order);
        for item in [2, 3, 1] {
            queue.put(item).expect("it is open");
        }
        assert_eq!([0; 3].map(|_| queue.get().expect("three were put")), wanted, "{order:?}");
        assert_eq!(queue.try_get(), Err(GetError::Empty));
    }
}

#[test]
fn after_close_the_rest_comes_out_and_nothing_goes_in() {
    let queue = of(Order::Fifo);
    queue.put(1).expect("it is open");
    queue.close();
    assert_eq!(queue.put(2), Err(Closed(2)));
    assert_eq!(queue.get(), Ok(1));
    assert_eq!(queue.get(), Err(GetError::Closed));
}

#[test]
fn join_waits_for_the_work() {
    let queue = of(Order::Fifo);
    queue.put(1).expect("it is open");
    thread::scope(|scope| {
        scope.spawn(|| {
            queue.get().expect("one was put");
            queue.task_done();
        });
        queue.join();
    });
}
