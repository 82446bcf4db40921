//! A cache in one file, a `redb` database.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use redb::{
    Database, DatabaseError, ReadableTable, StorageError, TableDefinition, TableHandle as _,
    WriteTransaction,
};
use tokio::sync::Mutex as AsyncMutex;

use super::checked_file::CheckedFile;
use super::{CacheError, CacheKey, CacheStore};

/// The entries: the number in the order of writing, and the bytes.
const ENTRIES: TableDefinition<'_, &[u8; 32], (u64, &[u8])> = TableDefinition::new("entries");
/// The keys in the order of writing.
const ORDER: TableDefinition<'_, u64, &[u8; 32]> = TableDefinition::new("order");
/// The version of the format, and the bytes of all entries.
const NUMBERS: TableDefinition<'_, &str, u64> = TableDefinition::new("numbers");

const FORMAT: &str = "format";
const BYTES: &str = "bytes";
const VERSION: u64 = 1;

/// The bytes that an entry takes beside its reply, about.
const OVERHEAD: u64 = 100;

/// The memory for pages of the file.
const PAGES: usize = 16 * 1024 * 1024;

/// A store in one file, which outlives the process. One process opens it at a time. An extraction that ends
/// has its entry in the file. When the store is full, the oldest entries are removed.
///
/// The file can be larger than its entries, because pages are reused and not given back. On Unix, only the
/// user can read it. Reading and writing block no task.
///
/// ```
/// use extract_llm::cache::{Cache, CacheError, FileCache};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("replies");
/// let store = FileCache::open(&path, 50_000_000)?;
/// assert!(matches!(FileCache::open(&path, 50_000_000), Err(CacheError::Locked { .. })));
/// let cache = Cache::new(store); // share it by clones
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct FileCache(Arc<Inner>);

struct Inner {
    database: Database,
    max_bytes: u64,
    /// Changes that wait for the next transaction.
    changes: Mutex<Vec<Change>>,
    /// Held by the transaction under way. Changes that come meanwhile share the next one.
    writer: AsyncMutex<()>,
}

/// A change of the entries.
enum Change {
    Put(CacheKey, Vec<u8>),
    Remove(CacheKey),
}

impl fmt::Debug for FileCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileCache").field("max_bytes", &self.0.max_bytes).finish_non_exhaustive()
    }
}

impl FileCache {
    /// Opens the file, or creates it with its folders. It holds at most this many bytes of entries.
    ///
    /// Fails with [`CacheError::Locked`] if it is open already, with [`CacheError::Damaged`] if it is damaged
    /// or no cache, and with [`CacheError::Open`] if the operating system refuses it.
    pub fn open(path: impl AsRef<Path>, max_bytes: u64) -> Result<Self, CacheError> {
        let path = path.as_ref();
        let file = create(path)
            .map_err(|error| CacheError::Open { path: path.into(), message: error.to_string() })?;
        let database = guarded(|| {
            let mut builder = Database::builder();
            builder.create_with_file_format_v3(true).set_cache_size(PAGES);
            let opened = CheckedFile::of(file).and_then(|file| builder.create_with_backend(file));
            opened.map_err(|error| opening_error(path, &error))
        });
        let damaged = |error: CacheError| match error {
            CacheError::Failed { message } => CacheError::Damaged { path: path.into(), message },
            error => error,
        };
        let database = database.and_then(|opened| opened).map_err(damaged)?;
        guarded(|| prepare(&database)).and_then(|prepared| prepared).map_err(damaged)?;
        let (changes, writer) = (Mutex::default(), AsyncMutex::default());
        Ok(Self(Arc::new(Inner { database, max_bytes, changes, writer })))
    }

    /// Adds a change, and waits until it is in the file.
    async fn change(&self, change: Change) -> Result<(), CacheError> {
        self.0.changes.lock().unwrap_or_else(PoisonError::into_inner).push(change);
        let _turn = self.0.writer.lock().await;
        let inner = Arc::clone(&self.0);
        blocking(move || inner.write()).await
    }
}

impl CacheStore for FileCache {
    fn get(&self, key: CacheKey) -> BoxFuture<'_, Result<Option<Vec<u8>>, CacheError>> {
        let inner = Arc::clone(&self.0);
        Box::pin(blocking(move || inner.read(key)))
    }

    fn put(&self, key: CacheKey, entry: Vec<u8>) -> BoxFuture<'_, Result<(), CacheError>> {
        Box::pin(self.change(Change::Put(key, entry)))
    }

    fn remove(&self, key: CacheKey) -> BoxFuture<'_, Result<(), CacheError>> {
        Box::pin(self.change(Change::Remove(key)))
    }
}

impl Inner {
    fn read(&self, key: CacheKey) -> Result<Option<Vec<u8>>, CacheError> {
        let reading = self.database.begin_read().map_err(CacheError::failed)?;
        let entries = reading.open_table(ENTRIES).map_err(CacheError::failed)?;
        let entry = entries.get(key.as_bytes()).map_err(CacheError::failed)?;
        Ok(entry.map(|entry| entry.value().1.to_vec()))
    }

    /// Writes all changes that wait, in one transaction.
    fn write(&self) -> Result<(), CacheError> {
        let mut waiting = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        let changes = std::mem::take(&mut *waiting);
        drop(waiting);
        if changes.is_empty() {
            return Ok(());
        }
        let writing = self.database.begin_write().map_err(CacheError::failed)?;
        self.apply(&writing, changes).map_err(CacheError::failed)?;
        writing.commit().map_err(CacheError::failed)
    }

    fn apply(&self, writing: &WriteTransaction, changes: Vec<Change>) -> Result<(), redb::Error> {
        let mut entries = writing.open_table(ENTRIES)?;
        let mut order = writing.open_table(ORDER)?;
        let mut numbers = writing.open_table(NUMBERS)?;
        let mut bytes = numbers.get(BYTES)?.map_or(0, |bytes| bytes.value());
        let mut next = order.last()?.map_or(0, |(last, _)| last.value().saturating_add(1));
        for change in changes {
            let (Change::Put(key, _) | Change::Remove(key)) = &change;
            if let Some(old) = entries.remove(key.as_bytes())? {
                let (number, entry) = old.value();
                order.remove(number)?;
                bytes = bytes.saturating_sub(size(entry));
            }
            match change {
                Change::Put(key, entry) if size(&entry) <= self.max_bytes => {
                    entries.insert(key.as_bytes(), (next, entry.as_slice()))?;
                    order.insert(next, key.as_bytes())?;
                    next = next.saturating_add(1);
                    bytes = bytes.saturating_add(size(&entry));
                }
                Change::Put(..) | Change::Remove(_) => {}
            }
            while bytes > self.max_bytes {
                let Some((_, oldest)) = order.pop_first()? else { break };
                if let Some(entry) = entries.remove(oldest.value())? {
                    bytes = bytes.saturating_sub(size(entry.value().1));
                }
            }
        }
        numbers.insert(BYTES, bytes)?;
        Ok(())
    }
}

impl Drop for Inner {
    /// Writes the changes of extractions that were dropped meanwhile.
    fn drop(&mut self) {
        if let Err(error) = guarded(|| self.write()).and_then(|written| written) {
            tracing::warn!(%error, "the last entries of a cache are not written");
        }
    }
}

/// Returns the bytes that an entry takes.
fn size(entry: &[u8]) -> u64 {
    u64::try_from(entry.len()).unwrap_or(u64::MAX).saturating_add(OVERHEAD)
}

/// Opens the file, or creates it with its folders.
fn create(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Creates the tables, or checks those that are there.
fn prepare(database: &Database) -> Result<(), CacheError> {
    let foreign = || CacheError::failed("it holds other data");
    let writing = database.begin_write().map_err(CacheError::failed)?;
    let has_tables = writing.list_tables().map_err(CacheError::failed)?.count() > 0;
    let has_numbers = writing
        .list_tables()
        .map_err(CacheError::failed)?
        .any(|table| table.name() == NUMBERS.name());
    if has_tables && !has_numbers {
        return Err(foreign());
    }
    {
        let mut numbers = writing.open_table(NUMBERS).map_err(CacheError::failed)?;
        writing.open_table(ENTRIES).map_err(CacheError::failed)?;
        writing.open_table(ORDER).map_err(CacheError::failed)?;
        let version = numbers.get(FORMAT).map_err(CacheError::failed)?.map(|it| it.value());
        match version {
            Some(VERSION) => {}
            Some(_) => return Err(CacheError::failed("a later version has made it")),
            None if has_tables => return Err(foreign()),
            None => {
                numbers.insert(FORMAT, VERSION).map_err(CacheError::failed)?;
            }
        }
    }
    writing.commit().map_err(CacheError::failed)
}

/// Returns the error of a file that cannot be opened.
fn opening_error(path: &Path, error: &DatabaseError) -> CacheError {
    let path = PathBuf::from(path);
    let message = error.to_string();
    match error {
        DatabaseError::DatabaseAlreadyOpen => CacheError::Locked { path },
        DatabaseError::Storage(StorageError::Io(error))
            if !matches!(
                error.kind(),
                io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof
            ) =>
        {
            CacheError::Open { path, message }
        }
        _ => CacheError::Damaged { path, message },
    }
}

/// Runs an operation where it may block. Outside of a tokio runtime, it runs at once.
async fn blocking<T: Send + 'static>(
    operation: impl FnOnce() -> Result<T, CacheError> + Send + 'static,
) -> Result<T, CacheError> {
    match tokio::runtime::Handle::try_current() {
        Ok(runtime) => {
            let running = runtime.spawn_blocking(move || guarded(operation));
            running.await.map_err(CacheError::failed)??
        }
        Err(_) => guarded(operation)?,
    }
}

/// Runs an operation. A panic, which a damaged file can cause, becomes an error.
fn guarded<T>(operation: impl FnOnce() -> T) -> Result<T, CacheError> {
    catch_unwind(AssertUnwindSafe(operation)).map_err(|panic| {
        let text = panic.downcast_ref::<&str>().copied();
        let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        CacheError::failed(text.unwrap_or("the file could not be read"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: u64 = 1_000_000;

    fn key(number: usize) -> CacheKey {
        CacheKey::of([number.to_le_bytes()])
    }

    #[tokio::test]
    async fn entries_survive_and_are_replaced_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("in/folders/replies");
        let cache = FileCache::open(&path, LIMIT).unwrap();
        for number in 0..10 {
            cache.put(key(number), vec![1; 10]).await.unwrap();
        }
        cache.put(key(3), vec![3; 30]).await.unwrap();
        cache.remove(key(4)).await.unwrap();
        drop(cache);
        let cache = FileCache::open(&path, LIMIT).unwrap();
        assert_eq!(cache.get(key(0)).await.unwrap(), Some(vec![1; 10]));
        assert_eq!(cache.get(key(3)).await.unwrap(), Some(vec![3; 30]));
        assert_eq!(cache.get(key(4)).await.unwrap(), None);
        assert_eq!(cache.get(key(99)).await.unwrap(), None);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[tokio::test]
    async fn the_oldest_entries_go_when_it_is_full() {
        let folder = tempfile::tempdir().unwrap();
        let cache = FileCache::open(folder.path().join("replies"), 10_000).unwrap();
        for number in 0..100 {
            cache.put(key(number), vec![0; 900]).await.unwrap();
        }
        for number in 0..100 {
            let is_kept = cache.get(key(number)).await.unwrap().is_some();
            assert_eq!(is_kept, number >= 90, "{number}");
        }
        cache.put(key(200), vec![0; 20_000]).await.unwrap();
        assert_eq!(cache.get(key(200)).await.unwrap(), None, "larger than the whole store");
        assert!(cache.get(key(99)).await.unwrap().is_some());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn many_writers_share_transactions_and_lose_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let cache = FileCache::open(folder.path().join("replies"), LIMIT).unwrap();
        let tasks = (0..200).map(|number| {
            let cache = cache.clone();
            tokio::spawn(async move { cache.put(key(number), vec![1; 10]).await })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.unwrap().unwrap();
        }
        for number in 0..200 {
            assert!(cache.get(key(number)).await.unwrap().is_some(), "{number}");
        }
    }

    #[test]
    fn a_change_whose_future_is_dropped_is_still_written() {
        use futures_util::FutureExt as _;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("replies");
        let cache = FileCache::open(&path, LIMIT).unwrap();
        let turn = cache.0.writer.try_lock().unwrap();
        assert!(cache.put(key(1), vec![1]).now_or_never().is_none());
        drop(turn);
        drop(cache);
        let cache = FileCache::open(&path, LIMIT).unwrap();
        let entry = cache.get(key(1)).now_or_never().unwrap().unwrap();
        assert_eq!(entry, Some(vec![1]), "outside of a runtime, it is read at once");
    }

    #[tokio::test]
    async fn a_file_that_is_no_cache_or_damaged_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("replies");
        let is_damaged = |path: &Path| match FileCache::open(path, LIMIT) {
            Err(CacheError::Damaged { .. }) => true,
            Err(error) => panic!("{error}"),
            Ok(_) => false,
        };
        std::fs::write(&path, "These are notes.\n".repeat(1_000)).unwrap();
        assert!(is_damaged(&path));
        assert!(std::fs::read_to_string(&path).unwrap().starts_with("These"), "it is untouched");

        let other = folder.path().join("other");
        let database = Database::create(&other).unwrap();
        let writing = database.begin_write().unwrap();
        writing.open_table(TableDefinition::<u64, u64>::new("mine")).unwrap();
        writing.commit().unwrap();
        drop(database);
        assert!(is_damaged(&other), "the database of another program");

        std::fs::remove_file(&path).unwrap();
        let cache = FileCache::open(&path, LIMIT).unwrap();
        for number in 0..50 {
            cache.put(key(number), vec![7; 300]).await.unwrap();
        }
        drop(cache);
        let whole = std::fs::read(&path).unwrap();
        // Whatever is wrong with the file, nothing panics.
        std::panic::set_hook(Box::new(|_| {}));
        let mut damaged = 0;
        for length in [1, 7, 63, 512, 4_096, 5_000, whole.len() / 2, whole.len() - 1] {
            std::fs::write(&path, &whole[..length]).unwrap();
            damaged += usize::from(is_damaged(&path));
        }
        assert_eq!(damaged, 8);
        // The header is read first; pages follow it.
        let pages = (320..whole.len()).step_by(whole.len() / 20);
        for at in (0..320).step_by(7).chain(16..40).chain(pages) {
            let mut bytes = whole.clone();
            bytes[at] ^= 0xff;
            std::fs::write(&path, &bytes).unwrap();
            if let Ok(cache) = FileCache::open(&path, LIMIT) {
                for number in 0..50 {
                    let _ = cache.get(key(number)).await;
                }
                let _ = cache.put(key(1), vec![1]).await;
            }
        }
        let _ = std::panic::take_hook();
    }

    #[test]
    fn a_folder_cannot_be_opened() {
        let folder = tempfile::tempdir().unwrap();
        let error = FileCache::open(folder.path(), LIMIT).unwrap_err();
        assert!(matches!(error, CacheError::Open { .. }), "{error}");
    }
}
