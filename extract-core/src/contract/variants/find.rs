//! Finds the tools of a type in its schema. So it works for all enums, derived or written by hand, and for
//! run-time schemas.

use serde_json::Value;

use super::super::{Contract, name, wrapper};
use super::variant_layout::VariantLayout;
use super::{Variant, Variants};
use crate::schema::{Constant, NodeId, NodeKind, OtherMembers, Plain, Tree, embed};

/// Returns the tools of a type that has several, takes plain text, or is a list of objects. `None`
/// otherwise.
pub(super) fn variants(contract: &Contract) -> Option<Variants> {
    let tree = contract.tree();
    let mut node = contract.node();
    let (mut outer, mut text) = (None, None);
    if let Some((value, key, text_key)) = text_or_value(tree, node) {
        node = value;
        (outer, text) = (Some(key.to_owned()), Some(text_key.to_owned()));
    }
    let whole = node;
    let list = tree.plain(node).and_then(Plain::list);
    if let Some(list) = list {
        node = list.element?;
    }
    let about = tree.node(tree.resolve(node)).annotations.description.as_deref();
    let finder = Finder { contract, tree, about };
    let is_object = wrapper::is_object(tree, node);
    let variants = match finder.union(node) {
        Some(variants) => variants,
        None if list.is_some() && is_object => vec![finder.single_tool(node, "element")?],
        // A list of numbers beside plain text is one value, not several calls.
        None if text.is_some() => vec![finder.single_tool(whole, contract.name())?],
        None => return None,
    };
    let may_be_empty = list.is_none_or(|list| list.least == 0);
    let list = list.is_some() && (variants.len() > 1 || is_object);
    Some(Variants { value_key: outer, list, may_be_empty, variants, text_key: text })
}

/// Returns the node of the value, its member, and the member of the plain text, if the type is a union with
/// a plain text branch. `None` otherwise.
fn text_or_value(tree: &Tree, node: NodeId) -> Option<(NodeId, &str, &str)> {
    let NodeKind::Union { branches, .. } = &tree.node(tree.resolve(node)).kind else { return None };
    let is_text = |branch: &&NodeId| tree.node(**branch).annotations.is_plain_text;
    let (key, value) = tree.plain(*branches.iter().find(|one| !is_text(one))?)?.only_member()?;
    let (text, _) = tree.plain(*branches.iter().find(is_text)?)?.only_member()?;
    Some((value, key, text))
}

/// Builds the variants of one contract.
struct Finder<'a> {
    contract: &'a Contract,
    tree: &'a Tree,
    /// The description of the enum as a whole.
    about: Option<&'a str>,
}

/// A branch of a union, with its alternatives. It has several if it is a union itself.
type Branch<'a> = (NodeId, Vec<&'a Plain>);

impl<'a> Finder<'a> {
    /// Returns the variants of a union in one of serde's tagged representations. `None` if it is not one,
    /// has fewer than two variants, or has no variant with data.
    fn union(&self, node: NodeId) -> Option<Vec<Variant>> {
        let NodeKind::Union { branches, .. } = &self.tree.node(self.tree.resolve(node)).kind else {
            return None;
        };
        // A constraint beside the branches holds for all of them, and no tool would show it.
        if branches.iter().any(|&branch| self.tree.has_more_beside(branch)) {
            return None;
        }
        let plain = |id: &NodeId| self.tree.plain(*id);
        let of = |&id: &NodeId| (id, self.tree.alternatives(id).iter().filter_map(plain).collect());
        let branches: Vec<Branch<'a>> = branches.iter().map(of).collect();
        let variants = self.tagged(&branches).or_else(|| self.external(&branches))?;
        let mut names: Vec<&str> = variants.iter().map(Variant::name).collect();
        names.sort_unstable();
        names.dedup();
        let are_tools = variants.len() > 1
            && names.len() == variants.len()
            && !variants.iter().all(Variant::is_unit);
        are_tools.then_some(variants)
    }

    /// Returns the variants of an externally tagged enum: `"Word"` and `{"Name": …}`.
    fn external(&self, branches: &[Branch<'a>]) -> Option<Vec<Variant>> {
        let mut variants = Vec::new();
        for (id, plain) in branches {
            let [plain] = plain.as_slice() else { return None };
            let said = self.tree.description(*id);
            if let Some((key, inner)) = plain.only_member() {
                let said = said.or_else(|| self.tree.description(inner));
                let place = VariantLayout::Under(key.to_owned());
                variants.push(self.variant(key, self.schema_of(inner), said, place)?);
                continue;
            }
            for word in plain.string_constants()? {
                let place = VariantLayout::Unit(word.to_owned());
                variants.push(self.variant(word, embed::nothing(), said, place)?);
            }
        }
        Some(variants)
    }

    /// Returns the variants of an internally or adjacently tagged enum: `{"tag": "Name", …}`.
    fn tagged(&self, branches: &[Branch<'a>]) -> Option<Vec<Variant>> {
        let mut members = branches.first()?.1.first()?.members.iter();
        let tag = members.find_map(|member| {
            let is_tag = branches.iter().all(|branch| self.named(branch, &member.name).is_some());
            is_tag.then_some(member.name.as_str())
        })?;
        let content = content(branches, tag);
        let mut variants = Vec::new();
        for branch in branches {
            let name = self.named(branch, tag)?;
            let (id, all) = branch;
            let inner = content.and_then(|key| all.first()?.member(key)).map(|member| member.node);
            let schema = match inner {
                Some(inner) => self.schema_of(inner),
                None => {
                    let document = self.contract.sent_schema();
                    let without =
                        |plain: &&Plain| self.tree.to_schema_without(document, plain, tag);
                    embed::any_of(all.iter().map(without).collect())
                }
            };
            let said = self.tree.description(*id);
            let said = said.or_else(|| self.tree.description(inner?));
            let says_more = |plain: &&Plain| {
                plain.members.len() > 1
                    || plain.other_members != OtherMembers::Unspecified
                    || plain.takes_entries()
            };
            let may_be_anything = content.is_none() && !all.iter().any(says_more);
            let place = VariantLayout::Tagged {
                tag: tag.to_owned(),
                name: name.to_owned(),
                content: inner.and(content).map(str::to_owned),
            };
            let variant = self.variant(name, schema, said, place)?;
            variants.push(Variant { may_be_anything, ..variant });
        }
        Some(variants)
    }

    /// Returns the constant text of a member, if all alternatives of a branch require it and have the same
    /// constant.
    fn named(&self, (_, all): &Branch<'a>, member: &str) -> Option<&'a str> {
        let name = |plain: &'a Plain| {
            let member = plain.member(member).filter(|member| member.required)?;
            self.tree
                .plain(member.node)?
                .constant()
                .and_then(|Constant { value, .. }| value.as_str())
        };
        let first = name(all.first()?)?;
        all.iter().all(|plain| name(plain) == Some(first)).then_some(first)
    }

    /// Returns the one tool of a type that is not a union. Its name is that of the definition, the title,
    /// or `otherwise`.
    fn single_tool(&self, node: NodeId, otherwise: &str) -> Option<Variant> {
        let node = self.tree.resolve(node);
        let title = self.tree.node(node).annotations.title.as_deref().unwrap_or(otherwise);
        let name = self.tree.definition(node).unwrap_or(title);
        self.variant(name, self.schema_of(node), self.tree.description(node), VariantLayout::Whole)
    }

    /// Returns the JSON Schema of a node.
    fn schema_of(&self, node: NodeId) -> Value {
        self.tree.to_schema(self.contract.sent_schema(), node)
    }

    /// Builds a variant with the description of its branch and of the enum. `None` if its contract cannot
    /// be built.
    fn variant(
        &self,
        tag: &str,
        schema: Value,
        said: Option<&str>,
        place: VariantLayout,
    ) -> Option<Variant> {
        let about = self.about.filter(|about| place != VariantLayout::Whole && said != Some(about));
        let words: Vec<&str> = said.into_iter().chain(about).collect();
        let mut schema = embed::untitled(embed::described(schema, &words.join("\n")));
        // The schema refers to the whole type, whose variants would have to be tools inside this tool.
        if embed::define(&mut schema, self.contract.sent_schema()) {
            return None;
        }
        let contract = self.contract.build_like(name::clean(tag), schema).ok()?;
        Some(Variant { contract, layout: place, may_be_anything: false })
    }
}

/// Returns the member that holds the content of all variants with data, as in adjacently tagged enums.
/// `None` if there is no such member.
fn content<'a>(branches: &[Branch<'a>], tag: &str) -> Option<&'a str> {
    let mut found: Option<&str> = None;
    let mut count = 0;
    for (_, all) in branches {
        let [plain] = all.as_slice() else { return None };
        let mut rest = plain.members.iter().filter(|member| member.name != tag);
        let (first, more) = (rest.next(), rest.next());
        if plain.takes_entries() || more.is_some() {
            return None;
        }
        let Some(first) = first else { continue };
        if !first.required || found.is_some_and(|found| found != first.name) {
            return None;
        }
        found = Some(&first.name);
        count += 1;
    }
    // A single variant with one field may as well be internally tagged.
    found.filter(|_| count > 1)
}
