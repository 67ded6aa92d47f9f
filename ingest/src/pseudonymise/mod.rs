//! pseudonymise
