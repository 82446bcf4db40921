//! The number of tokens of an extraction's first request, before it is sent.

use super::builder::Extraction;
use super::driver;
use super::error::Error;
use crate::contract::Extract;
use crate::model::TokenCount;

/// # Tokens
impl<T: Extract> Extraction<T> {
    /// Counts the tokens of the first request as it would be sent: system prompt, schema or tools, examples
    /// and input. The model is not asked.
    ///
    /// Anthropic, OpenAI, Gemini, llama.cpp and vLLM are asked for the number. For others, it is
    /// [approximate](crate::conversation::approximate_tokens); [`TokenCount::source`] tells which. The
    /// server gets the same text as by the extraction. OpenAI counts the request in the form of its Responses
    /// protocol.
    ///
    /// Fails in the same way as the extraction before its first request, and with
    /// [`ErrorKind::Provider`](super::ErrorKind::Provider) if the server does not give the number. The number
    /// of a server is never replaced by an approximation.
    ///
    /// ```
    /// # use extract_llm::scripted::Scripted;
    /// # use extract_llm::{Client, Error};
    /// use extract_llm::model::CountSource;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let client = Client::with_model(Scripted::new([]));
    /// let count = client.extract::<u8>("There were seven.").count_tokens().await?;
    /// println!("{} tokens, counted by {:?}", count.tokens, count.source);
    /// # assert_eq!(count.source, CountSource::Approximate);
    /// # Ok::<(), Error>(()) }).unwrap();
    /// ```
    pub async fn count_tokens(self) -> Result<TokenCount, Error> {
        driver::count_tokens(self.into_task()?).await
    }
}
