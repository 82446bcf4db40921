//! Makes a value for a schema, node by node.

use fastrand::Rng;
use serde_json::{Map, Value};

use super::heights::Heights;
use super::{numbers, pattern, text};
use crate::schema::{
    Kinds, Lengths, NodeId, NodeKind, OtherMembers, Plain, Tree, json_equal, push_segment,
};

/// The nesting from which on a value is kept as small as its schema allows.
const DEPTH: usize = 5;

/// The most elements of a list, and entries of a map, unless the schema asks for more.
const MOST_ELEMENTS: usize = 3;

/// The most elements that a schema may ask for.
const MOST_REQUIRED: usize = 10_000;

/// The most attempts to make an element that a list does not have yet.
const UNIQUE_ATTEMPTS: usize = 50;

/// A place of the value, and the node that it was made for.
#[derive(Debug, Clone)]
pub(super) struct Site {
    pub(super) pointer: String,
    pub(super) node: NodeId,
}

/// Makes one value.
pub(super) struct Generator<'a> {
    tree: &'a Tree,
    rng: Rng,
    input: &'a str,
    heights: Heights,
    sites: Vec<Site>,
}

impl<'a> Generator<'a> {
    /// Creates a generator. Texts are taken from the input.
    pub(super) fn new(tree: &'a Tree, rng: Rng, input: &'a str) -> Self {
        Self { tree, rng, input, heights: Heights::of(tree), sites: Vec::new() }
    }

    /// Returns a value. It fits each constraint that the generator knows. Fails with the reason if it knows no
    /// value.
    pub(super) fn value(&mut self) -> Result<Value, String> {
        self.of_node(self.tree.root(), "", 0)
    }

    /// Returns the places of the value, those inside others later.
    pub(super) fn into_sites(self) -> Vec<Site> {
        self.sites
    }

    fn of_node(&mut self, id: NodeId, pointer: &str, depth: usize) -> Result<Value, String> {
        let tree = self.tree;
        match &tree.node(id).kind {
            NodeKind::Never(reason) => Err(format!("{pointer}: no value fits: {reason}")),
            NodeKind::Reference(to) => self.of_node(*to, pointer, depth),
            NodeKind::Union { branches, .. } => {
                let branch = self.branch(branches, depth);
                let branch = branch.ok_or_else(|| format!("{pointer}: every value is infinite"))?;
                self.of_node(branch, pointer, depth)
            }
            NodeKind::Plain(plain) => {
                self.sites.push(Site { pointer: pointer.to_owned(), node: id });
                let description = tree.node(id).annotations.description.as_deref();
                self.of_plain(plain, description, pointer, depth)
            }
        }
    }

    /// Returns a branch of a union: any, or the flattest in a deep place. Null is rare.
    fn branch(&mut self, branches: &[NodeId], depth: usize) -> Option<NodeId> {
        let finite: Vec<NodeId> =
            branches.iter().copied().filter(|id| self.heights.get(*id).is_some()).collect();
        if depth >= DEPTH {
            return finite.into_iter().min_by_key(|id| self.heights.get(*id));
        }
        let is_null = |id: &NodeId| self.tree.kinds(*id) == Kinds::NULL;
        let (nulls, others): (Vec<NodeId>, Vec<NodeId>) = finite.into_iter().partition(is_null);
        let pick_null = others.is_empty() || (!nulls.is_empty() && self.rng.u8(..5) == 0);
        self.rng.choice(if pick_null { nulls } else { others })
    }

    fn of_plain(
        &mut self,
        plain: &Plain,
        description: Option<&str>,
        pointer: &str,
        depth: usize,
    ) -> Result<Value, String> {
        if let Some(constants) = &plain.constants {
            let constant = self.rng.choice(constants);
            return constant
                .map(|constant| constant.value.clone())
                .ok_or_else(|| format!("{pointer}: no value is allowed"));
        }
        let kinds = plain.implied_kinds().unwrap_or(Kinds::STRING);
        let kind = self.kind(kinds, depth);
        match kind {
            Kinds::NULL => Ok(Value::Null),
            Kinds::BOOLEAN => Ok(self.rng.bool().into()),
            Kinds::INTEGER => numbers::integer(plain, &mut self.rng)
                .ok_or_else(|| format!("{pointer}: no integer is within the bounds")),
            Kinds::NUMBER => numbers::number(plain, &mut self.rng)
                .ok_or_else(|| format!("{pointer}: no number is within the bounds")),
            Kinds::ARRAY => self.list(plain, pointer, depth),
            Kinds::OBJECT => self.object(plain, pointer, depth),
            _ => {
                let text = self.text(plain, description).map(Value::String);
                text.map_err(|why| format!("{pointer}: {why}"))
            }
        }
    }

    /// Returns one of the kinds. Null is rare, and no container is begun in a deep place without need.
    fn kind(&mut self, kinds: Kinds, depth: usize) -> Kinds {
        let flat = kinds.without(Kinds::PARTED);
        let kinds = if depth >= DEPTH && !flat.is_none() { flat } else { kinds };
        let other = kinds.without(Kinds::NULL);
        if other.is_none() || (other != kinds && self.rng.u8(..5) == 0) {
            return Kinds::NULL;
        }
        let named = other.names();
        let all: Vec<Kinds> = Kinds::NAMED
            .iter()
            .filter(|(name, _)| named.contains(name))
            .map(|(_, kind)| *kind)
            .collect();
        self.rng.choice(all).unwrap_or(Kinds::STRING)
    }

    fn text(&mut self, plain: &Plain, description: Option<&str>) -> Result<String, String> {
        let lengths = plain.text_lengths();
        if lengths.min > text::LONGEST {
            return Err(format!("a text of {} characters is too long", lengths.min));
        }
        if let Some(regex) = plain.text("pattern") {
            return pattern::text(regex, pattern::TEXT, &mut self.rng, |text| {
                lengths.hold(text.chars().count())
            });
        }
        if plain.encoding() == Some("base64") {
            return Ok(text::base64(&mut self.rng));
        }
        let format = plain.text("format").or_else(|| described_format(description?));
        let of_format = format.and_then(|format| text::of_format(format, &mut self.rng));
        Ok(of_format.unwrap_or_else(|| text::words(self.input, lengths, &mut self.rng)))
    }

    fn list(&mut self, plain: &Plain, pointer: &str, depth: usize) -> Result<Value, String> {
        let lengths = plain.list_lengths();
        let fixed = plain.prefix_items.len();
        let no_rest = plain.rest.is_some_and(|rest| {
            matches!(self.tree.node(self.tree.resolve(rest)).kind, NodeKind::Never(_))
        });
        let some = match plain.rest {
            _ if depth >= DEPTH || no_rest => 0,
            Some(rest) if self.heights.get(rest).is_none() => 0,
            None if fixed > 0 => 0,
            _ => self.rng.usize(1..=MOST_ELEMENTS),
        };
        let count = (fixed + some).clamp(lengths.min.min(lengths.max), lengths.max);
        if count > MOST_REQUIRED {
            return Err(format!("{pointer}: {count} elements are too many"));
        }
        let is_unique = plain.is_unique();
        let mut items: Vec<Value> = Vec::with_capacity(count);
        for index in 0..count {
            let place = child(pointer, &index.to_string());
            let mut attempts = 0;
            let item = loop {
                let sites = self.sites.len();
                let item = match plain.element(index) {
                    Some(node) => self.of_node(node, &place, depth + 1)?,
                    None => text::words(self.input, plain.text_lengths(), &mut self.rng).into(),
                };
                let is_known = is_unique && items.iter().any(|known| json_equal(known, &item));
                if !is_known {
                    break Some(item);
                }
                self.sites.truncate(sites);
                attempts += 1;
                if attempts == UNIQUE_ATTEMPTS {
                    break None;
                }
            };
            match item {
                Some(item) => items.push(item),
                None if items.len() >= lengths.min => break,
                None => return Err(format!("{pointer}: too few different elements are known")),
            }
        }
        Ok(items.into())
    }

    fn object(&mut self, plain: &Plain, pointer: &str, depth: usize) -> Result<Value, String> {
        let Lengths { min: least, max: most } = plain.member_counts();
        let required = plain.members.iter().filter(|member| member.required).count();
        let mut room = most.saturating_sub(required);
        let mut object = Map::new();
        for member in &plain.members {
            if !member.required {
                let is_finite = self.heights.get(member.node).is_some();
                if room == 0 || !is_finite || depth >= DEPTH || self.rng.u8(..5) == 0 {
                    continue;
                }
                room -= 1;
            }
            let place = child(pointer, &member.name);
            let value = self.of_node(member.node, &place, depth + 1)?;
            object.insert(member.name.clone(), value);
        }
        self.entries(plain, &mut object, (least, most), pointer, depth)?;
        Ok(object.into())
    }

    /// Adds members that the schema does not name: the entries of a map.
    fn entries(
        &mut self,
        plain: &Plain,
        object: &mut Map<String, Value>,
        (least, most): (usize, usize),
        pointer: &str,
        depth: usize,
    ) -> Result<(), String> {
        let open = match plain.other_members {
            OtherMembers::Open(id) => Some(id),
            _ => None,
        };
        let is_map = !plain.patterns.is_empty() || open.is_some();
        let values = plain.patterns.first().map(|(_, id)| *id).or(open);
        let is_finite = values.is_none_or(|id| self.heights.get(id).is_some());
        let wanted = if is_map && is_finite && depth < DEPTH && plain.members.is_empty() {
            self.rng.usize(1..=MOST_ELEMENTS)
        } else {
            0
        };
        let count = wanted.max(least).min(most);
        if count > MOST_REQUIRED {
            return Err(format!("{pointer}: {count} members are too many"));
        }
        let mut attempts = 0;
        while object.len() < count {
            attempts += 1;
            if attempts > UNIQUE_ATTEMPTS + count {
                if object.len() >= least {
                    break;
                }
                return Err(format!("{pointer}: too few different names are known"));
            }
            let name = self.name(plain)?;
            if object.contains_key(&name) {
                continue;
            }
            let place = child(pointer, &name);
            let value = match values {
                Some(node) => self.of_node(node, &place, depth + 1)?,
                None => text::words(self.input, plain.text_lengths(), &mut self.rng).into(),
            };
            object.insert(name, value);
        }
        Ok(())
    }

    /// Returns the name of an entry.
    fn name(&mut self, plain: &Plain) -> Result<String, String> {
        if let Some(names) = plain.names {
            let sites = self.sites.len();
            let name = self.of_node(names, "", DEPTH)?;
            self.sites.truncate(sites);
            if let Value::String(name) = name {
                return Ok(name);
            }
            return Err(String::from("the names of members are no texts"));
        }
        if let Some((regex, _)) = plain.patterns.first() {
            // `serde` reads no number that begins with a zero.
            let is_number = |text: &str| {
                let digits = text.trim_start_matches('-');
                digits.len() == 1 || !digits.starts_with('0')
            };
            let regex = &regex.text;
            let number = pattern::text(regex, pattern::NAME, &mut self.rng, is_number);
            return number
                .or_else(|_| pattern::text(regex, pattern::NAME, &mut self.rng, |_| true));
        }
        Ok(text::word(&mut self.rng))
    }
}

/// Returns the format that a description states. A dialect writes those there that its servers refuse.
fn described_format(description: &str) -> Option<&str> {
    let (_, format) = description.rsplit_once("Format: ")?;
    format.split('.').next()
}

/// Returns the pointer of a child.
fn child(pointer: &str, segment: &str) -> String {
    let mut pointer = pointer.to_owned();
    push_segment(&mut pointer, segment);
    pointer
}
