//! The guard of field access. DataFusion's rule `extract_leaf_expressions` moves `get_field(x, …)` towards the scan,
//! below filters too, and with it the call that makes `x`. Fields of extracted values are read by a function that
//! the rule leaves in its place.

use std::collections::HashSet;
use std::sync::Arc;

use arrow_schema::{DataType, FieldRef};
use datafusion_common::config::ConfigOptions;
use datafusion_common::tree_node::Transformed;
use datafusion_common::{DFSchema, Result};
use datafusion_expr::expr::ScalarFunction;
use datafusion_expr::expr_rewriter::FunctionRewrite;
use datafusion_expr::{
    ColumnarValue, Expr, ExprSchemable as _, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature,
};

/// The name of DataFusion's function for field access.
pub(crate) const GET_FIELD: &str = "get_field";

/// The name of the function that stays in its place.
const GET_EXTRACTED_FIELD: &str = "get_extracted_field";

/// DataFusion's field access under another name. The placement of an expression is by default to stay.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct GetExtractedField {
    inner: Arc<ScalarUDF>,
}

impl GetExtractedField {
    pub(crate) fn new(inner: Arc<ScalarUDF>) -> Self {
        Self { inner }
    }
}

impl ScalarUDFImpl for GetExtractedField {
    fn name(&self) -> &str {
        GET_EXTRACTED_FIELD
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        self.inner.inner().schema_name(args)
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(arg_types)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        self.inner.return_field_from_args(args)
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(arg_types)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        self.inner.invoke_with_args(args)
    }
}

/// Reads the fields of the results of a function by [`GetExtractedField`].
#[derive(Debug)]
pub(crate) struct KeepFieldAccess {
    function: Arc<ScalarUDF>,
    /// The types of the results and of the structs in them.
    structs: HashSet<DataType>,
}

impl KeepFieldAccess {
    pub(crate) fn new(function: Arc<ScalarUDF>, result: &DataType) -> Self {
        let mut structs = HashSet::new();
        add_structs(result, &mut structs);
        Self { function, structs }
    }
}

/// Adds a type, and the structs in it, if it is one.
fn add_structs(data_type: &DataType, structs: &mut HashSet<DataType>) {
    if let DataType::Struct(fields) = data_type {
        fields.iter().for_each(|field| add_structs(field.data_type(), structs));
        structs.insert(data_type.clone());
    }
}

impl FunctionRewrite for KeepFieldAccess {
    fn name(&self) -> &'static str {
        "keep_access_to_extracted_fields"
    }

    fn rewrite(
        &self,
        expr: Expr,
        schema: &DFSchema,
        _: &ConfigOptions,
    ) -> Result<Transformed<Expr>> {
        let Expr::ScalarFunction(ScalarFunction { func, args }) = &expr else {
            return Ok(Transformed::no(expr));
        };
        let is_extracted = func.name() == GET_FIELD
            && args.first().is_some_and(|of| {
                // An expression of an outer query has no type here. It stays as it is.
                of.get_type(schema).is_ok_and(|of| self.structs.contains(&of))
            });
        if !is_extracted {
            return Ok(Transformed::no(expr));
        }
        let kept = ScalarFunction::new_udf(Arc::clone(&self.function), args.clone());
        Ok(Transformed::yes(Expr::ScalarFunction(kept)))
    }
}
