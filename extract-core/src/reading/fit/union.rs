//! Fits unions. A tag, or a member that only one variant has, binds the value to that variant. All
//! misfits are then reported inside that variant. Costs are compared only if no variant is named.

use serde_json::Value;

use super::super::enum_match::{self, EnumMatch};
use super::super::report::RepairKind;
use super::super::tree::{Kind, NodeId};
use super::{Branch, Fit, FitNotes, Fitter, PathSegment, Position, cost};
use crate::contract::shape::{ShapeId, ShapeKind, Tag, UnionShape, intersect_options};

/// The variant to which an object is bound.
enum Binding<'s> {
    /// Bound to the option with this index.
    Option(usize),
    /// Bound to an option, some of whose tags are missing. They are added.
    Untagged(usize),
    /// A tag has a value that names no variant.
    UnknownTag(NodeId, &'s Tag),
    /// A required tag is missing.
    NoTag(&'s Tag),
    /// The members belong to several variants.
    Several,
    /// No member belongs to any variant.
    Nothing,
}

/// The result of comparing an object's members with one option.
#[derive(Debug, Clone, Copy, Default)]
struct Score {
    /// The number of members that the option has.
    named: u32,
    /// The number of required members among them.
    required: u32,
    /// The tags whose value a member of this option implies; one bit for each tag.
    speaks: u8,
}

impl<'s> Fitter<'s> {
    /// Fits a node to a union.
    pub(super) fn union(
        &mut self,
        at: Position<'s>,
        form: &'s UnionShape,
        out: &mut Option<&mut FitNotes<'s>>,
    ) -> Fit {
        let kind = self.kind(at.node);
        if form.nullable && matches!(kind, Kind::Null | Kind::Missing) {
            return (0, Some(Value::Null));
        }
        let is_text = matches!(kind, Kind::Text | Kind::Bare);
        if form.nullable
            && is_text
            && !form.options.iter().any(|&option| self.takes_text(option, at.node))
            && enum_match::is_absence_word(self.tree.text(at.node))
        {
            return self.null(at, out);
        }
        let at = Position { tags: &[], ..at };
        if let [only] = form.options.as_slice() {
            // The notes of the node were reported before.
            return self.fit(Position { shape: *only, told: true, ..at }, out);
        }
        let is_list = |&option: &ShapeId| matches!(self.shape.kind(option), ShapeKind::List(_));
        let branch = if form.options.iter().any(is_list) { Branch::Listed } else { Branch::Other };
        let at = Position { branch, told: true, ..at };
        match kind {
            Kind::Object => self.object_of(at, form, out),
            Kind::List => self.list_of(at, form, out),
            _ => self.scalar_of(at, form, out),
        }
    }

    /// Returns whether an option takes a string as written, or has it as an enum value.
    fn takes_text(&self, option: ShapeId, node: NodeId) -> bool {
        let text = self.tree.text(node);
        match self.shape.kind(option) {
            ShapeKind::Any => true,
            ShapeKind::Text(lengths) => lengths.free() || lengths.hold(text.chars().count()),
            ShapeKind::Choice(choices) => {
                matches!(enum_match::find(choices, text), EnumMatch::Exact(_) | EnumMatch::Like(_))
            }
            _ => false,
        }
    }

    /// Fits an object to a union.
    fn object_of(
        &mut self,
        at: Position<'s>,
        form: &'s UnionShape,
        out: &mut Option<&mut FitNotes<'s>>,
    ) -> Fit {
        match self.bind(at, form) {
            Binding::Option(index) => self.fit(Position { shape: form.options[index], ..at }, out),
            Binding::Untagged(index) => {
                let below = Position { shape: form.options[index], tags: &form.tags, ..at };
                let (cost, value) = self.fit(below, out);
                for tag in form.tags.iter().filter(|tag| tag.has_tag(index)) {
                    if self.tag_member(at.node, tag).is_none() {
                        let put = value.as_ref().and_then(|value| value.get(&tag.name));
                        self.report(out, RepairKind::Tag, at.node, put.unwrap_or_default());
                    }
                }
                (cost, value)
            }
            Binding::UnknownTag(node, tag) => {
                let found = self.raw(node).to_owned();
                let words = (tag.expected(), found);
                self.misfit_at(at, PathSegment::Name(&tag.name), (&words.0, &words.1), out)
            }
            Binding::NoTag(tag) => {
                self.misfit_at(at, PathSegment::Name(&tag.name), (&tag.expected(), ""), out)
            }
            Binding::Several => self.semantic_misfit(at, "the members of one variant only", out),
            Binding::Nothing => self.unnamed(at, form, out),
        }
    }

    /// Returns the variant that an object names. Several tags together narrow down the variants.
    fn bind(&mut self, at: Position<'s>, form: &'s UnionShape) -> Binding<'s> {
        let (mut named, mut unknown, mut absent) = (None, None, 0);
        for (bit, tag) in (0..).zip(&form.tags) {
            match self.tag_member(at.node, tag) {
                None => absent |= 1 << bit,
                Some(member) => match self.options_of_tag(member, tag) {
                    Some(options) => named = Some(intersect_options(named, options)),
                    None => unknown = unknown.or(Some((member, tag))),
                },
            }
        }
        let mut options: Vec<usize> = match &named {
            Some(named) => named.iter().map(|&option| option as usize).collect(),
            None => (0..form.options.len()).collect(),
        };
        if let [only] = options.as_slice() {
            return Binding::Option(*only);
        }
        let needs_tag = |option: usize| form.tags_of(option) & absent != 0;
        if let Some((member, tag)) = unknown {
            if self.is_cut_tag(member) {
                return Binding::Nothing;
            }
            // Another option may have an ordinary member with this name.
            options.retain(|&option| {
                !tag.has_tag(option) && !needs_tag(option) && self.has_member(form, option, member)
            });
            return match self.bind_by_members(at, form, &options, 0) {
                Binding::Option(option) => Binding::Option(option),
                _ => Binding::UnknownTag(member, tag),
            };
        }
        match self.bind_by_members(at, form, &options, absent) {
            Binding::Option(option) if needs_tag(option) => Binding::Untagged(option),
            bound @ (Binding::Nothing | Binding::Several) => {
                let of_all = options.iter().fold(absent, |all, &option| all & form.tags_of(option));
                let tag = form.tags.get(of_all.trailing_zeros() as usize);
                tag.map_or(bound, Binding::NoTag)
            }
            bound => bound,
        }
    }

    /// Returns whether an option has a member with the key of `member`.
    fn has_member(&self, form: &UnionShape, option: usize, member: NodeId) -> bool {
        match self.shape.kind(form.options[option]) {
            ShapeKind::Object(object) => {
                object.has_others() || self.field_of(object, member).is_some()
            }
            _ => false,
        }
    }

    /// Returns the member of an object whose key is that of a tag.
    fn tag_member(&self, node: NodeId, tag: &Tag) -> Option<NodeId> {
        self.tree.children(node).find(|&child| tag.is_key(self.tree.key(child)))
    }

    /// Returns the options that the value of a tag names, or `None` if it names none.
    fn options_of_tag<'t>(&self, member: NodeId, tag: &'t Tag) -> Option<&'t [u32]> {
        let node = self.tree.node(member);
        let is_scalar = !matches!(node.kind, Kind::Object | Kind::List | Kind::Missing);
        let options = tag.options(self.tree.text(member)).filter(|_| is_scalar && !node.cut)?;
        Some(options.0)
    }

    /// Returns whether the text ends inside the tag, which is allowed in a partial text.
    fn is_cut_tag(&self, member: NodeId) -> bool {
        let node = self.tree.node(member);
        self.partial.is_some() && (node.cut || node.last)
    }

    /// Finds the option to which an object's members belong. All its required members must be
    /// there, and no member may belong only to other options.
    ///
    /// `absent` holds the missing tags, one bit for each. An option without them counts only if one
    /// of its own members implies them. A unit variant is therefore never inferred, even if its tag
    /// is flattened into a struct.
    fn bind_by_members(
        &mut self,
        at: Position<'s>,
        form: &'s UnionShape,
        options: &[usize],
        absent: u8,
    ) -> Binding<'s> {
        let mut scores: Vec<Option<Score>> = vec![None; form.options.len()];
        options.iter().for_each(|&option| scores[option] = Some(Score::default()));
        let (mut known, mut total) = (0, 0);
        for child in self.tree.children(at.node) {
            let mut is_known = false;
            for one in form.members.find(self.tree.key(child)) {
                let ShapeKind::Object(object) = self.shape.kind(form.options[one.option as usize])
                else {
                    continue;
                };
                let Some(score) = &mut scores[one.option as usize] else { continue };
                score.named += 1;
                score.required += u32::from(object.fields[one.field as usize].required);
                score.speaks |= one.speaks;
                is_known = true;
            }
            known += u32::from(is_known);
            total += 1;
        }
        let missing_tags = |option: usize| form.tags_of(option) & absent;
        let mut whole: Vec<(usize, u32)> = Vec::new();
        let mut partly: Vec<(u32, usize)> = Vec::new();
        let mut crosses = false;
        let (mut untagged, mut complete) = (0, 0);
        for &index in options {
            let (ShapeKind::Object(object), Some(score)) =
                (self.shape.kind(form.options[index]), scores[index])
            else {
                continue;
            };
            let tags = missing_tags(index);
            let takes_all = object.has_others();
            let required = u32::try_from(object.required()).unwrap_or(u32::MAX);
            let missing = required.saturating_sub(score.required).saturating_sub(tags.count_ones());
            let foreign = if takes_all { 0 } else { known.saturating_sub(score.named) };
            let is_there = match tags {
                0 => score.named > 0 || takes_all || total == 0,
                _ => score.speaks & tags == tags || takes_all && score.named < total,
            };
            if !is_there {
                continue;
            }
            untagged += u32::from(tags > 0 && missing == 0);
            complete += u32::from(missing == 0);
            if foreign > 0 {
                crosses = true;
            } else if missing == 0 {
                let unknown = if takes_all { 0 } else { total - score.named.min(total) };
                whole.push((index, unknown));
            } else if tags == 0 {
                partly.push((missing, index));
            }
        }
        // An option with all its tags wins over options without them.
        if whole.iter().any(|one| missing_tags(one.0) == 0) {
            whole.retain(|one| missing_tags(one.0) == 0);
        }
        // An option that keeps all members wins over one that knows fewer of them.
        let least = whole.iter().map(|(_, unknown)| *unknown).min();
        let whole: Vec<usize> =
            whole.iter().filter(|one| Some(one.1) == least).map(|one| one.0).collect();
        match whole.as_slice() {
            // Several variants would fit without their tags, so none is chosen.
            [first, ..] if untagged > 1 && missing_tags(*first) > 0 => {
                return Binding::Several;
            }
            // Another variant fits the value as written if it ignores a member, so neither is
            // chosen.
            [one] if complete > 1 && self.is_converted(at, form.options[*one]) => {
                return Binding::Several;
            }
            [one] => return Binding::Option(*one),
            [_, ..] => return Binding::Option(self.cheapest(at, form, &whole).0),
            [] => {}
        }
        if total == 0 {
            return Binding::Nothing;
        }
        let least = partly.iter().map(|(missing, _)| *missing).min();
        let nearest: Vec<usize> =
            partly.iter().filter(|one| Some(one.0) == least).map(|one| one.1).collect();
        match nearest.as_slice() {
            [one] => Binding::Option(*one),
            [_, ..] => Binding::Option(self.cheapest(at, form, &nearest).0),
            [] if crosses => Binding::Several,
            [] => Binding::Nothing,
        }
    }

    /// Returns whether an option fits only after a structural conversion.
    fn is_converted(&mut self, at: Position<'s>, option: ShapeId) -> bool {
        (cost::STRUCTURE..cost::MISFIT).contains(&self.cost_of(Position { shape: option, ..at }))
    }

    /// Returns the option with the least cost, the first of equals, and its cost.
    fn cheapest(
        &mut self,
        at: Position<'s>,
        form: &'s UnionShape,
        options: &[usize],
    ) -> (usize, u32) {
        let mut best = (options.first().copied().unwrap_or_default(), u32::MAX);
        for &index in options {
            let cost = self.cost_of(Position { shape: form.options[index], ..at });
            if cost < best.1 {
                best = (index, cost);
            }
            if cost == 0 {
                break;
            }
        }
        best
    }

    /// Fits an object that has no member of any variant. It may be a unit variant with an empty
    /// payload, the content of exactly one variant, or a wrapper. It may also fit an option that is
    /// not an object.
    fn unnamed(
        &mut self,
        at: Position<'s>,
        form: &'s UnionShape,
        out: &mut Option<&mut FitNotes<'s>>,
    ) -> Fit {
        for (index, &option) in form.options.iter().enumerate() {
            match self.shape.kind(option) {
                ShapeKind::Any => return self.fit(Position { shape: option, ..at }, out),
                ShapeKind::Choice(choices) if self.unit(at.node, choices).is_some() => {
                    return self.fit(Position { shape: form.options[index], ..at }, out);
                }
                _ => {}
            }
        }
        let wrapper = self.wrapper_content(at);
        if let Some(conversion) = self.first_fitting([wrapper]) {
            return self.convert(at, conversion, out);
        }
        if let Some(field) = self.only_content(at, form) {
            return self.as_field(at, field, out);
        }
        let others: Vec<usize> = (0..form.options.len())
            .filter(|&index| !self.shape.kind(form.options[index]).is_object())
            .collect();
        let (option, cost) = self.cheapest(at, form, &others);
        if cost < cost::MISFIT {
            return self.fit(Position { shape: form.options[option], ..at }, out);
        }
        if let Some(conversion) = wrapper {
            return self.convert(at, conversion, out);
        }
        self.semantic_misfit(at, &self.alternatives(form), out)
    }

    /// Returns the field of the only variant whose content the object is, without the variant's
    /// name.
    fn only_content(
        &self,
        at: Position<'s>,
        form: &'s UnionShape,
    ) -> Option<(&'s str, Position<'s>)> {
        let mut only = None;
        for &option in &form.options {
            let ShapeKind::Object(object) = self.shape.kind(option) else { continue };
            if let Some(field) = self.as_only_field(at, object) {
                if only.replace(field).is_some() {
                    return None;
                }
            }
        }
        only
    }

    /// Fits a list to a union.
    fn list_of(
        &mut self,
        at: Position<'s>,
        form: &'s UnionShape,
        out: &mut Option<&mut FitNotes<'s>>,
    ) -> Fit {
        let is = |fitter: &Self, index: &usize, is_list: bool| {
            let form = fitter.shape.kind(form.options[*index]);
            matches!(form, ShapeKind::List(_)) == is_list && !form.is_object()
        };
        let lists: Vec<usize> = (0..form.options.len()).filter(|at| is(self, at, true)).collect();
        if !lists.is_empty() {
            let (option, _) = self.cheapest(at, form, &lists);
            return self.fit(Position { shape: form.options[option], ..at }, out);
        }
        if let Some(conversion) = self.unwrapped(at) {
            return self.convert(at, conversion, out);
        }
        let others: Vec<usize> = (0..form.options.len()).filter(|at| is(self, at, false)).collect();
        self.best_of(at, form, &others, out)
    }

    /// Fits a scalar to a union.
    fn scalar_of(
        &mut self,
        at: Position<'s>,
        form: &'s UnionShape,
        out: &mut Option<&mut FitNotes<'s>>,
    ) -> Fit {
        let of = |fitter: &Self, kind: fn(&ShapeKind) -> bool| -> Vec<usize> {
            let is = |index: &usize| kind(fitter.shape.kind(form.options[*index]));
            (0..form.options.len()).filter(is).collect()
        };
        if self.loses_digits(at.node) {
            let texts = of(self, |form| matches!(form, ShapeKind::Text(_)));
            if let Some(&text) = texts.first() {
                return self.as_written(at, form.options[text], out);
            }
        }
        let scalars = of(self, |form| !matches!(form, ShapeKind::Object(_) | ShapeKind::List(_)));
        if self.is_prose(at.node) && self.is_within(at) {
            // If an option accepts any words, no number is extracted from them.
            let takes_words = |&index: &usize| {
                matches!(self.shape.kind(form.options[index]), ShapeKind::Text(_) | ShapeKind::Any)
            };
            if scalars.iter().any(takes_words) {
                return self.semantic_misfit(at, &self.alternatives(form), out);
            }
        }
        let (option, cost) = self.cheapest(at, form, &scalars);
        if cost < cost::MISFIT {
            return self.fit(Position { shape: form.options[option], ..at }, out);
        }
        if let Some(conversion) = self.unwrapped(at) {
            return self.convert(at, conversion, out);
        }
        let lists = of(self, |form| matches!(form, ShapeKind::List(_)));
        let all = if lists.is_empty() { scalars } else { lists };
        self.best_of(at, form, &all, out)
    }

    /// Returns a number as a string, as written, if it has more digits than a JSON value keeps.
    fn as_written(
        &mut self,
        at: Position<'s>,
        text: ShapeId,
        out: &mut Option<&mut FitNotes<'s>>,
    ) -> Fit {
        let ShapeKind::Text(lengths) = self.shape.kind(text) else {
            return self.misfit(at, "a number", out);
        };
        let written = self.tree.text(at.node);
        if !lengths.hold(written.chars().count()) {
            return self.semantic_misfit(at, "a number of fewer digits", out);
        }
        (0, Some(Value::String(written.to_owned())))
    }

    /// Fits a node to the option with the least cost. If none fits, the misfit names all
    /// alternatives.
    fn best_of(
        &mut self,
        at: Position<'s>,
        form: &'s UnionShape,
        options: &[usize],
        out: &mut Option<&mut FitNotes<'s>>,
    ) -> Fit {
        let (option, cost) = self.cheapest(at, form, options);
        if cost < cost::MISFIT {
            return self.fit(Position { shape: form.options[option], ..at }, out);
        }
        self.semantic_misfit(at, &self.alternatives(form), out)
    }

    /// Describes the alternatives; a long list is shortened.
    fn alternatives(&self, form: &UnionShape) -> String {
        const MOST: usize = 8;
        let mut words: Vec<String> = Vec::new();
        for &option in &form.options {
            let one = match self.shape.kind(option) {
                ShapeKind::Choice(choices) => choices.expected(),
                ShapeKind::Object(object) => match object.only_field() {
                    Some(field) => format!("an object with the member {:?}", field.name),
                    None => String::from("an object"),
                },
                ShapeKind::List(_) => String::from("a list"),
                ShapeKind::Text(_) => String::from("a string"),
                ShapeKind::Integer(..) => String::from("an integer"),
                ShapeKind::Number(_) => String::from("a number"),
                ShapeKind::Bool => String::from("a boolean"),
                _ => continue,
            };
            if !words.contains(&one) {
                words.push(one);
            }
            if words.len() == MOST {
                words.push(String::from("…"));
                break;
            }
        }
        words.join(" or ")
    }
}

impl Tag {
    /// Describes the values of the tag; a long list is shortened.
    fn expected(&self) -> String {
        const MOST: usize = 20;
        let names: Vec<String> = self.values.iter().take(MOST).map(Value::to_string).collect();
        match self.values.len() {
            0..=MOST => format!("one of {}", names.join(", ")),
            more => format!("one of {more} values: {}, …", names.join(", ")),
        }
    }
}
