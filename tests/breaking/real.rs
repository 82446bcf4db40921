//! Real schemas.
