//! The file below redb, checked so that a damaged one is an error and takes no memory: redb believes numbers
//! in it that have no checksum.

use std::fs::File;
use std::io::{self, Read as _, Seek as _};

use redb::backends::FileBackend;
use redb::{DatabaseError, StorageBackend, StorageError};

/// A file that is read and written within its length only.
#[derive(Debug)]
pub(super) struct CheckedFile(FileBackend);

impl CheckedFile {
    /// Locks a file and checks its header.
    pub(super) fn of(file: File) -> Result<Self, DatabaseError> {
        let header = check_header(&file);
        // A file that is locked is not read further, whatever its header is at the moment.
        let backend = FileBackend::new(file)?;
        header.map_err(StorageError::from)?;
        Ok(Self(backend))
    }

    fn check(&self, offset: u64, length: usize) -> io::Result<()> {
        let end = u64::try_from(length).ok().and_then(|length| offset.checked_add(length));
        if end.is_some_and(|end| self.0.len().is_ok_and(|length| end <= length)) {
            return Ok(());
        }
        Err(out_of_place("it refers to a place behind its end"))
    }
}

impl StorageBackend for CheckedFile {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        self.check(offset, len)?;
        self.0.read(offset, len)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync_data(&self, eventual: bool) -> io::Result<()> {
        self.0.sync_data(eventual)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.check(offset, data.len())?;
        self.0.write(offset, data)
    }
}

fn out_of_place(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

/// Checks the numbers in the header of a file that redb believes without a checksum: a wrong one makes it
/// reserve any amount of memory. A new file is empty.
fn check_header(mut file: &File) -> io::Result<()> {
    const PAGE: u64 = 4_096;
    /// The most pages of a region, and of its own header.
    const REGION: u64 = 1 << 20;
    const REGION_HEADER: u64 = 1 << 10;
    let length = file.metadata()?.len();
    if length == 0 {
        return Ok(());
    }
    // The magic number and the flags are checked by redb.
    let mut start = [0; 12];
    file.read_exact(&mut start)?;
    let mut next = || -> io::Result<u64> {
        let mut number = [0; 4];
        file.read_exact(&mut number)?;
        Ok(u64::from(u32::from_le_bytes(number)))
    };
    let (page, region_header, region) = (next()?, next()?, next()?);
    let (full, rest) = (next()?, next()?);
    file.rewind()?;
    let rest = if rest == 0 { 0 } else { region_header.saturating_add(rest) };
    let pages = region_header.saturating_add(region).saturating_mul(full).saturating_add(rest);
    let is_plausible = page == PAGE
        && region_header <= REGION_HEADER
        && region <= REGION
        && pages.saturating_add(1).saturating_mul(PAGE) <= length;
    if is_plausible { Ok(()) } else { Err(out_of_place("its header makes no sense")) }
}
