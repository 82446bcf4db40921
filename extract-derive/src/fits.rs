//! Checks a field's attributes against its type, as far as the tokens show the type: constraints that never
//! or always hold, flattened fields without members, and maps whose keys are not strings. Mistakes behind
//! an alias or a type parameter are found when the contract is built.

use proc_macro2::Ident;
use quote::ToTokens;
use syn::visit::{self, Visit};
use syn::{Expr, GenericArgument, PathArguments, PathSegment, Type};

use crate::constraint::{Constraint, Number};
use crate::model::{Field, Variant};
use crate::syntax::Mistakes;
use crate::types::has_own_schema;

/// Checks a field's attributes against its type. Mistakes are added to `mistakes`.
pub(crate) fn check(field: &Field, mistakes: &mut Mistakes) {
    let items = &field.items;
    // The schema of such a field does not come from its type.
    if items.with.is_some() || items.schema_with.is_some() || field.wire.described {
        return;
    }
    if field.wire.reader.is_none() {
        check_flattened(field, mistakes);
        Keys { mistakes: &mut *mistakes }.visit_type(&field.ty);
    }
    for constraint in &items.constraints {
        check_array_length(&field.ty, constraint, mistakes);
        let Some((kind, name)) = kind_of(&field.ty, constraint.depth) else { continue };
        if let Some(mend) = misfit(constraint, kind) {
            let item = &constraint.word;
            mistakes.push(item, format_args!("`{item}` does not apply to `{name}`: {mend}"));
        } else if let Kind::Integer(least, most) = kind {
            for (word, bound) in constraint.range() {
                check_bound(word, bound, (least, most), &name, mistakes);
            }
        }
    }
}

/// Refuses a `length` that the array of a literal length cannot have.
fn check_array_length(ty: &Type, constraint: &Constraint, mistakes: &mut Mistakes) {
    let Some(Type::Array(array)) = inside(ty, constraint.depth) else { return };
    let Some(length) = Number::of(&array.len) else { return };
    for (item, bound) in constraint.length() {
        let Some(number) = Number::of(bound) else { continue };
        let order = number.compare(length);
        let is_never = match item.to_string().as_str() {
            "min" => order.is_gt(),
            "max" => order.is_lt(),
            _ => order.is_ne(),
        };
        if is_never {
            mistakes
                .push(bound, format_args!("no value is valid: the array has {length} elements"));
        }
    }
}

/// Refuses `flatten` on a type without members: serde reads the field from the object around it.
fn check_flattened(field: &Field, mistakes: &mut Mistakes) {
    let Some((kind, name)) = kind_of(&field.ty, 0).filter(|_| field.wire.flattened) else { return };
    let is_nothing = kind == Kind::Tuple && name == "()";
    if kind != Kind::Map && !is_nothing {
        mistakes.push(
            &field.ty,
            format_args!(
                "`{name}` has no named members to flatten: remove `flatten`, or flatten a struct \
                 that has this field"
            ),
        );
    }
}

/// Refuses a variant with a value that has no members, if the tag is in the same object.
pub(crate) fn check_beside_tag(variant: &Variant, tag: &str, mistakes: &mut Mistakes) {
    let [field] = variant.fields.as_slice() else { return };
    if field.wire.name.is_some() || field.wire.skipped || !has_own_schema(field) {
        return;
    }
    let Some((kind, name)) = kind_of(&field.ty, 0) else { return };
    if kind != Kind::Map && name != "()" {
        mistakes.push(
            &field.ty,
            format_args!(
                "`{name}` has no named members, so it cannot be in one object with the tag `{tag}`: \
                 name the field, or add `content = \"..\"` beside `tag`"
            ),
        );
    }
}

/// Refuses maps whose keys are lists, maps or tuples: the keys of a JSON object are strings.
struct Keys<'a> {
    mistakes: &'a mut Mistakes,
}

impl<'ast> Visit<'ast> for Keys<'_> {
    fn visit_path_segment(&mut self, segment: &'ast PathSegment) {
        let arguments = arguments(segment);
        let kind = named(&segment.ident.to_string(), arguments.len());
        if let (Some(Kind::Map), Some(key)) = (kind, arguments.first()) {
            if let Some((Kind::List | Kind::Map | Kind::Tuple, name)) = kind_of(key, 0) {
                self.mistakes.push(
                    key,
                    format_args!(
                        "`{name}` cannot be the key of a map, because the keys of a JSON object are \
                         strings: use a list of pairs, `Vec<({name}, _)>`"
                    ),
                );
            }
        }
        visit::visit_path_segment(self, segment);
    }
}

/// The kind of values of a type.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// An integer, with the least and the greatest value.
    Integer(Number, Number),
    Float,
    Text,
    Char,
    Bool,
    List,
    Map,
    Tuple,
}

/// Returns the fix if the constraint does not apply to the kind, or `None` if it does.
fn misfit(constraint: &Constraint, kind: Kind) -> Option<&'static str> {
    let is_number = matches!(kind, Kind::Integer(..) | Kind::Float);
    match (constraint.slot(), kind) {
        ("range" | "multiple_of", _) if is_number => None,
        ("range" | "multiple_of", Kind::List | Kind::Map) => {
            Some("use `inner(..)` for the elements, or `length(..)` for their number")
        }
        ("range", Kind::Text) => Some("it is for numbers; use `length(..)` for a string"),
        ("range" | "multiple_of", _) => Some("it is for numbers; remove it"),
        ("length", Kind::Text | Kind::List | Kind::Map) => None,
        ("length", _) if is_number => {
            Some("it is for strings, lists and maps; use `range(..)` for a number")
        }
        ("length", _) => Some("it is for strings, lists and maps; remove it"),
        (_, Kind::Text | Kind::Char) => None,
        (_, Kind::List | Kind::Map) => Some("use `inner(..)` for the strings inside"),
        (_, _) => Some("it is for strings; remove it"),
    }
}

/// Refuses a literal bound of a `range` that no value of the integer type meets, or that all meet.
fn check_bound(
    item: &Ident,
    bound: &Expr,
    (least, most): (Number, Number),
    name: &str,
    mistakes: &mut Mistakes,
) {
    let Some(number) = Number::of(bound) else { return };
    let is_lower = item == "min" || item == "exclusive_min";
    let is_exclusive = item == "exclusive_min" || item == "exclusive_max";
    let passes = |end: Number, other: std::cmp::Ordering| {
        let order = number.compare(end);
        order == other || (is_exclusive && order.is_eq())
    };
    use std::cmp::Ordering::{Greater, Less};
    let (never, always) = if is_lower {
        (passes(most, Greater), number.compare(least).is_lt())
    } else {
        (passes(least, Less), number.compare(most).is_gt())
    };
    let ends = format!("the range of `{name}` is {least} to {most}");
    if never {
        mistakes.push(bound, format_args!("no value is valid: {ends}"));
    } else if always {
        mistakes.push(bound, format_args!("this bound has no effect: {ends}"));
    }
}

/// Returns the kind of the values that a constraint inside `depth` `inner(..)` applies to, and the name
/// of their type. Returns `None` for a type that the tokens do not show.
fn kind_of(ty: &Type, depth: usize) -> Option<(Kind, String)> {
    let ty = inside(ty, depth)?;
    let kind = match ty {
        Type::Array(_) | Type::Slice(_) => Kind::List,
        Type::Tuple(_) => Kind::Tuple,
        Type::Path(path) if path.qself.is_none() => {
            let segment = path.path.segments.last()?;
            named(&segment.ident.to_string(), arguments(segment).len())?
        }
        _ => return None,
    };
    let name = ty.to_token_stream().to_string().replace(' ', "").replace(',', ", ");
    Some((kind, name))
}

/// Returns the type inside `depth` lists and maps, without pointers and `Option`s around it.
fn inside(ty: &Type, depth: usize) -> Option<&Type> {
    let ty = bare(ty);
    match depth.checked_sub(1) {
        Some(depth) => inside(element(ty)?, depth),
        None => Some(ty),
    }
}

/// Returns the kind of a standard type by its name and its number of type arguments, or `None`.
fn named(name: &str, arguments: usize) -> Option<Kind> {
    let signed = |bits: u32| Kind::Integer(Number::Int(i128::MIN >> (128 - bits)), power(bits - 1));
    let unsigned = |bits: u32, least: i128| Kind::Integer(Number::Int(least), power(bits));
    Some(match (name, arguments) {
        ("u8", 0) => unsigned(8, 0),
        ("u16", 0) => unsigned(16, 0),
        ("u32", 0) => unsigned(32, 0),
        ("u64", 0) => unsigned(64, 0),
        ("NonZeroU8", 0) => unsigned(8, 1),
        ("NonZeroU16", 0) => unsigned(16, 1),
        ("NonZeroU32", 0) => unsigned(32, 1),
        ("NonZeroU64", 0) => unsigned(64, 1),
        ("i8" | "NonZeroI8", 0) => signed(8),
        ("i16" | "NonZeroI16", 0) => signed(16),
        ("i32" | "NonZeroI32", 0) => signed(32),
        ("i64" | "NonZeroI64", 0) => signed(64),
        // The width depends on the target, or exceeds the range of `i128`.
        ("usize" | "u128" | "NonZeroUsize" | "NonZeroU128", 0) => unsigned(127, 0),
        ("isize" | "i128" | "NonZeroIsize" | "NonZeroI128", 0) => signed(128),
        ("f32" | "f64", 0) => Kind::Float,
        ("String" | "str" | "PathBuf", 0) => Kind::Text,
        ("char", 0) => Kind::Char,
        ("bool", 0) => Kind::Bool,
        ("Vec" | "VecDeque" | "LinkedList" | "BTreeSet" | "BinaryHeap", 1)
        | ("HashSet" | "IndexSet", 1 | 2) => Kind::List,
        ("BTreeMap", 2) | ("HashMap" | "IndexMap", 2 | 3) => Kind::Map,
        _ => return None,
    })
}

/// Returns the greatest number of this many bits.
fn power(bits: u32) -> Number {
    Number::Int(i128::MAX >> (127 - bits))
}

/// Returns the type inside pointers and `Option`s: constraints apply to the inner type.
fn bare(ty: &Type) -> &Type {
    let path = match ty {
        // A type from a `macro_rules!` argument is in a group.
        Type::Group(group) => return bare(&group.elem),
        Type::Paren(paren) => return bare(&paren.elem),
        Type::Path(path) => path,
        _ => return ty,
    };
    let Some(segment) = path.path.segments.last() else { return ty };
    match (segment.ident.to_string().as_str(), arguments(segment).as_slice()) {
        ("Option" | "Box" | "Rc" | "Arc" | "Cow", [inner]) => bare(inner),
        _ => ty,
    }
}

/// Returns the type of the elements of a list or of the values of a map, or `None` for other types.
fn element(ty: &Type) -> Option<&Type> {
    match ty {
        Type::Array(array) => Some(&array.elem),
        Type::Slice(slice) => Some(&slice.elem),
        Type::Path(path) => {
            let segment = path.path.segments.last()?;
            let arguments = arguments(segment);
            match named(&segment.ident.to_string(), arguments.len())? {
                Kind::List => arguments.first().copied(),
                Kind::Map => arguments.get(1).copied(),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Returns the type arguments of a path segment.
fn arguments(segment: &PathSegment) -> Vec<&Type> {
    let PathArguments::AngleBracketed(list) = &segment.arguments else { return Vec::new() };
    let types = list.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    types.collect()
}
