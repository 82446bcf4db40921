//! The names that members can have anywhere in a schema: what may stand behind a comma. Knows no
//! places: a name of one object counts for all.

use std::collections::HashSet;
use std::sync::Arc;

use super::{Shape, ShapeKind, normal};

/// All names of fields in a schema, with their aliases.
#[derive(Debug, Clone, Default)]
pub(crate) struct MemberNames {
    exact: HashSet<String>,
    normal: HashSet<String>,
}

impl MemberNames {
    /// Whether a member can have this name, in whatever spelling.
    pub(crate) fn contains(&self, name: &str) -> bool {
        self.exact.contains(name) || self.normal.contains(&normal(name))
    }
}

impl Shape {
    /// The names of all members; `None` where the schema leaves names open, as maps do.
    pub(crate) fn member_names(&self) -> Option<Arc<MemberNames>> {
        self.names.get_or_init(|| self.gather_names().map(Arc::new)).clone()
    }

    fn gather_names(&self) -> Option<MemberNames> {
        let mut names = MemberNames::default();
        for form in &self.nodes {
            match form {
                ShapeKind::Any => return None,
                ShapeKind::Object(object) => {
                    names.exact.extend(object.exact.keys().cloned());
                    names.normal.extend(object.normal.keys().cloned());
                    match &object.keys {
                        Some(keys) => {
                            names.exact.extend(keys.exact.keys().cloned());
                            names.normal.extend(keys.normal.keys().cloned());
                        }
                        None if object.has_others() => return None,
                        None => {}
                    }
                }
                _ => {}
            }
        }
        Some(names)
    }
}
