//! Wall 2: the only form in which a figure leaves this crate.

use std::fmt;
use std::marker::PhantomData;

use super::audience::{Audience, Governors, Public, Staff};

/// A value that disclosure control has cleared for the audience `A`.
///
/// Its origins are two functions of this crate's `disclosure` module, `control` (live tables for
/// staff) and `ledger` (sealed sets): search for `Releasable::cleared`. There is no `map`,
/// `From<T>`, `Default` or `Deserialize`; each would be a further origin.
///
/// Nobody outside can clear a value:
///
/// ```compile_fail
/// use query::{Releasable, Staff};
/// fn forge(value: u64) -> Releasable<u64, Staff> {
///     Releasable::cleared(value)
/// }
/// ```
///
/// while whoever was handed one can read it:
///
/// ```
/// use query::{Releasable, Staff};
/// fn read(cleared: &Releasable<u64, Staff>) -> u64 {
///     *cleared.value()
/// }
/// ```
///
/// What is cleared for staff is not cleared for the public:
///
/// ```compile_fail
/// use query::{Public, Releasable, Staff};
/// fn publish(cleared: Releasable<u64, Staff>) -> Releasable<u64, Public> {
///     cleared.into()
/// }
/// ```
///
/// while the other way is harmless:
///
/// ```
/// use query::{Public, Releasable, Staff};
/// fn show(cleared: Releasable<u64, Public>) -> Releasable<u64, Staff> {
///     cleared.into()
/// }
/// ```
pub struct Releasable<T, A: Audience> {
    value: T,
    audience: PhantomData<fn() -> A>,
}

impl<T, A: Audience> Releasable<T, A> {
    /// The door. Called in `disclosure::control` and `disclosure::ledger` only (tidy checks).
    pub(super) fn cleared(value: T) -> Self {
        Self { value, audience: PhantomData }
    }

    /// The cleared value.
    pub fn value(&self) -> &T {
        &self.value
    }

    /// The audience's word.
    #[must_use]
    pub fn audience(&self) -> &'static str {
        A::WORD
    }
}

impl<T: Clone, A: Audience> Clone for Releasable<T, A> {
    fn clone(&self) -> Self {
        Self { value: self.value.clone(), audience: PhantomData }
    }
}

impl<T, A: Audience> fmt::Debug for Releasable<T, A> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Releasable<_, {}>", A::WORD)
    }
}

impl<T> From<Releasable<T, Public>> for Releasable<T, Staff> {
    fn from(cleared: Releasable<T, Public>) -> Self {
        Self { value: cleared.value, audience: PhantomData }
    }
}

impl<T> From<Releasable<T, Public>> for Releasable<T, Governors> {
    fn from(cleared: Releasable<T, Public>) -> Self {
        Self { value: cleared.value, audience: PhantomData }
    }
}

impl<T> From<Releasable<T, Governors>> for Releasable<T, Staff> {
    fn from(cleared: Releasable<T, Governors>) -> Self {
        Self { value: cleared.value, audience: PhantomData }
    }
}
