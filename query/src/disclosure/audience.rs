//! Who may see a cleared value.

use std::fmt;

mod sealed {
    pub trait Sealed {}
}

/// An audience; there are three and nobody can add one.
pub trait Audience: sealed::Sealed + fmt::Debug + 'static {
    /// The word in ledgers, addresses and messages.
    const WORD: &'static str;
}

/// The DSL, deputies and SLT on screen: pseudonymous and exact.
#[derive(Clone, Copy, Debug)]
pub enum Staff {}

/// Governors: the sealed governor set.
#[derive(Clone, Copy, Debug)]
pub enum Governors {}

/// Parents and everybody else: the sealed parent set.
#[derive(Clone, Copy, Debug)]
pub enum Public {}

impl sealed::Sealed for Staff {}
impl sealed::Sealed for Governors {}
impl sealed::Sealed for Public {}

impl Audience for Staff {
    const WORD: &'static str = "staff";
}
impl Audience for Governors {
    const WORD: &'static str = "governors";
}
impl Audience for Public {
    const WORD: &'static str = "parents";
}
