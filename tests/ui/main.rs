//! The compiler's messages for mistakes: each points to the mistake and names the remedy.

#[test]
fn compile_errors_point_to_the_mistake_and_name_the_remedy() {
    trybuild::TestCases::new().compile_fail("cases/*.rs");
}
