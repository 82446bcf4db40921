//! Validators of other crates, one file per crate. For `#[extract(garde)]` and `#[extract(validator)]` the
//! derive calls `report` of the module with that name.

#[cfg(feature = "garde")]
pub mod garde;
#[cfg(feature = "validator")]
pub mod validator;

/// Defines the module of a feature that is off. Its functions give a compile error that names the feature.
#[cfg(not(all(feature = "garde", feature = "validator")))]
macro_rules! off {
    ($name:ident, $message:literal, $note:literal) => {
        pub mod $name {
            use crate::contract::Checker;

            #[diagnostic::on_unimplemented(message = $message, note = $note)]
            pub trait FeatureIsOn {}

            pub fn report<T: FeatureIsOn>(_: &T, _: &mut Checker<'_>) {}
            pub fn report_with<C, T: FeatureIsOn>(_: &T, _: &mut Checker<'_>) {}
        }
    };
}

#[cfg(not(feature = "garde"))]
off!(
    garde,
    "`#[extract(garde)]` needs the feature `garde` of `extract-llm`",
    "turn it on in `Cargo.toml`: features = [\"garde\"]"
);
#[cfg(not(feature = "validator"))]
off!(
    validator,
    "`#[extract(validator)]` needs the feature `validator` of `extract-llm`",
    "turn it on in `Cargo.toml`: features = [\"validator\"]"
);
