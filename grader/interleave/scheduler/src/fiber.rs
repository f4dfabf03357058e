//! Stacks of their own for the threads of a schedule. All run on one operating-system thread, one at a time: to go from
//! one to the next is a few instructions, and no system call.
//!
//! Knows nothing of schedules: a fiber itself says who goes on when it gives way. What the compiler keeps for each
//! operating-system thread (values of `thread_local!`, panics under way) is exchanged here whenever another fiber runs.

use std::cell::{Cell, RefCell};
use std::io;

use corosensei::stack::DefaultStack;
use corosensei::{Coroutine, CoroutineResult, Yielder};

use crate::locals::Locals;
use crate::{context, locals, unwinding};

/// Who goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Next {
    /// The fiber of this number; the first one that was made is 0.
    Fiber(usize),
    /// Nobody: the schedule is over.
    Nobody,
}

/// What a fiber does, and who goes on after it. It must not unwind.
pub(crate) type Job = Box<dyn FnOnce() -> Next>;

type Code = Coroutine<(), Next, Next, DefaultStack>;

struct Fiber {
    code: Code,
    /// Whether its stack is one that others can use after it.
    is_common: bool,
    locals: Locals,
    panics: u32,
}

/// Bytes of a stack, if nothing else is asked for: as the standard library has it.
const COMMON_STACK: usize = 2 << 20;
/// However little is asked for, a panic must find room to be told.
const LEAST_STACK: usize = 256 << 10;
/// So many stacks wait to be used again. What lies deep in them has been touched, and takes memory.
const STACKS_KEPT: usize = 64;

std::thread_local! {
    /// The fibers of the running schedule that have not ended; the running one is not here.
    static FIBERS: RefCell<Vec<Option<Fiber>>> = const { RefCell::new(Vec::new()) };
    /// How the running fiber gives way. Null if none runs.
    static YIELDER: Cell<*const Yielder<(), Next>> = const { Cell::new(std::ptr::null()) };
    static STACKS: RefCell<Vec<DefaultStack>> = const { RefCell::new(Vec::new()) };
}

/// Makes a fiber that does `job` when somebody lets it go on. With a `stack_size`, in bytes, it has a stack of its own.
///
/// # Errors
/// If there is no room for one more stack.
pub(crate) fn add(stack_size: Option<usize>, job: Job) -> io::Result<()> {
    let stack = match stack_size {
        Some(size) if size > isize::MAX as usize => return Err(io::ErrorKind::OutOfMemory.into()),
        Some(size) => DefaultStack::new(size.max(LEAST_STACK))?,
        None => match STACKS.with_borrow_mut(Vec::pop) {
            Some(stack) => stack,
            None => DefaultStack::new(COMMON_STACK)?,
        },
    };
    let code = Coroutine::with_stack(stack, move |yielder, ()| {
        YIELDER.set(yielder);
        job()
    });
    let fiber = Fiber { code, is_common: stack_size.is_none(), locals: Locals::default(), panics: 0 };
    FIBERS.with_borrow_mut(|fibers| fibers.push(Some(fiber)));
    Ok(())
}

/// Runs the fibers, from number 0 on, until one says that nobody goes on. Those that have not ended then are given up:
/// they run no more, and no destructor of theirs does.
pub(crate) fn run() {
    let mut next = 0;
    loop {
        let Some(mut fiber) = FIBERS.with_borrow_mut(|fibers| fibers[next].take()) else {
            unreachable!("only a fiber that has not ended can go on")
        };
        let passed = resume(next, &mut fiber);
        let then = match passed {
            CoroutineResult::Yield(then) => {
                FIBERS.with_borrow_mut(|fibers| fibers[next] = Some(fiber));
                then
            }
            CoroutineResult::Return(then) => {
                fiber.give_stack_back();
                then
            }
        };
        match then {
            Next::Fiber(number) => next = number,
            Next::Nobody => break,
        }
    }
    FIBERS.take().into_iter().flatten().for_each(Fiber::give_up);
}

fn resume(number: usize, fiber: &mut Fiber) -> CoroutineResult<Next, Next> {
    context::set_me(number);
    locals::exchange(&mut fiber.locals);
    unwinding::exchange(&mut fiber.panics);
    let passed = fiber.code.resume(());
    unwinding::exchange(&mut fiber.panics);
    locals::exchange(&mut fiber.locals);
    YIELDER.set(std::ptr::null());
    passed
}

/// Lets somebody else go on. Returns when the running fiber is let go on itself, perhaps never.
///
/// # Panics
/// If no fiber runs.
pub(crate) fn give_way(next: Next) {
    let yielder = YIELDER.get();
    assert!(!yielder.is_null(), "only a fiber can give way");
    // SAFETY: the running fiber has left it here as it began or went on, and it is there as long as the fiber's code
    // runs. `resume` takes it away when the fiber gives way.
    #[expect(unsafe_code, reason = "every operation would have to hand it on; see the SAFETY comment")]
    unsafe {
        (*yielder).suspend(next);
    }
    YIELDER.set(yielder);
}

impl Fiber {
    fn give_stack_back(self) {
        if !self.is_common {
            return;
        }
        let stack = self.code.into_stack();
        STACKS.with_borrow_mut(|stacks| {
            if stacks.len() < STACKS_KEPT {
                stacks.push(stack);
            }
        });
    }

    fn give_up(mut self) {
        self.locals.forget();
        // SAFETY: what lies on the stack is lost without a destructor, as if its thread slept for ever. Nobody can
        // still point there: whatever has the stack's lifetime is of this schedule, whose fibers are all given up
        // together, and none of them runs again; what outlives the schedule is `'static` and cannot point to a stack.
        #[expect(unsafe_code, reason = "to unwind would run the body's code; see the SAFETY comment")]
        unsafe {
            self.code.force_reset();
        }
        self.give_stack_back();
    }
}
