//! All names that members may have anywhere in a schema. A scanner uses them to decide whether the text
//! after a comma can be a key; it does not know in which object it is.

use std::collections::HashSet;
use std::sync::Arc;

use super::{Shape, ShapeKind, normal_name};

/// The names of all fields in a schema, with their aliases.
#[derive(Debug, Clone, Default)]
pub(crate) struct MemberNames {
    exact: HashSet<String>,
    normal: HashSet<String>,
}

impl MemberNames {
    /// Returns whether a member may have this name, exactly or in another spelling.
    pub(crate) fn contains(&self, name: &str) -> bool {
        self.exact.contains(name) || self.normal.contains(&normal_name(name))
    }
}

impl Shape {
    /// Returns the names of all members; `None` if the schema allows any names, as a map does. Gathered
    /// once.
    pub(crate) fn member_names(&self) -> Option<Arc<MemberNames>> {
        self.names.get_or_init(|| self.gather_names().map(Arc::new)).clone()
    }

    /// Gathers the names of all objects of the schema.
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
