//! Variant: odd paths to plain things, words that a screen might fear in comments and strings, and
//! letters from everywhere. — Größe, 数, число, رقم, 🐎🏁

#![forbid(unsafe_code)]

mod api;
pub use self::api::*;

use std as s;
use std::sync as sy;

/* A comment /* in a comment */ that mentions `unsafe { *ptr }`, extern "C", std::process::exit(0),
include_str!("/etc/passwd"), asm!(), #[path = "../../solutions"], fork() and kill -9.
None of it is code. */

/// „Liste der Zahlen“ — the docs may say `unsafe`, too: it is only a word.
#[derive(Default)]
pub struct NumberList {
    inneres: ::std::sync::Mutex<Inneres>,
}

#[::core::prelude::v1::derive(::core::fmt::Debug, ::core::default::Default)]
struct Inneres {
    größe: s::collections::VecDeque<u64>,
    geschichte: ::std::vec::Vec<self::api::Event>,
}

impl s::fmt::Debug for NumberList {
    fn fmt(&self, f: &mut s::fmt::Formatter<'_>) -> s::fmt::Result {
        let words = r#"unsafe { "not" } // really"#;
        write!(f, "NumberList 📜 {words} {:?} '\u{1F40E}' \\ {{}}", self.öffne().größe)
    }
}

impl NumberList {
    #[must_use]
    pub fn new() -> NumberList {
        <NumberList as ::core::default::Default>::default()
    }

    pub fn add(&self, number: u64) -> () {
        let mut inneres = self.öffne();
        s::collections::VecDeque::<u64>::push_back(&mut inneres.größe, number);
        Vec::push(&mut inneres.geschichte, crate::Event::Added(number));
    }

    pub fn remove(&self) -> ::core::option::Option<u64> {
        let mut inneres = Self::öffne(self);
        let zahl = inneres.größe.pop_front();
        inneres.geschichte.push(zahl.map_or(Event::Empty, |zahl| Event::Removed(zahl)));
        return zahl;
    }

    pub fn len(&self) -> ::core::primitive::usize {
        self.öffne().größe.len()
    }

    pub fn is_empty(&self) -> bool {
        matches!(self.len(), 0)
    }

    pub fn history(&self) -> Vec<Event> {
        <[Event]>::to_vec(&self.öffne().geschichte)
    }

    pub fn inspect<'a>(&'a self, look: &'_ mut (dyn for<'n> FnMut(&'n [u64]) + '_)) {
        (*look)(self.öffne().größe.make_contiguous())
    }

    pub fn into_numbers(self) -> Vec<u64> {
        let Self { inneres } = self;
        let inneres = inneres.into_inner().unwrap_or_else(sy::PoisonError::into_inner);
        s::iter::FromIterator::from_iter(inneres.größe)
    }

    fn öffne(&self) -> sy::MutexGuard<'_, Inneres> {
        match sy::Mutex::lock(&self.inneres) {
            s::result::Result::Ok(offen) => offen,
            Err(vergiftet) => sy::PoisonError::into_inner(vergiftet),
        }
    }
}

macro_rules! in_thread {
    ($scope:ident, $($body:tt)*) => { s::thread::Scope::spawn($scope, || { $($body)* }) };
}

pub fn add_and_remove(numbers: &[u64], removals: usize, pause: &(dyn Fn() + Sync)) -> NumberList {
    let list = NumberList::new();
    ::std::thread::scope(|scope| {
        in_thread!(
            scope,
            for &zahl in numbers {
                list.add(zahl);
                pause()
            }
        );
        in_thread!(
            scope,
            (0..removals).for_each(|_| {
                list.remove();
                pause()
            })
        );
    });
    list
}
