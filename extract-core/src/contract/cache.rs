//! The contracts of all Rust types that were used so far, built once per process.

use std::any::TypeId;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use super::{Contract, ContractError};

type BuiltContract = Result<Arc<Contract>, ContractError>;
type Slots = HashMap<TypeId, Arc<OnceLock<BuiltContract>>, BuildHasherDefault<TypeIdHasher>>;

/// The results of all builds, by type.
static CONTRACTS: OnceLock<RwLock<Slots>> = OnceLock::new();

/// Returns the contract of a type, or the error of its build. The first caller builds it, and callers for
/// the same type wait meanwhile. Builds of different types run at the same time.
pub(super) fn get_or_build(id: TypeId, build: impl FnOnce() -> BuiltContract) -> BuiltContract {
    let known = CONTRACTS.get_or_init(RwLock::default);
    {
        let known = known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(built) = known.get(&id).and_then(|slot| slot.get()) {
            return built.clone();
        }
    }
    let slot = {
        let mut known = known.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(known.entry(id).or_default())
    };
    slot.get_or_init(build).clone()
}

/// Returns the bits of a `TypeId` as its hash, since a `TypeId` is a hash already.
#[derive(Debug, Default)]
struct TypeIdHasher(u64);

impl Hasher for TypeIdHasher {
    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
