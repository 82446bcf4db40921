//! The derive's output is in the user's module: names there must not affect it, and it must pass
//! the strictest lints.

#![deny(warnings, missing_docs, dead_code, unused, unreachable_pub, clippy::pedantic)]

use serde_json::json;

/// Names of the standard library and of this library, with other meanings.
mod taken {
    use serde_json::json;

    struct String;
    struct Vec;
    #[allow(dead_code)]
    struct Box;
    enum Option {
        Nothing,
    }
    #[allow(dead_code)]
    enum Result {
        Neither,
    }
    #[allow(dead_code)]
    trait Default {}
    #[allow(dead_code)]
    struct Problems;
    #[allow(dead_code)]
    struct Checker;
    #[allow(dead_code)]
    mod std {}
    #[allow(dead_code)]
    mod core {}
    #[allow(dead_code)]
    mod serde {}
    #[allow(dead_code)]
    mod schemars {}
    #[allow(dead_code)]
    mod contract {}

    #[allow(clippy::trivially_copy_pass_by_ref)]
    fn positive(number: &f64) -> ::core::result::Result<(), &'static str> {
        if *number > 0.0 { Ok(()) } else { Err("a positive number") }
    }

    #[derive(extract_llm::Extract)]
    #[extract(name = "taken", description = "About names.")]
    struct Struct {
        #[extract(range(min = 0), validate = positive, example = 3)]
        number: f64,
        #[serde(default, alias = "others")]
        #[extract(length(max = 2))]
        list: ::std::vec::Vec<::std::string::String>,
        inner: Inner,
    }

    #[derive(extract_llm::Extract)]
    enum Inner {
        /// Unit.
        Unit,
        Newtype(::std::boxed::Box<Struct>),
        Tuple(u8, u8),
        Named {
            checker: ::std::option::Option<u8>,
        },
    }

    #[test]
    fn shadowed_names_do_not_affect_the_expansion() {
        let _ = (String, Vec, Option::Nothing);
        let value = json!({
            "number": -1.0,
            "inner": {"Newtype": {"number": -2.0, "inner": {"Named": {"checker": 1}}}},
        });
        assert_eq!(
            crate::derive::problems::<Struct>(&value),
            [
                "/number: expected a positive number, found -1.0",
                "/inner/Newtype/number: expected a positive number, found -2.0",
            ]
        );
        let read: Struct = crate::derive::read(value);
        assert!(read.list.is_empty() && read.number < 0.0);
        match read.inner {
            Inner::Newtype(inner) => {
                assert!(matches!(inner.inner, Inner::Named { checker: Some(1) }));
            }
            Inner::Unit | Inner::Tuple(..) | Inner::Named { .. } => panic!(),
        }
    }
}

/// A module in which every public item must be documented, except for the derive's output.
pub(crate) mod documented {
    use extract_llm::Extract;

    /// More booleans than a lint allows, and a field name in another style.
    #[derive(Debug, Clone, Extract)]
    #[allow(clippy::struct_excessive_bools, non_snake_case)]
    pub(crate) struct Switches {
        /// One.
        pub(crate) a: bool,
        /// Two.
        pub(crate) b: bool,
        /// Three.
        pub(crate) c: bool,
        /// Four.
        pub(crate) inStyle: bool,
    }

    /// One of its variants is much larger than the other.
    #[derive(Debug, Extract)]
    #[allow(clippy::large_enum_variant)]
    pub(crate) enum Large {
        /// It is large.
        Large([[u64; 16]; 16]),
        /// It is small.
        Small,
    }

    /// Its fields are read only by the derive.
    #[derive(Extract)]
    pub(crate) struct Unread {
        unread: u8,
        also: Vec<Self>,
    }

    /// A deprecated type.
    #[derive(Debug, Extract)]
    #[deprecated]
    pub(crate) struct Old {
        /// A deprecated field.
        #[deprecated]
        pub(crate) field: u8,
    }

    /// A type with a `Drop` implementation.
    #[derive(Debug, Extract)]
    pub(crate) struct Dropped {
        /// A field.
        pub(crate) field: String,
    }

    impl Drop for Dropped {
        fn drop(&mut self) {
            self.field.clear();
        }
    }
}

#[test]
fn a_type_under_strict_lints_is_read() {
    let switches: documented::Switches =
        crate::derive::read(json!({"a": true, "b": false, "c": true, "inStyle": true}));
    assert!(switches.a && !switches.b && switches.c && switches.inStyle);
    assert!(matches!(crate::derive::read(json!("Small")), documented::Large::Small));
    assert_eq!(crate::derive::read::<documented::Dropped>(json!({"field": "x"})).field, "x");
    let _: documented::Unread = crate::derive::read(json!({"unread": 1, "also": []}));
    let schema = crate::derive::schema::<(documented::Large, u8)>();
    assert_eq!(schema["$defs"]["Large"]["oneOf"][0]["properties"]["Large"]["maxItems"], 16);
    #[allow(deprecated)]
    {
        assert_eq!(crate::derive::read::<documented::Old>(json!({"field": 3})).field, 3);
        assert_eq!(crate::derive::schema::<documented::Old>()["deprecated"], true);
    }
}

/// A type written by a user's macro, with fragments of that macro.
macro_rules! records {
    ($($(#[$attr:meta])* $name:ident { $($(#[$on:meta])* $field:ident: $ty:ty),* })*) => {$(
        #[derive(Debug, PartialEq, extract_llm::Extract)]
        $(#[$attr])*
        struct $name { $($(#[$on])* $field: $ty),* }
    )*};
}

records! {
    /// Made by a macro.
    #[serde(rename_all = "UPPERCASE")]
    Made { #[extract(range(max = 5))] field: u8, other: Option<Box<Made>> }
}

#[test]
fn a_macro_may_write_the_type() {
    assert_eq!(crate::derive::property::<Made>("FIELD")["maximum"], 5);
    assert_eq!(
        crate::derive::read::<Made>(json!({"FIELD": 1, "OTHER": {"FIELD": 2}})),
        Made { field: 1, other: Some(Box::new(Made { field: 2, other: None })) }
    );
}
