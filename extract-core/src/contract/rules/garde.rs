//! Validators of the crate `garde`.

use std::any::{Any, type_name};

use garde::Validate;

use crate::contract::{CheckError, CheckFailure, Checker, Extract, Problem};

/// Reports the violations that `garde` finds in the current value. A context other than `()` is the value
/// of that type that was passed to the extraction.
pub fn report<T>(value: &T, checker: &mut Checker<'_>)
where
    T: Extract + Validate<Context: Any>,
{
    let none: &dyn Any = &();
    let context = checker.context().find::<T::Context>().or_else(|| none.downcast_ref());
    let Some(context) = context else {
        let missing = CheckFailure::NoContext { type_name: type_name::<T::Context>() };
        return checker.report(Err(CheckError::Failed(missing)));
    };
    let Err(report) = value.validate_with(context) else { return };
    for (path, error) in report.iter() {
        // garde's paths are stored from the end, and only this hidden method of its macros reads them.
        let named = path.__iter().rev().filter(|(_, name)| !name.is_empty());
        let path = named.map(|(_, name)| name.to_string()).collect();
        let (pointer, unknown) = checker.pointer_of_code_path(value, path);
        let rule = format!("a value that passes its rule ({}{unknown})", error.message());
        checker.report(Err(Problem::rule(pointer, rule)));
    }
}
