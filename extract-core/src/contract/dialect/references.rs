//! References and the definitions they lead to: kept, written out, or, where a recursive one has been
//! written out often enough, cut off.

use serde_json::Value;

use super::error::DialectError;
use super::lower::{Definition, Engine, Out, clean, is_noise};
use super::normal::Shape;
use super::note::NoteKind;
use super::plan::{SAME, Step, StepId};
use super::table::{Refs, RootRefs};
use super::{guard, walk};

/// How many names a definition may have before it has a body.
const MAX_NAMES: usize = 100;

/// How far references are followed to see whether null fits.
const NULL_STEPS: usize = 500;

/// While fewer schemas than this are written, a described reference is written out; afterwards it
/// is kept and wrapped.
const INLINE_PARTS: usize = 2_000;

impl Engine<'_, '_> {
    /// What a reference becomes: a reference, or what it refers to.
    pub(super) fn reference(
        &mut self,
        reference: &str,
        place: &str,
        bare: bool,
    ) -> Result<Option<Out>, DialectError> {
        let mut reference = reference.to_owned();
        let mut target = self.source.resolve(&reference)?;
        let mut normal = self.normal(target)?;
        let mut steps = 0;
        // A definition that is only another name for a definition is skipped.
        while let Shape::Reference(next) = &normal.shape {
            steps += 1;
            if steps > MAX_NAMES {
                let why = "it is made of nothing but itself";
                return Err(DialectError::Reference { reference, why });
            }
            if !normal.annotations.is_empty() {
                break;
            }
            reference.clone_from(next);
            target = self.source.resolve(&reference)?;
            normal = self.normal(target)?;
        }
        let pointer = reference.trim_start_matches('#').to_owned();
        if self.source.is_recursive(&reference) {
            if let Some(most) = self.unroll {
                let open = self.path.iter().filter(|open| **open == reference).count();
                if open >= most {
                    return Ok(Some(self.cut(&reference, place)));
                }
                self.path.push(reference.clone());
                let out = self.lower(target, &pointer)?;
                self.path.pop();
                if let (0, Some(out)) = (open, &out) {
                    self.close(&reference, out.step);
                }
                return Ok(out);
            }
        } else {
            let plain_any = matches!(&normal.shape, Shape::Plain(plain) if plain.is_empty());
            let annotated = !bare && self.inline && self.parts < INLINE_PARTS;
            if self.dialect.refs == Refs::Inline
                || matches!(normal.shape, Shape::Never)
                || plain_any
                || annotated
            {
                self.inlined |= annotated;
                return self.lower(target, &pointer);
            }
        }
        let index = self.define(&reference);
        let schema = [("$ref".to_owned(), self.reference_to(index))].into_iter().collect();
        let step = self.step(Step::Definition(index));
        let null = guard::fits(target, self.source.root, &Value::Null, &mut { NULL_STEPS });
        Ok(Some(Out { schema, step, null, ..Out::default() }))
    }

    /// Where writing out a recursive definition ends: JSON text, so that no value is lost.
    fn cut(&mut self, reference: &str, place: &str) -> Out {
        let index = self.definition(reference, false);
        let name = self.name_of(reference);
        let depth = self.unroll.unwrap_or_default();
        self.note(
            NoteKind::Unrolled,
            place,
            format!("{name} is written out {depth} deep; what is deeper is sent as JSON text"),
        );
        let schema = [("type".to_owned(), self.type_name("string"))].into_iter().collect();
        let words =
            vec![format!("JSON text of one more {name}, in the same shape as the outer ones.")];
        Out { schema, words, step: self.step(Step::Cut(index)), ..Out::default() }
    }

    /// Tells the values that are cut off how their definition changes them.
    pub(super) fn close(&mut self, reference: &str, step: StepId) {
        let index = self.by_reference.get(reference).copied();
        if let Some(known) = index.and_then(|index| self.definitions.get_mut(index)) {
            if known.name.is_none() {
                known.step = step;
            }
        }
    }

    /// The index of a definition that is sent.
    fn define(&mut self, reference: &str) -> usize {
        let sent = reference != "#" || self.dialect.root_refs == RootRefs::Define;
        self.definition(reference, sent)
    }

    fn definition(&mut self, reference: &str, sent: bool) -> usize {
        if let Some(index) = self.by_reference.get(reference) {
            return *index;
        }
        let name = sent.then(|| {
            let name = self.name_of(reference);
            let mut free = name.clone();
            let mut number = 1;
            while !self.names.insert(free.clone()) {
                number += 1;
                free = format!("{name}_{number}");
            }
            free
        });
        let reference = reference.to_owned();
        self.by_reference.insert(reference.clone(), self.definitions.len());
        self.definitions.push(Definition { reference, name, schema: None, step: SAME });
        self.definitions.len() - 1
    }

    fn reference_to(&self, index: usize) -> Value {
        match &self.definitions[index].name {
            Some(name) => format!("#/$defs/{name}").into(),
            None => "#".into(),
        }
    }

    /// A clean name for what a reference refers to.
    fn name_of(&self, reference: &str) -> String {
        let title = || self.source.root.get("title").and_then(Value::as_str).unwrap_or("Root");
        let last = match reference.rsplit_once('/') {
            Some((_, last)) => last,
            None => title(),
        };
        clean(last, 64)
    }

    /// A schema as it stands, for keywords whose schemas say nothing about the shape of values.
    pub(super) fn verbatim(&mut self, schema: &Value) -> Value {
        walk::rebuild(schema, &mut |members| {
            members.retain(|keyword, _| !is_noise(keyword));
            if let Some(Value::String(reference)) = members.get("$ref") {
                let index = self.define(&reference.clone());
                members.insert("$ref".to_owned(), self.reference_to(index));
            }
        })
    }
}
