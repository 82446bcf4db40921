//! Numbers, booleans, characters, texts, and the standard library's types that serialise as texts.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::{
    NonZeroI8, NonZeroI16, NonZeroI32, NonZeroI64, NonZeroI128, NonZeroIsize, NonZeroU8,
    NonZeroU16, NonZeroU32, NonZeroU64, NonZeroU128, NonZeroUsize,
};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::row::{Family, Row};

pub(crate) fn rows(rows: &mut Vec<Row>) {
    let mut family = Family("Numbers", rows);
    family.row("u8", [0_u8, 255]);
    family.row("u16", [0_u16, 65_535]);
    family.row("u32", [0, u32::MAX]);
    family.row("u64", [0, u64::MAX]);
    family.row("u128", [0, u128::from(u64::MAX)]);
    family.row("usize", [0, usize::MAX]);
    family.row("i8", [i8::MIN, i8::MAX]);
    family.row("i16", [i16::MIN, i16::MAX]);
    family.row("i32", [i32::MIN, i32::MAX]);
    family.row("i64", [i64::MIN, i64::MAX]);
    family.row("i128", [i128::from(i64::MIN), 7]);
    family.row("isize", [isize::MIN, isize::MAX]);
    family.row("f32", [0.5_f32, f32::MIN, f32::MAX]);
    family.row("f64", [0.1, -1e300]);
    family.row("NonZeroU8", [NonZeroU8::MIN, NonZeroU8::MAX]);
    family.row("NonZeroU16", [NonZeroU16::MIN, NonZeroU16::MAX]);
    family.row("NonZeroU32", [NonZeroU32::MIN, NonZeroU32::MAX]);
    family.row("NonZeroU64", [NonZeroU64::MIN, NonZeroU64::MAX]);
    family.row("NonZeroU128", [NonZeroU128::MIN]);
    family.row("NonZeroUsize", [NonZeroUsize::MIN]);
    family.row("NonZeroI8", [NonZeroI8::MIN, NonZeroI8::MAX]);
    family.row("NonZeroI16", [NonZeroI16::MIN, NonZeroI16::MAX]);
    family.row("NonZeroI32", [NonZeroI32::MIN, NonZeroI32::MAX]);
    family.row("NonZeroI64", [NonZeroI64::MIN, NonZeroI64::MAX]);
    family.row("NonZeroI128", [NonZeroI128::new(-7).unwrap()]);
    family.row("NonZeroIsize", [NonZeroIsize::MIN]);

    let mut family = Family("Strings and types written as strings", rows);
    family.row("bool", [true, false]);
    family.row("char", ['a', 'é', '語', '"']);
    family.row("String", [String::new(), "Größe \"1\"\n\t\u{1F980}".to_owned()]);
    family.row("Cow<'static, str>", [Cow::Borrowed("x"), Cow::Owned("y".to_owned())]);
    family.row("Box<str>", [Box::<str>::from("x")]);
    family.row("PathBuf", [PathBuf::from("/tmp/a b"), PathBuf::from("relative")]);
    family.row("IpAddr", ["127.0.0.1", "::1"].map(|ip| ip.parse::<IpAddr>().unwrap()));
    family.row("Ipv4Addr", [Ipv4Addr::LOCALHOST]);
    family.row("Ipv6Addr", [Ipv6Addr::LOCALHOST]);

    let mut family = Family("Standard library time", rows);
    family.row("Duration", [Duration::ZERO, Duration::new(u64::MAX, 999_999_999)]);
    family.row("SystemTime", [SystemTime::UNIX_EPOCH + Duration::new(5, 7)]);

    let mut family = Family("Pointers, unit, any value", rows);
    family.row("Box<T>", [Box::new(1_u8)]);
    family.row("Rc<T>", [Rc::new(1_u8)]);
    family.row("Arc<T>", [Arc::new("x".to_owned())]);
    family.row("()", [()]);
    family.row(
        "serde_json::Value",
        [
            json!(null),
            json!(7),
            json!("text"),
            json!([1, "x", {"a": null}]),
            json!({"a": {"b": [true]}}),
        ],
    );
    family.row("serde_json::Map", [json!({"a": 1}).as_object().unwrap().clone()]);
    family.row("Option<Value>", [None, Some(json!({"a": [1]}))] as [Option<Value>; 2]);
}
