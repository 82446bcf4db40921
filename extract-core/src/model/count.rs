//! The number of tokens of a request: by the server if it counts, or else approximately.

use std::sync::Arc;

use bytes::Bytes;
use reqwest::Url;

use super::failure::request_id;
use super::limits::Permit;
use super::preset;
use super::provider::{PreparedRequest, Provider};
use super::reply_stream::with_response;
use super::token_count::{CountSource, TokenCount};
use crate::conversation::{ProviderError, Request};
use crate::wire::{CountForm, Delivery, Protocol};

impl Provider {
    /// Counts a request by the server, if it counts.
    pub(super) async fn count(&self, request: &Request) -> Result<TokenCount, ProviderError> {
        let form = self.count_form();
        if form == CountForm::None {
            let exact = TokenCount::by_tokenizer(self.model(), request);
            return Ok(exact.unwrap_or_else(|| TokenCount::approximate(request)));
        }
        let mut prepared = self.prepare(request, Delivery::Whole)?;
        if form == CountForm::OpenAi && self.protocol() != Protocol::Responses {
            // The endpoint takes requests of the other protocol only.
            let row = preset::custom(Protocol::Responses).facts(self.model());
            let quirks = preset::find("openai-responses")
                .map_or(row.quirks, |preset| preset.facts(self.model()).quirks);
            let body =
                Protocol::Responses.encode(request, self.model(), &quirks, Delivery::Whole)?;
            prepared.body = Bytes::from(body);
            let path = prepared.url.path().replace("/chat/completions", "/responses");
            prepared.url.set_path(&path);
        }
        prepared.body = Bytes::from(form.question(self.model(), &prepared.body)?);
        let base = prepared.url.clone();
        prepared.url = question_url(&base, form);
        let mut answer = self.ask_for_count(request, &prepared).await?;
        if form == CountForm::LlamaCpp {
            prepared.body = Bytes::from(CountForm::second_question(&answer)?);
            prepared.url = at_root(&base, "tokenize");
            answer = self.ask_for_count(request, &prepared).await?;
        }
        Ok(TokenCount::new(form.tokens(&answer)?, CountSource::Endpoint))
    }

    /// Sends a question with the retries and the limits of any request.
    async fn ask_for_count(
        &self,
        request: &Request,
        prepared: &PreparedRequest,
    ) -> Result<Bytes, ProviderError> {
        let attempt = |permit| Box::pin(self.exchange(prepared, permit)) as _;
        Ok(self.retrying(request, 0, attempt).await?.0)
    }

    async fn exchange(
        &self,
        prepared: &PreparedRequest,
        permit: Arc<Permit>,
    ) -> Result<Bytes, ProviderError> {
        let mut response = self.send(prepared, &permit).await?;
        let (status, id) = (response.status, request_id(&response.headers));
        response.rest().await.map_err(|error| with_response(error, status, id.as_ref()))
    }
}

/// Returns the address of a question from that of the request.
fn question_url(request: &Url, form: CountForm) -> Url {
    let mut url = request.clone();
    let path = request.path().trim_end_matches('/');
    let path = match form {
        CountForm::Anthropic => format!("{path}/count_tokens"),
        CountForm::OpenAi => format!("{path}/input_tokens"),
        CountForm::Gemini => path.replace(":generateContent", ":countTokens"),
        CountForm::LlamaCpp => return at_root(request, "apply-template"),
        CountForm::Vllm => return at_root(request, "tokenize"),
        CountForm::None => path.to_owned(),
    };
    url.set_path(&path);
    url
}

/// Returns an address beside the version of the API: `http://host/v1/chat/completions` becomes
/// `http://host/tokenize`.
fn at_root(request: &Url, name: &str) -> Url {
    let mut url = request.clone();
    let path = request.path().trim_end_matches('/');
    let root = path.strip_suffix("/chat/completions").unwrap_or(path);
    let root = root.strip_suffix("/v1").unwrap_or(root);
    url.set_path(&format!("{root}/{name}"));
    url
}
