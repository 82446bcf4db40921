//! [`TypeFault`]: a mistake in a type that its schema does not show.

/// A mistake in a type: its values cannot be read from JSON, or its schema would describe other values.
///
/// The schema of such a type looks valid, so the type itself is checked when its contract is built. Names
/// of types and fields are those in Rust; names of members are those in JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TypeFault {
    /// An object has two members of the same name. serde fills only one of them.
    #[error(
        "`{first}` and `{second}` both have the member `{member}`, and stand in one object, where \
         serde gives it to one of them: rename it in one of the two"
    )]
    DoubledMember {
        /// The name of the member.
        member: String,
        /// The field that has it, as `Order.id`; for a tag, the enum.
        first: String,
        /// The field or variant whose type has it too, as `Order.item` or `Shape::Line`.
        second: String,
    },
    /// A field is read from the members of the object around it, but its type has no members.
    #[error(
        "`{field}` is read from the members of the object around it: expected a struct, a map or an \
         enum, found {found}; give the value a member of its own"
    )]
    NotFlat {
        /// The field, as `Order.items`, or the variant, as `Shape::Line`.
        field: String,
        /// The kinds of JSON that its type has.
        found: String,
    },
    /// The keys of a map are not strings, numbers, booleans or unit variants. serde reads keys only from
    /// the texts of a JSON object.
    #[error(
        "the map in `{place}` has the keys `{key}`: expected texts, numbers or an enum of unit variants, \
         found {found}; use `Vec<({key}, _)>`, or a key that is read from a text \
         (`#[serde(try_from = \"String\")]`)"
    )]
    MapKey {
        /// The field that holds the map, as `Order.prices`; at the root, the name of the type.
        place: String,
        /// The name of the type of the keys.
        key: String,
        /// The kinds of JSON that this type has.
        found: String,
    },
    /// Two types have the same name and are in the same module, in different functions or blocks, and their
    /// schemas differ. schemars takes the two for one type.
    #[error(
        "`{first}` (`{first_type}`) and `{second}` (`{second_type}`) have two types of the name \
         `{name}` from one module, which would share one schema: name one of the types with \
         `#[extract(name = \"..\")]`"
    )]
    SharedName {
        /// The name that both types have in the schema.
        name: String,
        /// The field that holds one of them, as `Order.buyer`; at the root, the name of the type.
        first: String,
        /// The path of its type in Rust, as the compiler writes it. A block of a function has no name in
        /// it.
        first_type: &'static str,
        /// The field that holds the other.
        second: String,
        /// The path of the other type.
        second_type: &'static str,
    },
}
