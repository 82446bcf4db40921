//! x
pub use extract_core::*;
#[cfg(feature = "derive")]
pub use extract_derive::Extract;

#[doc(hidden)]
pub mod __private {
    pub use extract_core::__private::*;
    #[cfg(feature = "derive")]
    pub use extract_derive::discard;
}
