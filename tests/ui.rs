//! What the compiler says of each mistake: where it stands, and the mend.

#[test]
fn mistakes_are_told_where_they_stand_with_their_mend() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
