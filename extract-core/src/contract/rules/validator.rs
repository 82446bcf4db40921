//! The rules of the crate `validator`.

use std::any::Any;

use validator::{Validate, ValidateArgs, ValidationError, ValidationErrors, ValidationErrorsKind};

use crate::contract::{Checker, Extract, Problem};

/// What `validator` calls the value itself, among the names of its fields.
const ITSELF: [&str; 2] = ["__all__", "_tmp_validator"];

/// Reports what `validator` finds wrong with the value at this place.
pub fn report<T: Extract + Validate>(value: &T, checker: &mut Checker<'_>) {
    tell(value, value.validate(), checker);
}

/// The same for rules with a context: the one of this type that was given to the extraction.
pub fn report_with<C, T>(value: &T, checker: &mut Checker<'_>)
where
    C: Any + Send + Sync,
    T: Extract + for<'a> ValidateArgs<'a, Args = &'a C>,
{
    match checker.context().get::<C>() {
        Ok(context) => tell(value, value.validate_with_args(context), checker),
        Err(missing) => checker.report(Err(missing)),
    }
}

fn tell<T: Extract>(value: &T, result: Result<(), ValidationErrors>, checker: &mut Checker<'_>) {
    let Err(errors) = result else { return };
    let mut found = Vec::new();
    flatten(&errors, &mut Vec::new(), &mut found);
    // They come out of a hash map.
    found.sort();
    for (path, rule) in found {
        let (pointer, unknown) = checker.pointer_of_code_path(value, path);
        checker.report(Err(Problem::rule(pointer, format!("a value that passes {rule}{unknown}"))));
    }
}

/// All errors, each with its path.
fn flatten(
    errors: &ValidationErrors,
    path: &mut Vec<String>,
    found: &mut Vec<(Vec<String>, String)>,
) {
    for (name, kind) in errors.errors() {
        let before = path.len();
        if !ITSELF.contains(&name.as_ref()) {
            path.push(name.to_string());
        }
        match kind {
            ValidationErrorsKind::Field(errors) => {
                found.extend(errors.iter().map(|error| (path.clone(), rule(error))));
            }
            ValidationErrorsKind::Struct(errors) => flatten(errors, path, found),
            ValidationErrorsKind::List(items) => {
                for (index, errors) in items {
                    path.push(index.to_string());
                    flatten(errors, path, found);
                    path.pop();
                }
            }
        }
        path.truncate(before);
    }
}

/// The rule in words: the user's, or its name and bounds.
fn rule(error: &ValidationError) -> String {
    if let Some(message) = &error.message {
        return format!("its rule ({message})");
    }
    let mut bounds: Vec<String> = error
        .params
        .iter()
        .filter(|(name, _)| *name != "value")
        .map(|(name, value)| format!("{name} {value}"))
        .collect();
    bounds.sort();
    if bounds.is_empty() {
        return format!("`{}`", error.code);
    }
    format!("`{}` ({})", error.code, bounds.join(", "))
}
