//! Whose money and whose seats: the key that signs, from a file or from the environment.
//!
//! A key file is Substrate's JSON of version 3, encrypted by a password, or one line with a secret URI (a phrase of 12 to
//! 24 words, a seed in hex, with `//` derivations), which is for networks that don't count. A secret is never an argument:
//! arguments can be seen by everybody on a machine.

pub mod file;

use crate::error::CliError;
use assay_chain::{AccountId, Pair};
use file::KeyFile;
use sp_core::{crypto::Ss58Codec, Pair as _};
use std::{
    env, fmt, fs,
    io::{self, IsTerminal, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// Holds the password of key files.
pub const PASSWORD: &str = "ASSAY_PASSWORD";
/// Holds a secret URI.
pub const KEY_URI: &str = "ASSAY_KEY_URI";

/// Where a password comes from that nobody can be asked for.
const PASSWORD_ELSEWHERE: &str =
    "set ASSAY_PASSWORD, key.password_file in the configuration, or --password-file for `assay keys`";

/// Where a key comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// A file.
    File {
        /// Which.
        path: PathBuf,
        /// The file that holds its password.
        password: Option<PathBuf>,
    },
    /// A secret URI, from the environment.
    Uri(Secret),
}

/// A text that no log shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// None was named.
    #[error("this needs a key: pass --key FILE, or set key.file in the configuration or ASSAY_KEY_FILE")]
    Missing,
    /// A file can't be read or written.
    #[error("key file {}: {reason}", .path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        reason: io::Error,
    },
    /// A file is no key file.
    #[error("key file {place}: {problem}")]
    Format {
        /// Which.
        place: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The password is not that of the file.
    #[error("key file {place}: the password is wrong")]
    Password {
        /// Which.
        place: String,
    },
    /// There is nobody to ask for a password.
    #[error("there is no terminal to ask for {what}: {instead}")]
    NoTerminal {
        /// What was to be asked for.
        what: String,
        /// What to do instead.
        instead: &'static str,
    },
    /// The password is not the same a second time.
    #[error("the two passwords differ: nothing was written")]
    Differ,
    /// A text is no secret URI.
    #[error(
        "{place} holds no key: it has to be a phrase of 12 to 24 words, or a secret URI with // derivations"
    )]
    Uri {
        /// Where it is.
        place: String,
    },
    /// An address is none, or of another chain.
    #[error("{0:?} is no address of this chain: such an address begins with 5 and has 48 characters")]
    Address(String),
}

impl KeyError {
    fn format(place: &str, problem: impl ToString) -> Self {
        Self::Format { place: place.into(), problem: problem.to_string() }
    }

    fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        |reason| Self::Io { path: path.into(), reason }
    }
}

/// The key of a source; asks for a password where the file has one and nothing else tells it.
pub fn load(source: &KeySource) -> Result<Pair, CliError> {
    let pair = match source {
        KeySource::Uri(uri) => from_uri(uri.expose(), KEY_URI)?,
        KeySource::File { path, password } => {
            let text = read(path)?;
            let place = path.display().to_string();
            match KeyFile::parse(&place, &text) {
                Ok(file) => {
                    let password = password_of(password.as_deref(), &format!("the password of {place}"))?;
                    file.decrypt(&place, password.expose())?
                }
                Err(error) if is_json(&text) => return Err(error.into()),
                Err(_) => from_uri(text.trim(), &place)?,
            }
        }
    };
    Ok(pair)
}

/// The account of a source, without asking for a password.
pub fn account(path: &Path) -> Result<AccountId, KeyError> {
    let (text, place) = (read(path)?, path.display().to_string());
    if is_json(&text) {
        return address(&KeyFile::parse(&place, &text)?.address);
    }
    Ok(file::account(&from_uri(text.trim(), &place)?))
}

/// Reads an address of this chain.
pub fn address(text: &str) -> Result<AccountId, KeyError> {
    let prefix = assay_runtime::token::SS58_PREFIX;
    match AccountId::from_ss58check_with_version(text) {
        Ok((account, version)) if u16::from(version) == prefix => Ok(account),
        _ => Err(KeyError::Address(text.into())),
    }
}

/// Writes a key to a new file that only its owner can read, encrypted by a password that is asked for.
pub fn write(path: &Path, pair: &Pair, name: &str, password: Option<&Path>) -> Result<(), KeyError> {
    let password = new_password(password, &format!("a password for {}", path.display()))?;
    let (mut salt, mut nonce) = ([0; 32], [0; 24]);
    for bytes in [&mut salt[..], &mut nonce[..]] {
        getrandom::getrandom(bytes).map_err(|error| KeyError::format("new", error))?;
    }
    let file = KeyFile::encrypt(pair, name, password.expose(), salt, nonce, file::WORK);
    let text = serde_json::to_string_pretty(&file).map_err(|error| KeyError::format("new", error))?;
    // A key that is there is not written over.
    let opened = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    opened.and_then(|mut file| writeln!(file, "{text}")).map_err(KeyError::io(path))
}

/// The key of a secret URI; `place` is for the error.
pub fn from_uri(uri: &str, place: &str) -> Result<Pair, KeyError> {
    Pair::from_string(uri, None).map_err(|_| KeyError::Uri { place: place.into() })
}

fn read(path: &Path) -> Result<String, KeyError> {
    fs::read_to_string(path).map_err(KeyError::io(path))
}

fn is_json(text: &str) -> bool {
    text.trim_start().starts_with('{')
}

/// A password from the environment, from a file, or asked for.
fn password_of(file: Option<&Path>, what: &str) -> Result<Secret, KeyError> {
    match known_password(file)? {
        Some(password) => Ok(password),
        None => ask(what, PASSWORD_ELSEWHERE),
    }
}

fn new_password(file: Option<&Path>, what: &str) -> Result<Secret, KeyError> {
    if let Some(password) = known_password(file)? {
        return Ok(password);
    }
    let password = ask(what, PASSWORD_ELSEWHERE)?;
    if ask("it again", PASSWORD_ELSEWHERE)? != password {
        return Err(KeyError::Differ);
    }
    Ok(password)
}

fn known_password(file: Option<&Path>) -> Result<Option<Secret>, KeyError> {
    if let Ok(password) = env::var(PASSWORD) {
        return Ok(Some(Secret::new(password)));
    }
    let Some(path) = file else { return Ok(None) };
    let text = read(path)?;
    Ok(Some(Secret::new(text.strip_suffix('\n').unwrap_or(&text))))
}

/// Asks for a secret on the terminal, which does not show it; without one, the error says what to do `instead`.
pub fn ask(what: &str, instead: &'static str) -> Result<Secret, KeyError> {
    let none = || KeyError::NoTerminal { what: what.into(), instead };
    if !io::stdin().is_terminal() {
        return Err(none());
    }
    rpassword::prompt_password(format!("{what}: ")).map(Secret).map_err(|_| none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use sp_keyring::Sr25519Keyring;

    fn written(text: &str) -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        fs::write(&path, text).unwrap();
        (directory, path)
    }

    #[test]
    fn a_file_with_one_line_is_a_secret_uri() {
        let (_kept, path) = written("//Alice\n");
        let pair = load(&KeySource::File { path: path.clone(), password: None }).unwrap();
        assert_eq!(pair.public(), Sr25519Keyring::Alice.public());
        assert_eq!(account(&path).unwrap(), Sr25519Keyring::Alice.to_account_id());
    }

    #[test]
    fn a_file_without_a_key_is_named() {
        let (_kept, path) = written("twelve words that are none");
        let line = load(&KeySource::File { path: path.clone(), password: None }).map(|_| ()).unwrap_err();
        assert!(line.to_string().starts_with(&format!("{} holds no key", path.display())), "{line}");
        let (_kept, path) = written("{\"encoded\": 1}");
        let line = account(&path).unwrap_err().to_string();
        assert!(line.starts_with(&format!("key file {}: invalid type", path.display())), "{line}");
        let missing = account(Path::new("/no/such/file")).unwrap_err().to_string();
        assert!(missing.starts_with("key file /no/such/file: No such file"), "{missing}");
    }

    #[test]
    fn a_secret_is_not_shown() {
        let source = KeySource::Uri(Secret::new("//Alice"));
        assert_eq!(format!("{source:?}"), "Uri((secret))");
        assert_eq!(load(&source).unwrap().public(), Sr25519Keyring::Alice.public());
    }

    #[test]
    fn addresses_of_other_chains_are_refused() {
        let alice = Sr25519Keyring::Alice.to_account_id();
        assert_eq!(address(&alice.to_ss58check()).unwrap(), alice);
        let polkadot = alice.to_ss58check_with_version(sp_core::crypto::Ss58AddressFormat::custom(0));
        for text in [polkadot.as_str(), "", "//Alice", "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQZ"] {
            let line = address(text).unwrap_err().to_string();
            assert!(line.starts_with(&format!("{text:?} is no address")), "{line}");
        }
    }
}
