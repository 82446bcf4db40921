//! [`TypeFault`]: a mistake in a type that its schema does not show.

/// A reason why values of a type cannot be read from JSON, or why its schema would say another thing
/// than the type. A schema that is made of such a type looks sound, so the type itself is looked at when
/// its contract is built.
///
/// Types and fields are named as in Rust, members as in JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TypeFault {
    /// An object has two members of one name, of which serde fills only one.
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
    /// A field is read from the members of the object around it, and its type has no members.
    #[error(
        "`{field}` is read from the members of the object around it: expected a struct, a map or an \
         enum, found {found}; give the value a member of its own"
    )]
    NotFlat {
        /// The field, as `Order.items`, or the variant, as `Shape::Line`.
        field: String,
        /// What its type is in JSON.
        found: String,
    },
    /// The keys of a map are no texts, numbers, booleans or unit variants. The keys of a JSON object are
    /// texts, and serde reads nothing else from them.
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
        /// What it is in JSON.
        found: String,
    },
    /// Two types have the same name and stand in the same module (in different functions or blocks of
    /// it), and their schemas differ. schemars takes the two for one.
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
        /// The path of its type in Rust, as the compiler writes it: blocks of a function have no name.
        first_type: &'static str,
        /// The field that holds the other.
        second: String,
        /// The path of the other type.
        second_type: &'static str,
    },
}
