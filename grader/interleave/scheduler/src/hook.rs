//! Panics of scheduled threads: silent on the terminal, a step in the trace, and then whatever the body's own hook does.
//!
//! Every schedule begins without a hook of its own. Knows nothing of what becomes of the panic; whether it fails the
//! schedule is decided where it ends.

use std::panic::PanicHookInfo;
use std::sync::{Arc, Once};

use crate::context::{self, Here};
use crate::execution::Guard;
use crate::names::{Site, place};
use crate::state::State;
use crate::trace::Detail;
use crate::unwinding;

/// Makes panics of scheduled threads silent and records where they happened. Other threads keep the hook that was
/// installed before. Calling it again changes nothing; an [`Explorer`](crate::Explorer) calls it when it is made.
pub fn install_panic_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !record(info) {
                before(info);
            }
        }));
    });
}

/// False if the current thread belongs to no schedule.
fn record(info: &PanicHookInfo<'_>) -> bool {
    let Some(here) = context::here() else { return false };
    unwinding::begin();
    // The state is in use only if the engine itself panicked: that must be seen.
    let Some(mut state) = here.execution.try_inspect() else { return false };
    let own = state.hook.clone();
    let message = one_line(info.payload_as_str().unwrap_or("a value that is not text"));
    let location = info.location().map_or_else(|| "?".to_owned(), place);
    let headline = format!("panicked at {location}: {message}");
    let site = state.threads[here.me].site;
    let detail = Detail::Panic(location.into(), message.into());
    state.record(here.me, "panics", None, site, detail);
    state.threads[here.me].unwinding.get_or_insert_with(|| headline.into());
    drop(state);
    if let Some(own) = own {
        own(info);
    }
    true
}

/// What a body may do when a thread panics.
pub type Hook = Box<dyn Fn(&PanicHookInfo<'_>) + Sync + Send + 'static>;

/// A hook that can be called while another thread replaces it.
pub(crate) type SharedHook = Arc<Hook>;

/// Sets the hook of the running schedule; gives it back outside of one. Others may run before it.
///
/// # Errors
/// The hook, outside a schedule.
pub fn set(hook: Hook, site: Site) -> Result<(), Hook> {
    let Some(here) = context::here() else { return Err(hook) };
    let mut state = changing(&here, "set_hook", site);
    let old = state.hook.replace(Arc::new(hook));
    drop(state);
    drop(old); // what it has captured may be anything
    Ok(())
}

/// Takes the hook of the running schedule, one that does nothing if there is none; nothing outside of a schedule. Others
/// may run before it.
#[must_use]
pub fn take(site: Site) -> Option<Hook> {
    let here = context::here()?;
    let own = changing(&here, "take_hook", site).hook.take();
    Some(Box::new(move |info| {
        if let Some(own) = &own {
            own(info);
        }
    }))
}

/// A step that changes the hook.
fn changing<'a>(here: &'a Here, verb: &'static str, site: Site) -> Guard<'a> {
    let (mut state, site) = here.point(site);
    state.record(here.me, verb, None, site, Detail::None);
    let State { threads, hook_clock, .. } = &mut *state;
    let own = &mut threads[here.me].view.clock;
    own.join(hook_clock);
    hook_clock.join(own);
    own.tick(here.me);
    state
}

/// Reports have one line a step: the lines of a longer message are joined.
pub(crate) fn one_line(message: &str) -> String {
    message.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ")
}
