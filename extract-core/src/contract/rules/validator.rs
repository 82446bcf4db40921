//! Validators of the crate `validator`.

use std::any::Any;

use validator::{Validate, ValidateArgs, ValidationError, ValidationErrors, ValidationErrorsKind};

use crate::contract::{Checker, Extract, Problem};

/// The names that `validator` uses for the value itself, in the place of a field name.
const ITSELF: [&str; 2] = ["__all__", "_tmp_validator"];

/// Reports the violations that `validator` finds in the current value.
pub fn report<T: Extract + Validate>(value: &T, checker: &mut Checker<'_>) {
    report_errors(value, value.validate(), checker);
}

/// Reports the violations that `validator` finds with a context: the value of type `C` that was passed to
/// the extraction. Without one, the check fails.
pub fn report_with<C, T>(value: &T, checker: &mut Checker<'_>)
where
    C: Any + Send + Sync,
    T: Extract + for<'a> ValidateArgs<'a, Args = &'a C>,
{
    match checker.context().get::<C>() {
        Ok(context) => report_errors(value, value.validate_with_args(context), checker),
        Err(missing) => checker.report(Err(missing)),
    }
}

/// Reports the violations of a value, in a stable order.
fn report_errors<T: Extract>(
    value: &T,
    result: Result<(), ValidationErrors>,
    checker: &mut Checker<'_>,
) {
    let Err(errors) = result else { return };
    let mut found = Vec::new();
    flatten(&errors, &mut Vec::new(), &mut found);
    // `validator` keeps them in a hash map.
    found.sort();
    for (path, rule) in found {
        let (pointer, unknown) = checker.pointer_of_code_path(value, path);
        checker.report(Err(Problem::rule(pointer, format!("a value that passes {rule}{unknown}"))));
    }
}

/// Appends all errors, with the path of each.
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
                found.extend(errors.iter().map(|error| (path.clone(), describe_rule(error))));
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

/// Describes the rule of an error: by the user's message, otherwise by its name and its bounds.
fn describe_rule(error: &ValidationError) -> String {
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
