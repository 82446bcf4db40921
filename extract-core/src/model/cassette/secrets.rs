//! The secrets of a request, and their removal from an exchange.

use http::header::AUTHORIZATION;

use super::exchange::{RecordedRequest, RecordedResponse, each_text};
use crate::http::HttpRequest;
use crate::model::redaction::{MARK, secret_places};

/// The texts that must not be recorded.
#[derive(Debug, Clone)]
pub(super) struct Secrets(Vec<String>);

impl Secrets {
    /// Returns the secrets of a request: the values of its sensitive headers and of its query.
    pub(super) fn of(request: &HttpRequest) -> Self {
        let headers = request.headers.iter().filter(|(name, value)| {
            value.is_sensitive() || *name == AUTHORIZATION || name.as_str().contains("token")
        });
        let values = headers.filter_map(|(_, value)| value.to_str().ok());
        let mut secrets: Vec<String> =
            values.map(|value| value.strip_prefix("Bearer ").unwrap_or(value).to_owned()).collect();
        let parameters = request.url.query_pairs();
        let parameters = parameters.filter(|(name, _)| name != "api-version" && name != "alt");
        secrets.extend(parameters.map(|(_, value)| value.into_owned()));
        Self(secrets)
    }

    /// Replaces the secrets in a request.
    pub(super) fn remove_from_request(&self, request: &mut RecordedRequest) {
        for secret in &self.0 {
            let mut remove = |text: &mut String| {
                for place in secret_places(text, secret).into_iter().rev() {
                    text.replace_range(place, MARK);
                }
            };
            remove(&mut request.path);
            request.headers.values_mut().for_each(&mut remove);
            each_text(&mut request.body, &mut remove);
        }
    }

    /// Replaces the secrets in a response. Fails if the body is no text and holds one.
    pub(super) fn remove_from_response(
        &self,
        response: &mut RecordedResponse,
    ) -> Result<(), String> {
        for secret in &self.0 {
            for text in response.headers.values_mut() {
                for place in secret_places(text, secret).into_iter().rev() {
                    text.replace_range(place, MARK);
                }
            }
            match response.text() {
                Some(text) => response.replace_places(&secret_places(&text, secret), MARK),
                None => {
                    let body = response.chunks.concat();
                    let secret = secret.as_bytes();
                    if secret.len() >= 8 && body.windows(secret.len()).any(|bytes| bytes == secret)
                    {
                        return Err(String::from(
                            "a response repeats a key in a body that is no text",
                        ));
                    }
                }
            }
        }
        Ok(())
    }
}
