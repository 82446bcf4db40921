//! [`TypeWalk`]: visits the types inside a type before its schema is made, and finds mistakes that the
//! schema hides. Knows types and their schemas, no value and no dialect.
//!
//! schemars merges the members of a flattened field into those of its struct. It writes nothing about the
//! keys of most maps, and identifies a type by module and name. So the walk looks for these mistakes in the
//! types themselves: each type calls it for the types inside.

use std::any::{TypeId, type_name};
use std::collections::{HashMap, HashSet};
use std::marker::PhantomData;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::members::{JsonKinds, Members};
use super::{Extract, TypeFault};
use crate::schema::{Origin, Tree};

/// Returns the JSON Schema (draft 2020-12) of a type.
#[doc(hidden)]
pub fn schema_of<T: JsonSchema + ?Sized>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.meta_schema = None);
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

/// Lets a variant hold members beside its tag if its content is a `T` that may be any value.
#[doc(hidden)]
pub fn open_beside_tag<T: JsonSchema + ?Sized>(schema: &mut schemars::Schema) {
    crate::schema::open_beside_tag(schema, schema_of::<T>());
}

/// Parses a schema. `None` if it cannot be read: then the schema that contains it is refused.
fn read(schema: &Value) -> Option<Tree> {
    Tree::parse(schema, Origin::Type).ok()
}

/// Returns the first mistake in a type, or in a type inside it.
pub(super) fn find<T: Extract>() -> Option<TypeFault> {
    let mut walk = TypeWalk { root: T::schema_name().into_owned(), ..TypeWalk::default() };
    T::walk_types(&mut walk);
    walk.fault
}

/// The state of a walk over the types inside a type. It stops at the first mistake.
#[doc(hidden)]
#[derive(Debug, Default)]
pub struct TypeWalk {
    /// The name of the type at the root.
    root: String,
    /// The fields that lead to the visited type: the name of the type or variant, and that of the field.
    fields: Vec<(&'static str, &'static str)>,
    visited: HashSet<TypeId>,
    /// The types with a separate definition in the schema, by the id that schemars gives them.
    named: HashMap<String, Vec<Named>>,
    /// The first mistake.
    fault: Option<TypeFault>,
}

/// A type with a separate definition in the schema.
#[derive(Debug)]
struct Named {
    /// The field that holds it, as `Order.buyer`; at the root, the name of the type.
    field_path: String,
    /// The path of the type in Rust.
    path: &'static str,
    schema: fn() -> Value,
}

/// A field that is read from the members of the object around it.
#[doc(hidden)]
#[derive(Debug)]
pub struct FlattenedField {
    /// Its name in Rust.
    pub field: &'static str,
    /// The schema of its type.
    pub schema: fn() -> Value,
}

/// A field that is one member of the object.
#[doc(hidden)]
#[derive(Debug)]
pub struct PlainMember {
    /// Its name in Rust.
    pub field: &'static str,
    /// Its name in JSON.
    pub name: &'static str,
    /// The other names from which it is read.
    pub aliases: &'static [&'static str],
}

#[doc(hidden)]
impl TypeWalk {
    /// Visits a type and then, by `inside`, the types inside it. A type that was visited before is skipped.
    pub fn enter<T: Extract>(&mut self, inside: impl FnOnce(&mut Self)) {
        if self.fault.is_some() || !self.visited.insert(TypeId::of::<T>()) {
            return;
        }
        inside(self);
        // After the inner types: if two types differ by an inner type only, the mistake is in the inner
        // one.
        if self.fault.is_none() && !T::inline_schema() {
            self.check_shared_name::<T>();
        }
    }

    /// Visits the types inside a field of `holder`, which is a type (`Order`) or a variant (`Shape::Line`).
    pub fn field(
        &mut self,
        holder: &'static str,
        field: &'static str,
        inside: impl FnOnce(&mut Self),
    ) {
        self.fields.push((holder, field));
        inside(self);
        self.fields.pop();
    }

    /// Checks that the keys of a map can be keys in JSON.
    pub fn keys<K: JsonSchema>(&mut self) {
        let Some(tree) = read(&schema_of::<K>()) else { return };
        let forms = JsonKinds::of(&tree);
        if self.fault.is_none() && !forms.may_be_keys() {
            self.fault = Some(TypeFault::MapKey {
                place: self.place(),
                key: rust_name::<K>(),
                found: forms.to_string(),
            });
        }
    }

    /// Checks that the members of an object of `holder` have different names, including those of flattened
    /// fields.
    pub fn members(&mut self, holder: &str, plain: &[PlainMember], flat: &[FlattenedField]) {
        if self.fault.is_none() {
            self.fault = fault_of_members(holder, plain, flat).err();
        }
    }

    /// Checks that the content of a variant can be read from the members beside its tag.
    pub fn beside_tag(&mut self, holder: &str, tag: &str, schema: fn() -> Value) {
        if self.fault.is_some() {
            return;
        }
        let Some(tree) = read(&schema()) else { return };
        let forms = JsonKinds::of(&tree);
        self.fault = if !forms.may_stand_beside_a_tag() {
            Some(TypeFault::NotFlat { field: holder.to_owned(), found: forms.to_string() })
        } else if Members::of_content(&tree).contains(tag) {
            Some(TypeFault::DoubledMember {
                member: tag.to_owned(),
                first: holder.split("::").next().unwrap_or(holder).to_owned(),
                second: holder.to_owned(),
            })
        } else {
            None
        };
    }
}

impl TypeWalk {
    /// Checks that no other visited type has the same id and another schema.
    fn check_shared_name<T: Extract>(&mut self) {
        let place = self.place();
        let known = self.named.entry(T::schema_id().into_owned()).or_default();
        if !known.is_empty() {
            let schema = schema_of::<T>();
            // Types with equal schemas, as a newtype and its field, may share one.
            if let Some(other) = known.iter().find(|other| (other.schema)() != schema) {
                self.fault = Some(TypeFault::SharedName {
                    name: T::schema_name().into_owned(),
                    first: other.field_path.clone(),
                    first_type: other.path,
                    second: place,
                    second_type: type_name::<T>(),
                });
                return;
            }
        }
        known.push(Named { field_path: place, path: type_name::<T>(), schema: schema_of::<T> });
    }

    /// Returns the field whose type is visited, as `Order.buyer`; at the root, the name of the type.
    fn place(&self) -> String {
        match self.fields.last() {
            Some((holder, field)) => format!("{holder}.{field}"),
            None => self.root.clone(),
        }
    }
}

/// Checks the members of an object of `holder`. Fails with the first mistake.
fn fault_of_members(
    holder: &str,
    plain: &[PlainMember],
    flat: &[FlattenedField],
) -> Result<(), TypeFault> {
    let place = |field: &str| format!("{holder}.{field}");
    let mut earlier: Vec<(String, Members)> = plain
        .iter()
        .map(|member| (place(member.field), Members::named(member.name, member.aliases)))
        .collect();
    for FlattenedField { field, schema } in flat {
        let Some(tree) = read(&schema()) else { continue };
        let forms = JsonKinds::of(&tree);
        if !forms.may_be_flattened() {
            return Err(TypeFault::NotFlat { field: place(field), found: forms.to_string() });
        }
        let members = Members::of_flattened(&tree);
        let doubled = earlier.iter().find_map(|(first, known)| {
            known.first_shared_with(&members).map(|member| (first.clone(), member.to_owned()))
        });
        if let Some((first, member)) = doubled {
            return Err(TypeFault::DoubledMember { member, first, second: place(field) });
        }
        earlier.push((place(field), members));
    }
    Ok(())
}

/// Returns the name of a type in Rust without its modules.
fn rust_name<T: ?Sized>() -> String {
    let mut name = String::new();
    for part in
        type_name::<T>().split_inclusive(|c: char| !(c.is_alphanumeric() || "_:".contains(c)))
    {
        name += part.rsplit("::").next().unwrap_or(part);
    }
    name
}

/// The type of a field, which may or may not be [`Extract`]. The derive emits
/// `(&FieldWalk::<F>::new()).walk(walk)`, and method resolution prefers [`FieldWalkExtract`].
#[doc(hidden)]
#[derive(Debug)]
pub struct FieldWalk<T: ?Sized>(PhantomData<T>);

impl<T: ?Sized> FieldWalk<T> {
    #[allow(clippy::new_without_default, reason = "it is called by the derive alone")]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

/// The visit of a field whose type is [`Extract`].
#[doc(hidden)]
pub trait FieldWalkExtract {
    fn walk(&self, walk: &mut TypeWalk);
}

impl<T: Extract> FieldWalkExtract for FieldWalk<T> {
    fn walk(&self, walk: &mut TypeWalk) {
        T::walk_types(walk);
    }
}

/// The visit of any other field: the types inside it are unknown.
#[doc(hidden)]
pub trait FieldWalkOther {
    fn walk(&self, walk: &mut TypeWalk);
}

impl<T: ?Sized> FieldWalkOther for &FieldWalk<T> {
    fn walk(&self, _: &mut TypeWalk) {}
}
