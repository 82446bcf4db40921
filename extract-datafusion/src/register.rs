//! Registration of functions.

use std::sync::Arc;

use datafusion_common::{DataFusionError, Result, plan_err};
use datafusion_expr::ScalarUDF;
use datafusion_expr::registry::FunctionRegistry;
use extract_llm::Extract;
use extract_llm::pipeline::Worker;

use crate::field_access::{GET_FIELD, GetExtractedField, KeepFieldAccess};
use crate::function::ExtractFunction;

/// Registers a function that extracts `T` from a text: see the [crate](crate). `context` is a `SessionContext`.
/// `worker` is a [`Client`](extract_llm::Client), or a [`Worker`] with settings of its own. A function of the same
/// name is replaced.
///
/// Fails if the type cannot be extracted, or if the context is none whose clones share their functions: for a
/// `SessionState`, there is [`register_in`].
///
/// ```
/// use datafusion::prelude::SessionContext;
/// # use extract_llm::scripted::{Scripted, reply};
/// # use extract_llm::Client;
/// # use serde_json::json;
///
/// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let ctx = SessionContext::new();
/// # let client = Client::with_model(Scripted::new([reply::tool(json!({"value": 2}))]));
/// extract_datafusion::register::<u8>(&ctx, "count_persons", client)?;
/// let query = ctx.sql("select count_persons('Maria and Tom.')['value'] as persons").await?;
/// query.show().await?;
/// # Ok(()) }
/// ```
pub fn register<T: Extract + Send + 'static>(
    context: &(impl FunctionRegistry + Clone),
    name: &str,
    worker: impl Into<Worker<T>>,
) -> Result<()> {
    let mut shared = context.clone();
    let function = add(&mut shared, function(name, worker)?)?;
    match context.udf(name) {
        Ok(registered) if Arc::ptr_eq(&registered, &function) => Ok(()),
        _ => plan_err!("a clone of this registry has functions of its own: use `register_in`"),
    }
}

/// [`register`] in a registry that is changed itself, such as a `SessionState` of DataFusion.
///
/// Fails if the type cannot be extracted, or if the registry takes no functions.
///
/// ```
/// use datafusion::execution::session_state::SessionStateBuilder;
/// use extract_datafusion::ExtractFunction;
/// # use extract_llm::scripted::Scripted;
/// # use extract_llm::Client;
///
/// # let client = Client::with_model(Scripted::new([]));
/// let mut state = SessionStateBuilder::new().with_default_features().build();
/// let function = ExtractFunction::<u8>::new("count_persons", client)?;
/// extract_datafusion::register_in(&mut state, function)?;
/// assert!(state.scalar_functions().contains_key("count_persons"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn register_in<T: Extract + Send + 'static>(
    registry: &mut dyn FunctionRegistry,
    function: ExtractFunction<T>,
) -> Result<()> {
    add(registry, function).map(|_| ())
}

fn function<T: Extract + Send + 'static>(
    name: &str,
    worker: impl Into<Worker<T>>,
) -> Result<ExtractFunction<T>> {
    let function = ExtractFunction::new(name, worker);
    function.map_err(|error| DataFusionError::External(Box::new(error)))
}

/// Adds a function, and the guard of its fields if the registry has field access.
fn add<T: Extract + Send + 'static>(
    registry: &mut dyn FunctionRegistry,
    function: ExtractFunction<T>,
) -> Result<Arc<ScalarUDF>> {
    if let Ok(get_field) = registry.udf(GET_FIELD) {
        let kept = Arc::new(ScalarUDF::from(GetExtractedField::new(get_field)));
        registry.register_udf(Arc::clone(&kept))?;
        let rewrite = KeepFieldAccess::new(kept, function.return_type());
        registry.register_function_rewrite(Arc::new(rewrite))?;
    }
    let function = Arc::new(function.into_udf());
    registry.register_udf(Arc::clone(&function))?;
    Ok(function)
}
