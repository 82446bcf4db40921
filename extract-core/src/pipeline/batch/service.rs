//! [`Remote`]: the batch service of a provider, step by step.

use std::fs::File;
use std::sync::Arc;

use super::folder::Folder;
use crate::conversation::{ProviderError, ProviderErrorKind};
use crate::model::{ConfigError, Model, Provider, provider_of};
use crate::pipeline::JournalError;
use crate::wire::{BatchInfo, BatchService, Creation, Sought, Upload, upload};

/// The batch service of a provider.
#[derive(Clone)]
pub(super) struct Remote {
    model: Arc<dyn Model>,
    pub(super) service: BatchService,
}

/// The reason why results were not downloaded.
pub(super) enum NotDownloaded {
    Provider(ProviderError),
    Folder(JournalError),
}

impl From<ProviderError> for NotDownloaded {
    fn from(error: ProviderError) -> Self {
        Self::Provider(error)
    }
}

impl From<JournalError> for NotDownloaded {
    fn from(error: JournalError) -> Self {
        Self::Folder(error)
    }
}

impl Remote {
    /// Returns the service of a model. Fails if there is none.
    pub(super) fn of(model: &Arc<dyn Model>) -> Result<Self, ConfigError> {
        match provider_of(&**model).and_then(Provider::batch_service) {
            Some(service) => Ok(Self { model: Arc::clone(model), service }),
            None => {
                let provider = model.profile().provider.into_owned();
                Err(ConfigError::NoBatchService { provider })
            }
        }
    }

    /// Returns the provider.
    pub(super) fn provider(&self) -> Result<&Provider, ProviderError> {
        let lost = || ProviderError::new(ProviderErrorKind::Unsupported, "no provider");
        provider_of(&*self.model).ok_or_else(lost)
    }

    /// Uploads the requests of a batch, and returns the id of the file; `None` if they go with the request that
    /// creates the batch.
    pub(super) async fn upload(
        &self,
        name: &str,
        lines: &[u8],
    ) -> Result<Option<String>, ProviderError> {
        let (provider, service) = (self.provider()?, self.service);
        let answer = match service.upload() {
            Upload::WithBatch => return Ok(None),
            Upload::Form => {
                let boundary = boundary(lines);
                provider.call_service(&upload::in_form(name, lines, &boundary)).await?
            }
            Upload::Resumable => {
                let begin = upload::begin(name, lines.len());
                let (headers, _) = provider.exchange_with_service(&begin).await?;
                let address = headers.get("x-goog-upload-url").and_then(|to| to.to_str().ok());
                let address = address.ok_or_else(|| {
                    let message = "the answer to the upload has no `x-goog-upload-url`";
                    ProviderError::new(ProviderErrorKind::Malformed, message)
                })?;
                provider.call_service(&upload::to_address(address, lines)).await?
            }
        };
        upload::id_of(&answer).map(Some)
    }

    /// Creates a batch, and returns its id.
    pub(super) async fn create(
        &self,
        label: &str,
        file: Option<&str>,
        lines: &[u8],
    ) -> Result<String, ProviderError> {
        let (provider, service) = (self.provider()?, self.service);
        let path = provider.batch_path();
        let model = provider.model_name();
        let call = service.create(&Creation { model, path: &path, file, lines, label });
        service.created(&provider.call_service(&call).await?)
    }

    /// Looks for a batch that may have been created.
    pub(super) async fn find(&self, sought: &Sought<'_>) -> Result<Option<String>, ProviderError> {
        let answer = self.provider()?.call_service(&self.service.list()).await?;
        self.service.find(&answer, sought)
    }

    /// Returns the state of a batch.
    pub(super) async fn poll(&self, id: &str) -> Result<BatchInfo, ProviderError> {
        let answer = self.provider()?.call_service(&self.service.poll(id)).await?;
        self.service.info(&answer)
    }

    /// Cancels a batch.
    pub(super) async fn cancel(&self, id: &str) -> Result<(), ProviderError> {
        self.provider()?.call_service(&self.service.cancel(id)).await.map(|_| ())
    }

    /// Deletes an uploaded file. It does not matter if that fails.
    pub(super) async fn delete_file(&self, file: &str) {
        let Ok(provider) = self.provider() else { return };
        if let Err(error) = provider.call_service(&upload::delete(file)).await {
            tracing::debug!(file, %error, "the requests of a batch were not deleted");
        }
    }

    /// Downloads the results of a batch into its folder.
    pub(super) async fn download(
        &self,
        folder: &Folder,
        number: u64,
        id: &str,
        info: &BatchInfo,
    ) -> Result<(), NotDownloaded> {
        let mut file = folder.create_results(number)?;
        for results in &info.results {
            self.download_file(folder, number, &mut file, id, results).await?;
        }
        Ok(folder.finish_results(number, &file)?)
    }

    async fn download_file(
        &self,
        folder: &Folder,
        number: u64,
        file: &mut File,
        id: &str,
        results: &str,
    ) -> Result<(), NotDownloaded> {
        let provider = self.provider()?;
        let mut response = provider.open_call(&self.service.results(id, results)).await?;
        // The requests of a batch are limited, and each of the replies is limited when it is read.
        response.lift_limit();
        let mut last = None;
        while let Some(bytes) = response.chunk().await? {
            folder.write_results(number, file, &bytes)?;
            last = bytes.last().copied().or(last);
        }
        if last.is_some_and(|last| last != b'\n') {
            folder.write_results(number, file, b"\n")?;
        }
        Ok(())
    }
}

/// Returns the boundary of a form. It does not occur in the content.
fn boundary(content: &[u8]) -> String {
    loop {
        let boundary = format!("extract-llm-{:032x}", fastrand::u128(..));
        if memchr::memmem::find(content, boundary.as_bytes()).is_none() {
            return boundary;
        }
    }
}
