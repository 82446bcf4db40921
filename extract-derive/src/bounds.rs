//! Computes the bounds of the generated implementations for a generic type, and finds the type
//! parameters that a list of types uses.

use syn::visit::{self, Visit};
use syn::{
    GenericParam, Generics, Ident, PathSegment, Type, TypePath, WherePredicate, parse_quote,
};

use crate::model::{Body, Bounds, Container, Field};

/// Returns the generics of the type with the bounds of its `Extract` implementation. Type parameters of
/// checked fields are `Extract`, all parameters are `'static`, and a generic type must implement
/// `DeserializeOwned` and `JsonSchema`, so the bounds of serde and schemars apply too.
pub(crate) fn of_extract(container: &Container) -> Generics {
    let mut generics = container.input.generics.clone();
    let krate = &container.words.krate;
    let used = Params::used(&generics, checked_types(container));
    let mut bounds: Vec<WherePredicate> = Vec::new();
    let mut open = false;
    for param in &generics.params {
        match param {
            GenericParam::Lifetime(param) => {
                let lifetime = &param.lifetime;
                bounds.push(parse_quote!(#lifetime: 'static));
            }
            GenericParam::Type(param) => {
                open = true;
                let ident = &param.ident;
                if container.words.bounds.is_none() && used.bare.contains(ident) {
                    bounds.push(parse_quote!(#ident: #krate::Extract));
                } else {
                    bounds.push(parse_quote!(#ident: 'static));
                }
            }
            GenericParam::Const(_) => open = true,
        }
    }
    if let Some(own) = stated(container) {
        bounds.extend(own);
    }
    if open {
        let ident = &container.input.ident;
        let (_, ty_generics, _) = container.input.generics.split_for_impl();
        bounds.push(parse_quote! {
            #ident #ty_generics: #krate::__private::serde::de::DeserializeOwned
                + #krate::__private::schemars::JsonSchema
        });
    }
    if !bounds.is_empty() {
        generics.make_where_clause().predicates.extend(bounds);
    }
    generics
}

/// Returns the bounds that replace those inferred by serde and schemars, or `None` to let them infer.
/// These are the user's `bound`, if any. Otherwise, they are the bounds of a type that holds an associated
/// type of a parameter: serde and schemars would bound the parameter, not the associated type.
pub(crate) fn stated(container: &Container) -> Option<Bounds> {
    if let Some(bounds) = &container.words.bounds {
        return Some(bounds.clone());
    }
    let krate = &container.words.krate;
    let used = Params::used(&container.input.generics, checked_types(container));
    if used.projected.is_empty() {
        return None;
    }
    let (bare, projected) = (&used.bare, &used.projected);
    Some(parse_quote!(#(#bare: #krate::Extract,)* #(#projected: #krate::Extract),*))
}

/// Returns the types of the fields that serde reads with the type's `Deserialize`, not with a function.
pub(crate) fn checked_types(container: &Container) -> Vec<&Type> {
    types(container, |field| field.words.with.is_none() && field.wire.reader.is_none())
}

/// Returns the types of the fields that schemars describes with the type's `JsonSchema`.
pub(crate) fn described_types(container: &Container) -> Vec<&Type> {
    types(container, |field| {
        field.words.with.is_none()
            && field.words.schema_with.is_none()
            && field.wire.reader.is_none()
    })
}

fn types(container: &Container, wanted: impl Fn(&Field) -> bool) -> Vec<&Type> {
    let fields: Vec<&Field> = match &container.body {
        Body::Struct(fields) => fields.iter().collect(),
        Body::Enum(variants) => variants
            .iter()
            .filter(|variant| !variant.wire.skipped)
            .flat_map(|variant| &variant.fields)
            .collect(),
    };
    let walked = fields.into_iter().filter(|field| !field.wire.skipped && wanted(field));
    walked.map(|field| &field.ty).collect()
}

/// The type parameters that occur in a list of types.
pub(crate) struct Params<'a> {
    known: Vec<&'a Ident>,
    /// Parameters that occur as `T`, alone or inside another type.
    pub(crate) bare: Vec<Ident>,
    /// Associated types of parameters: `T::Item`, `<T as Trait>::Item`.
    pub(crate) projected: Vec<TypePath>,
}

impl<'a> Params<'a> {
    /// Collects the parameters of `generics` that occur in `types`.
    pub(crate) fn used(generics: &'a Generics, types: Vec<&Type>) -> Self {
        let known = generics.type_params().map(|param| &param.ident).collect();
        let mut params = Self { known, bare: Vec::new(), projected: Vec::new() };
        for ty in types {
            params.visit_type(ty);
        }
        params
    }

    fn is_known(&self, segment: Option<&PathSegment>) -> bool {
        segment.is_some_and(|segment| self.known.contains(&&segment.ident))
    }
}

impl<'ast> Visit<'ast> for Params<'_> {
    fn visit_type_path(&mut self, ty: &'ast TypePath) {
        let of_self = match &ty.qself {
            None => self.is_known(ty.path.segments.first()),
            Some(qself) => match qself.ty.as_ref() {
                Type::Path(inner) => self.is_known(inner.path.segments.first()),
                _ => false,
            },
        };
        match (of_self, ty.path.get_ident()) {
            (true, Some(ident)) if ty.qself.is_none() => once(&mut self.bare, ident),
            (true, _) => once(&mut self.projected, ty),
            (false, _) => visit::visit_type_path(self, ty),
        }
    }

    fn visit_path_segment(&mut self, segment: &'ast PathSegment) {
        // `PhantomData<T>` holds no `T`.
        if segment.ident != "PhantomData" {
            visit::visit_path_segment(self, segment);
        }
    }
}

fn once<T: Clone + PartialEq>(all: &mut Vec<T>, one: &T) {
    if !all.contains(one) {
        all.push(one.clone());
    }
}
