//! Reads JSON values by serde. Unlike `serde_json`, it also reads an integer of 128 bits from a text of
//! digits, since JSON numbers beyond 64 bits lose digits.
//!
//! serde buffers a value for `untagged`, `flatten` and an internal tag. From its buffer no integer of 128
//! bits can be read, as a number or as a text.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{
    Deserialize, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error, IgnoredAny,
    MapAccess, SeqAccess, Unexpected, VariantAccess, Visitor,
};
use serde_json::Value;

use super::{Problem, ProblemKind, excerpt};
use crate::schema::{is_whole, push_segment};

/// The error of serde for a value, with its path in the value.
pub(crate) type DeserializeProblem = serde_path_to_error::Error<serde_json::Error>;

/// The deserializer that functions of `deserialize_with` read from.
pub(super) type FieldDeserializer<'v> =
    serde_path_to_error::Deserializer<'v, 'v, ValueDeserializer<&'v Value>>;

/// Reads a value as a type.
pub(crate) fn read<T: DeserializeOwned>(value: &Value) -> Result<T, DeserializeProblem> {
    serde_path_to_error::deserialize(ValueDeserializer(value))
}

/// Reads a value by a function, and adds the path to its error.
pub(crate) fn read_by<T>(
    value: &Value,
    read: impl FnOnce(FieldDeserializer<'_>) -> Result<T, serde_json::Error>,
) -> Result<T, DeserializeProblem> {
    let mut track = serde_path_to_error::Track::new();
    let read = read(serde_path_to_error::Deserializer::new(ValueDeserializer(value), &mut track));
    read.map_err(|error| DeserializeProblem::new(track.path(), error))
}

/// Reads a key of a map from the name of a member.
pub(super) fn read_key<K: DeserializeOwned>(name: &str) -> Result<K, DeserializeProblem> {
    struct FirstKey<K>(PhantomData<K>);

    impl<'de, K: Deserialize<'de>> Visitor<'de> for FirstKey<K> {
        type Value = K;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a map")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let key = map.next_key()?.ok_or_else(|| Error::custom("no key"))?;
            let _: IgnoredAny = map.next_value()?;
            Ok(key)
        }
    }

    let entry = Value::Object([(name.to_owned(), Value::Null)].into_iter().collect());
    let read = entry.deserialize_map(FirstKey(PhantomData));
    // The key is all that is read, so the path of its error is empty.
    read.map_err(|error| DeserializeProblem::new(serde_path_to_error::Track::new().path(), error))
}

/// Makes a problem of serde's error for the value at the pointer `at`. Its pointer includes the path of the
/// error.
pub(crate) fn to_problem(error: &DeserializeProblem, at: &str, value: &Value) -> Problem {
    use serde_path_to_error::Segment;
    let mut inside = String::new();
    for segment in error.path() {
        match segment {
            Segment::Seq { index } => push_segment(&mut inside, &index.to_string()),
            Segment::Map { key } => push_segment(&mut inside, key),
            Segment::Enum { variant } => push_segment(&mut inside, variant),
            Segment::Unknown => {}
        }
    }
    let found = value.pointer(&inside).map_or_else(String::new, excerpt);
    let expected = format!("a value that can be read ({})", error.inner());
    Problem::new(ProblemKind::Type, format!("{at}{inside}"), expected, found)
}

/// Wraps a deserializer, and everything that serde gets from it. It reads integers of 128 bits from digits;
/// all other values pass through.
#[doc(hidden)]
#[derive(Debug)]
pub struct ValueDeserializer<D>(D);

/// Forwards methods that take only a visitor.
macro_rules! forward {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
            self.0.$method(ValueDeserializer(visitor))
        }
    )*};
}

/// Methods that read an integer of 128 bits from a number or from a text of digits.
macro_rules! digits {
    ($($method:ident $number:ty, $visit:ident, $expected:literal;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
            struct Digits<V>(V);

            impl<'de, V: Visitor<'de>> Visitor<'de> for Digits<V> {
                type Value = V::Value;

                fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    self.0.expecting(f)
                }

                fn visit_u64<E: Error>(self, number: u64) -> Result<V::Value, E> {
                    self.0.visit_u64(number)
                }

                fn visit_i64<E: Error>(self, number: i64) -> Result<V::Value, E> {
                    self.0.visit_i64(number)
                }

                fn visit_f64<E: Error>(self, number: f64) -> Result<V::Value, E> {
                    self.0.visit_f64(number)
                }

                fn visit_str<E: Error>(self, text: &str) -> Result<V::Value, E> {
                    match text.parse::<$number>() {
                        Ok(number) if is_whole(text) => self.0.$visit(number),
                        _ => Err(E::invalid_value(Unexpected::Str(text), &$expected)),
                    }
                }
            }

            self.0.deserialize_any(Digits(visitor))
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for ValueDeserializer<D> {
    type Error = D::Error;

    forward! {
        deserialize_any deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32
        deserialize_i64 deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
        deserialize_f32 deserialize_f64 deserialize_char deserialize_str deserialize_string
        deserialize_bytes deserialize_byte_buf deserialize_option deserialize_unit deserialize_seq
        deserialize_map deserialize_identifier deserialize_ignored_any
    }

    digits! {
        deserialize_i128 i128, visit_i128, "an integer of 128 bits";
        deserialize_u128 u128, visit_u128, "an integer of 128 bits that is not below 0";
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_unit_struct(name, ValueDeserializer(visitor))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_newtype_struct(name, ValueDeserializer(visitor))
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_tuple(len, ValueDeserializer(visitor))
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_tuple_struct(name, len, ValueDeserializer(visitor))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_struct(name, fields, ValueDeserializer(visitor))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_enum(name, variants, ValueDeserializer(visitor))
    }

    fn is_human_readable(&self) -> bool {
        self.0.is_human_readable()
    }
}

/// Forwards visits of values without parts.
macro_rules! visit {
    ($($method:ident $value:ty;)*) => {$(
        fn $method<E: Error>(self, value: $value) -> Result<V::Value, E> {
            self.0.$method(value)
        }
    )*};
}

impl<'de, V: Visitor<'de>> Visitor<'de> for ValueDeserializer<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    visit! {
        visit_bool bool; visit_i8 i8; visit_i16 i16; visit_i32 i32; visit_i64 i64; visit_i128 i128;
        visit_u8 u8; visit_u16 u16; visit_u32 u32; visit_u64 u64; visit_u128 u128;
        visit_f32 f32; visit_f64 f64; visit_char char; visit_str &str;
        visit_borrowed_str &'de str; visit_string String; visit_bytes &[u8];
        visit_borrowed_bytes &'de [u8]; visit_byte_buf Vec<u8>;
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.0.visit_none()
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.0.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.0.visit_some(ValueDeserializer(inner))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.0.visit_newtype_struct(ValueDeserializer(inner))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<V::Value, A::Error> {
        self.0.visit_seq(ValueDeserializer(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<V::Value, A::Error> {
        self.0.visit_map(ValueDeserializer(entries))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, variant: A) -> Result<V::Value, A::Error> {
        self.0.visit_enum(ValueDeserializer(variant))
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for ValueDeserializer<S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<S::Value, D::Error> {
        self.0.deserialize(ValueDeserializer(inner))
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for ValueDeserializer<A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        self.0.next_element_seed(ValueDeserializer(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

/// Keys pass through: a key is a text, and `serde_json` reads the number keys of a map from it.
impl<'de, A: MapAccess<'de>> MapAccess<'de> for ValueDeserializer<A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        self.0.next_key_seed(seed)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.0.next_value_seed(ValueDeserializer(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: EnumAccess<'de>> EnumAccess<'de> for ValueDeserializer<A> {
    type Error = A::Error;
    type Variant = ValueDeserializer<A::Variant>;

    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Self::Variant), A::Error> {
        let (value, variant) = self.0.variant_seed(seed)?;
        Ok((value, ValueDeserializer(variant)))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for ValueDeserializer<A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.0.unit_variant()
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        self.0.newtype_variant_seed(ValueDeserializer(seed))
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, A::Error> {
        self.0.tuple_variant(len, ValueDeserializer(visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.0.struct_variant(fields, ValueDeserializer(visitor))
    }
}
