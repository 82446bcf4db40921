//! A journal of any content: it is read, or refused with a typed error.
#![no_main]

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use extract_core::pipeline::{Journal, JournalError};
use libfuzzer_sys::fuzz_target;

static PATH: LazyLock<PathBuf> = LazyLock::new(|| {
    let memory = PathBuf::from("/dev/shm");
    let folder = if memory.is_dir() { memory } else { std::env::temp_dir() };
    folder.join(format!("extract-llm-journal-{}", std::process::id()))
});

fuzz_target!(|data: &[u8]| {
    fs::write(&*PATH, data).expect("the file is written");
    match Journal::new(&*PATH).dead_letters() {
        Ok(letters) => {
            for letter in letters {
                assert!(!letter.to_string().is_empty());
                assert!(letter.problems().len() <= data.len() && letter.reply().len() <= data.len());
            }
        }
        Err(JournalError::NotAJournal { .. } | JournalError::Version { .. }) => {}
        Err(error) => panic!("{error}"),
    }
    assert_eq!(fs::read(&*PATH).expect("the file is there"), data);
});
