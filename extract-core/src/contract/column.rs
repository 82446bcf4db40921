//! [`Column`]: the values of a type as a column of a table, for formats such as CSV, Parquet and Arrow. A
//! visitor of the schema; knows no such format.

use super::Contract;
use crate::schema::{Kinds, Member, NodeId, OtherMembers, Plain, Tree};

/// The deepest column. Deeper values are [`ColumnKind::Json`].
const DEEPEST: usize = 32;

/// The most columns of a type, nested ones included. Further values are [`ColumnKind::Json`].
const MOST: usize = 2_000;

/// A column of a table: see [`Contract::column`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Column {
    /// The name of the member; for the whole value and for the elements of a list, `value`.
    pub name: String,
    /// The kind of its values.
    pub kind: ColumnKind,
    /// Whether a value may be missing or null.
    pub is_nullable: bool,
}

/// The kind of the values of a [`Column`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ColumnKind {
    /// `true` or `false`.
    Boolean,
    /// An integer. Larger ones than 64 bits with a sign hold may occur if the schema has no bounds.
    Integer,
    /// An integer of 64 bits without a sign.
    UnsignedInteger,
    /// Any number.
    Number,
    /// A text.
    Text,
    /// A date, as the text `2026-03-01`.
    Date,
    /// A list. All elements have this column.
    List(Box<Column>),
    /// An object with these members. The schema names no others, but if it does not forbid them, they may
    /// occur. Of a union whose variants have a member in common that tells them apart, these are the members
    /// of all variants, and those that not all of them require are nullable.
    Struct(Vec<Column>),
    /// An object with any members, whose values have this column.
    Map(Box<Column>),
    /// JSON without a fixed shape: most unions, a recursive type, a tuple, any value.
    Json,
}

impl Contract {
    /// Returns the column that holds the values of the type. For a struct, its columns are those of a table
    /// with one row for each value.
    ///
    /// ```
    /// use extract_llm::contract::{ColumnKind, Contract};
    /// use serde_json::json;
    ///
    /// let contract = Contract::from_schema(json!({
    ///     "type": "object",
    ///     "properties": {
    ///         "product": {"type": "string"},
    ///         "rating": {"type": ["integer", "null"]},
    ///         "tags": {"type": "array", "items": {"type": "string"}},
    ///     },
    ///     "required": ["product", "rating"],
    /// }))?;
    /// let ColumnKind::Struct(columns) = contract.column().kind else { panic!("no struct") };
    /// assert_eq!(columns[0].kind, ColumnKind::Text);
    /// assert!(!columns[0].is_nullable && columns[1].is_nullable);
    /// assert!(matches!(columns[2].kind, ColumnKind::List(_)));
    /// # Ok::<(), extract_llm::contract::ContractError>(())
    /// ```
    pub fn column(&self) -> Column {
        let mut columns = Columns { tree: self.tree(), left: MOST };
        columns.column("value", self.node(), true, DEEPEST)
    }
}

struct Columns<'t> {
    tree: &'t Tree,
    /// The columns that may still be made.
    left: usize,
}

impl Columns<'_> {
    fn column(&mut self, name: &str, id: NodeId, is_required: bool, depth: usize) -> Column {
        let (kind, takes_null) = self.kind(id, depth);
        Column { name: name.to_owned(), kind, is_nullable: takes_null || !is_required }
    }

    /// Returns the kind of a node, and whether it takes null.
    fn kind(&mut self, id: NodeId, depth: usize) -> (ColumnKind, bool) {
        let tree = self.tree;
        let mut takes_null = false;
        let mut found: Option<ColumnKind> = None;
        for branch in tree.alternatives(id) {
            let Some(plain) = tree.plain(branch) else { continue };
            let kinds = plain.implied_kinds().unwrap_or(Kinds::ALL);
            takes_null |= kinds.has(Kinds::NULL);
            let kinds = kinds.without(Kinds::NULL);
            if kinds.is_none() {
                continue;
            }
            let kind = if tree.is_recursive(branch) {
                ColumnKind::Json
            } else {
                self.plain_kind(plain, kinds, depth)
            };
            found = Some(found.map_or(kind.clone(), |known| common(known, kind)));
        }
        (found.unwrap_or(ColumnKind::Json), takes_null)
    }

    /// Returns the kind of a node without alternatives. `kinds` are its kinds but null.
    fn plain_kind(&mut self, plain: &Plain, kinds: Kinds, depth: usize) -> ColumnKind {
        match kinds {
            Kinds::BOOLEAN => ColumnKind::Boolean,
            Kinds::INTEGER => match plain.text("format") {
                _ if plain.is_wide() => ColumnKind::Json,
                Some("uint64" | "uint") => ColumnKind::UnsignedInteger,
                _ => ColumnKind::Integer,
            },
            Kinds::STRING if plain.text("format") == Some("date") => ColumnKind::Date,
            Kinds::STRING => ColumnKind::Text,
            kinds if Kinds::NUMBER.has(kinds) => ColumnKind::Number,
            Kinds::ARRAY => self.list(plain, depth),
            Kinds::OBJECT => self.object(plain, depth),
            _ => ColumnKind::Json,
        }
    }

    fn list(&mut self, plain: &Plain, depth: usize) -> ColumnKind {
        let (Some(element), Some(depth)) = (plain.rest, self.enter(1, depth)) else {
            return ColumnKind::Json;
        };
        if plain.constants.is_some() || !plain.prefix_items.is_empty() {
            return ColumnKind::Json;
        }
        ColumnKind::List(Box::new(self.column("value", element, true, depth)))
    }

    fn object(&mut self, plain: &Plain, depth: usize) -> ColumnKind {
        let is_fixed = plain.constants.is_none()
            && plain.patterns.is_empty()
            && !plain.members.is_empty()
            && !matches!(plain.other_members, OtherMembers::Open(_));
        if let OtherMembers::Open(values) = plain.other_members {
            return self.map(plain, values, depth);
        }
        let Some(depth) = self.enter(plain.members.len(), depth).filter(|_| is_fixed) else {
            return ColumnKind::Json;
        };
        let members = plain.members.iter();
        let column =
            |member: &Member| self.column(&member.name, member.node, member.required, depth);
        ColumnKind::Struct(members.map(column).collect())
    }

    /// Returns the kind of an object whose members are not named, and whose values have a schema.
    fn map(&mut self, plain: &Plain, values: NodeId, depth: usize) -> ColumnKind {
        let is_map = plain.constants.is_none()
            && plain.patterns.is_empty()
            && plain.members.is_empty()
            && !self.tree.is_recursive(values);
        let Some(depth) = self.enter(1, depth).filter(|_| is_map) else { return ColumnKind::Json };
        let column = self.column("value", values, true, depth);
        // The texts of a map of JSON would be JSON in JSON.
        if column.kind == ColumnKind::Json {
            return ColumnKind::Json;
        }
        ColumnKind::Map(Box::new(column))
    }

    /// Counts columns that are to be made. Returns the depth that is left for them; `None` if there are too
    /// many, or if they are too deep.
    fn enter(&mut self, columns: usize, depth: usize) -> Option<usize> {
        self.left = self.left.checked_sub(columns)?;
        depth.checked_sub(1)
    }
}

/// Returns the kind that holds the values of both.
fn common(one: ColumnKind, other: ColumnKind) -> ColumnKind {
    use ColumnKind::{Date, Integer, Json, Number, Struct, Text, UnsignedInteger};
    match (one, other) {
        (one, other) if one == other => one,
        (Text | Date, Text | Date) => Text,
        (Integer | UnsignedInteger | Number, Integer | UnsignedInteger | Number) => Number,
        (Struct(one), Struct(other)) => variants(one, other).map_or(Json, Struct),
        _ => Json,
    }
}

/// Returns the members of two variants; `None` if they have no text in common that may tell them apart, or a
/// member of two kinds.
fn variants(mut one: Vec<Column>, other: Vec<Column>) -> Option<Vec<Column>> {
    let is_tag = |member: &Column| member.kind == ColumnKind::Text && !member.is_nullable;
    let tagged = |member: &Column| is_tag(member) && other.contains(member);
    one.iter().find(|member| tagged(member))?;
    for member in &mut one {
        if !other.iter().any(|others| others.name == member.name) {
            member.is_nullable = true;
        }
    }
    for mut member in other {
        match one.iter_mut().find(|ones| ones.name == member.name) {
            Some(ones) => {
                let both = common(ones.kind.clone(), member.kind.clone());
                if both == ColumnKind::Json && (ones.kind != both || member.kind != both) {
                    return None;
                }
                ones.kind = both;
                ones.is_nullable |= member.is_nullable;
            }
            None => {
                member.is_nullable = true;
                one.push(member);
            }
        }
    }
    Some(one)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Column, ColumnKind};
    use crate::contract::Contract;

    fn column(schema: Value) -> Column {
        Contract::from_schema(schema).unwrap().column()
    }

    fn kind(schema: Value) -> ColumnKind {
        column(schema).kind
    }

    fn member(name: &str, kind: ColumnKind, is_nullable: bool) -> Column {
        Column { name: name.to_owned(), kind, is_nullable }
    }

    #[test]
    fn scalars_have_their_kinds() {
        for (schema, expected) in [
            (json!({"type": "boolean"}), ColumnKind::Boolean),
            (json!({"type": "integer"}), ColumnKind::Integer),
            (json!({"type": "integer", "format": "uint64"}), ColumnKind::UnsignedInteger),
            (json!({"type": "integer", "format": "uint128"}), ColumnKind::Json),
            (json!({"type": "number"}), ColumnKind::Number),
            (json!({"type": ["number", "integer"]}), ColumnKind::Number),
            (json!({"type": "string"}), ColumnKind::Text),
            (json!({"type": "string", "format": "date"}), ColumnKind::Date),
            (json!({"type": "string", "format": "date-time"}), ColumnKind::Text),
            (json!({"enum": ["a", "b"]}), ColumnKind::Text),
            (json!({"enum": ["a", 1]}), ColumnKind::Json),
            (json!({"oneOf": [{"const": "a"}, {"const": "b"}]}), ColumnKind::Text),
            (json!({"anyOf": [{"type": "integer"}, {"type": "number"}]}), ColumnKind::Number),
            (json!({"anyOf": [{"type": "integer"}, {"type": "string"}]}), ColumnKind::Json),
            (json!({"type": ["string", "integer"]}), ColumnKind::Json),
            (json!({}), ColumnKind::Json),
        ] {
            assert_eq!(kind(schema.clone()), expected, "{schema}");
        }
    }

    #[test]
    fn null_and_absence_are_noted_apart_from_the_kind() {
        for schema in [
            json!({"type": ["string", "null"]}),
            json!({"anyOf": [{"type": "string"}, {"type": "null"}]}),
            json!({"enum": ["a", null]}),
        ] {
            assert_eq!(column(schema.clone()), member("value", ColumnKind::Text, true), "{schema}");
        }
        let object = json!({
            "type": "object",
            "properties": {"a": {"type": "integer"}, "b": {"$ref": "#/$defs/b"}},
            "required": ["a"],
            "$defs": {"b": {"type": "array", "items": {"type": ["number", "null"]}}},
        });
        let numbers = ColumnKind::List(Box::new(member("value", ColumnKind::Number, true)));
        let members = vec![member("a", ColumnKind::Integer, false), member("b", numbers, true)];
        assert_eq!(column(object), member("value", ColumnKind::Struct(members), false));
    }

    #[test]
    fn what_has_no_fixed_shape_is_json() {
        let tree = json!({
            "$ref": "#/$defs/tree",
            "$defs": {"tree": {"type": "object", "properties": {
                "name": {"type": "string"},
                "children": {"type": "array", "items": {"$ref": "#/$defs/tree"}},
            }}},
        });
        for schema in [
            tree,
            json!({"type": "object"}),
            json!({"type": "object", "additionalProperties": {}}),
            json!({"type": "object", "additionalProperties": {"type": ["integer", "string"]}}),
            json!({"type": "object", "properties": {"a": {}}, "additionalProperties": true}),
            json!({"type": "array"}),
            json!({"type": "array", "prefixItems": [{"type": "string"}], "items": false}),
            json!({"oneOf": [
                {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
                {"type": "object", "properties": {"b": {"type": "string"}}, "required": ["b"]},
            ]}),
        ] {
            assert_eq!(kind(schema.clone()), ColumnKind::Json, "{schema}");
        }
    }

    #[test]
    fn maps_have_the_column_of_their_values() {
        let numbers = ColumnKind::Map(Box::new(member("value", ColumnKind::Integer, true)));
        let values = json!({"type": ["integer", "null"]});
        assert_eq!(kind(json!({"type": "object", "additionalProperties": values})), numbers);
    }

    #[test]
    fn tagged_variants_have_the_columns_of_all() {
        let variant = |tag: &str, name: &str, of: &str| {
            json!({
                "type": "object",
                "properties": {"kind": {"const": tag}, name: {"type": of}, "n": {"type": "integer"}},
                "required": ["kind", name, "n"],
            })
        };
        let members = vec![
            member("kind", ColumnKind::Text, false),
            member("radius", ColumnKind::Number, true),
            member("n", ColumnKind::Integer, false),
            member("label", ColumnKind::Text, true),
        ];
        let shape = [variant("a", "radius", "number"), variant("b", "label", "string")];
        assert_eq!(kind(json!({"oneOf": shape})), ColumnKind::Struct(members));
        // A member of two kinds.
        let shape = [variant("a", "size", "number"), variant("b", "size", "string")];
        assert_eq!(kind(json!({"oneOf": shape})), ColumnKind::Json);
    }

    #[test]
    fn a_schema_that_doubles_at_each_level_ends() {
        let mut definitions = serde_json::Map::new();
        for level in 0..20 {
            let next = json!({"$ref": format!("#/$defs/L{}", level + 1)});
            let of = json!({"type": "object", "properties": {"a": next, "b": next}});
            definitions.insert(format!("L{level}"), of);
        }
        definitions.insert("L20".to_owned(), json!({"type": "integer"}));
        let ColumnKind::Struct(columns) = kind(json!({"$ref": "#/$defs/L0", "$defs": definitions}))
        else {
            panic!("no struct");
        };
        assert_eq!(columns.len(), 2);
    }
}
