//! Key files as wallets of Substrate chains write them, version 3: the secret key in PKCS #8, encrypted by
//! XSalsa20-Poly1305 with a key that scrypt makes of a password.

use super::KeyError;
use assay_chain::{AccountId, Pair};
use base64::{engine::general_purpose::STANDARD, Engine};
use crypto_secretbox::{
    aead::{Aead, KeyInit},
    Key, Nonce, XSalsa20Poly1305,
};
use schnorrkel::SecretKey;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sp_core::{crypto::Ss58Codec, Pair as _};

/// What comes before the secret key and between it and the public key, as those wallets write it.
const HEADER: [u8; 16] = [48, 83, 2, 1, 1, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32];
const DIVIDER: [u8; 5] = [161, 35, 3, 33, 0];
const SECRET_BYTES: usize = 64;
const SALT_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;
/// Salt, then N, p and r of scrypt, four bytes each.
const PREFIX_BYTES: usize = SALT_BYTES + 12;

const CONTENT: [&str; 2] = ["pkcs8", "sr25519"];
const ENCRYPTION: [&str; 2] = ["scrypt", "xsalsa20-poly1305"];
const VERSION: &str = "3";

/// log₂ of scrypt's N for new files: 128 MiB of memory. Also the most that a file may ask for.
pub(super) const WORK: u8 = 17;
const BLOCK_SIZE: u32 = 8;
const MAX_PARALLEL: u32 = 10;

/// A key file.
#[derive(Serialize, Deserialize)]
pub struct KeyFile {
    encoded: String,
    encoding: Encoding,
    /// Whose key it is.
    pub address: String,
    #[serde(default)]
    meta: Map<String, Value>,
}

#[derive(Serialize, Deserialize)]
struct Encoding {
    content: Vec<String>,
    #[serde(rename = "type")]
    encryption: Vec<String>,
    version: String,
}

/// What scrypt is told.
struct Work {
    log_n: u8,
    parallel: u32,
    block_size: u32,
}

impl KeyFile {
    /// Reads a file's text; `place` is for errors.
    pub fn parse(place: &str, text: &str) -> Result<Self, KeyError> {
        let file: Self = serde_json::from_str(text).map_err(|error| KeyError::format(place, error))?;
        let Encoding { content, encryption, version } = &file.encoding;
        for (field, got, expected) in [
            ("encoding.content", content.join(", "), CONTENT.join(", ")),
            ("encoding.type", encryption.join(", "), ENCRYPTION.join(", ")),
            ("encoding.version", version.clone(), VERSION.into()),
        ] {
            if got != expected {
                return Err(KeyError::format(place, format!("{field} is {got:?}, expected {expected:?}")));
            }
        }
        Ok(file)
    }

    /// The key, if the password is right.
    pub fn decrypt(&self, place: &str, password: &str) -> Result<Pair, KeyError> {
        let format = |problem: &str| KeyError::format(place, problem);
        let bytes = STANDARD.decode(&self.encoded).map_err(|error| KeyError::format(place, error))?;
        let (prefix, rest) =
            bytes.split_at_checked(PREFIX_BYTES).ok_or_else(|| format("encoded is too short"))?;
        let (nonce, sealed) =
            rest.split_at_checked(NONCE_BYTES).ok_or_else(|| format("encoded is too short"))?;
        let (salt, work) = prefix.split_at(SALT_BYTES);
        let work =
            Work::read(work).ok_or_else(|| format("encoded asks for more work than any wallet does"))?;
        let plain = cipher(password, salt, &work)
            .decrypt(Nonce::from_slice(nonce), sealed)
            .map_err(|_| KeyError::Password { place: place.into() })?;
        let pair = decode(&plain).ok_or_else(|| format("holds no sr25519 key"))?;
        if account_of(&self.address) != Some(account(&pair)) {
            return Err(format("the key is not that of its address"));
        }
        Ok(pair)
    }

    /// A file with a key, encrypted by a password; `salt` and `nonce` are random.
    pub fn encrypt(
        pair: &Pair,
        name: &str,
        password: &str,
        salt: [u8; 32],
        nonce: [u8; 24],
        log_n: u8,
    ) -> Self {
        let work = Work { log_n, parallel: 1, block_size: BLOCK_SIZE };
        let sealed = cipher(password, &salt, &work)
            .encrypt(Nonce::from_slice(&nonce), encode(pair).as_slice())
            .expect("memory is all that encryption of so little could lack");
        let bytes = [&salt[..], &work.bytes(), &nonce, &sealed].concat();
        let strings = |parts: [&str; 2]| parts.map(String::from).to_vec();
        Self {
            encoded: STANDARD.encode(bytes),
            encoding: Encoding {
                content: strings(CONTENT),
                encryption: strings(ENCRYPTION),
                version: VERSION.into(),
            },
            address: account(pair).to_ss58check(),
            meta: Map::from_iter([("name".into(), name.into())]),
        }
    }
}

impl Work {
    fn read(bytes: &[u8]) -> Option<Self> {
        let number = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
        let (n, parallel, block_size) = (number(0)?, number(4)?, number(8)?);
        let log_n = u8::try_from(n.checked_ilog2()?).ok()?;
        let is_known = n.is_power_of_two()
            && (1..=WORK).contains(&log_n)
            && (1..=MAX_PARALLEL).contains(&parallel)
            && block_size == BLOCK_SIZE;
        is_known.then_some(Self { log_n, parallel, block_size })
    }

    fn bytes(&self) -> [u8; 12] {
        let mut bytes = [0; 12];
        for (place, number) in
            bytes.chunks_exact_mut(4).zip([1 << self.log_n, self.parallel, self.block_size])
        {
            place.copy_from_slice(&u32::to_le_bytes(number));
        }
        bytes
    }
}

fn cipher(password: &str, salt: &[u8], work: &Work) -> XSalsa20Poly1305 {
    let mut key = Key::default();
    let params = scrypt::Params::new(work.log_n, work.block_size, work.parallel, key.len())
        .expect("the work is within bounds");
    scrypt::scrypt(password.as_bytes(), salt, &params, &mut key).expect("a key has 32 bytes");
    XSalsa20Poly1305::new(&key)
}

/// The secret key of PKCS #8 is that of Ed25519, expanded.
fn encode(pair: &Pair) -> Vec<u8> {
    let secret = SecretKey::from_bytes(&pair.to_raw_vec()).expect("a pair has a secret key");
    [&HEADER[..], &secret.to_ed25519_bytes(), &DIVIDER, pair.public().as_ref()].concat()
}

fn decode(plain: &[u8]) -> Option<Pair> {
    let secret = plain.strip_prefix(&HEADER)?.get(..SECRET_BYTES)?;
    let public = plain.get(HEADER.len() + SECRET_BYTES..)?.strip_prefix(&DIVIDER)?;
    let secret = SecretKey::from_ed25519_bytes(secret).ok()?;
    let pair = Pair::from_seed_slice(&secret.to_bytes()).ok()?;
    (AsRef::<[u8]>::as_ref(&pair.public()) == public).then_some(pair)
}

/// The account of a key.
pub fn account(pair: &Pair) -> AccountId {
    AccountId::from(pair.public())
}

fn account_of(address: &str) -> Option<AccountId> {
    AccountId::from_ss58check_with_version(address).ok().map(|(account, _)| account)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sp_keyring::Sr25519Keyring;

    /// Alice's key with the password `correct horse`, put together from the definitions of scrypt and NaCl's box by a
    /// program in another language.
    const ALICE: &str = include_str!("../../tests/alice.json");

    fn edited(change: impl FnOnce(&mut Value)) -> String {
        let mut file = serde_json::from_str(ALICE).unwrap();
        change(&mut file);
        file.to_string()
    }

    fn refused(text: &str, password: &str) -> String {
        let pair = KeyFile::parse("alice.json", text).and_then(|file| file.decrypt("alice.json", password));
        pair.map(|_| ()).unwrap_err().to_string()
    }

    #[test]
    fn a_file_of_another_program_gives_its_key() {
        let pair =
            KeyFile::parse("alice.json", ALICE).unwrap().decrypt("alice.json", "correct horse").unwrap();
        assert_eq!(pair.public(), Sr25519Keyring::Alice.public());
        let signature = pair.sign(b"message");
        assert!(Pair::verify(&signature, b"message", &pair.public()));
    }

    #[test]
    fn what_is_written_is_read_again() {
        let bob = Sr25519Keyring::Bob.pair();
        let file = KeyFile::encrypt(&bob, "bob", "secret", [7; 32], [9; 24], 10);
        let text = serde_json::to_string(&file).unwrap();
        let again = KeyFile::parse("bob.json", &text).unwrap();
        assert_eq!(again.address, Sr25519Keyring::Bob.to_account_id().to_ss58check());
        assert_eq!(again.decrypt("bob.json", "secret").unwrap().public(), bob.public());
        assert!(!text.contains("secret"));
    }

    #[test]
    fn a_wrong_password_is_told_as_such() {
        assert_eq!(refused(ALICE, "correct house"), "key file alice.json: the password is wrong");
    }

    #[test]
    fn a_key_of_another_address_is_refused() {
        let bob = Sr25519Keyring::Bob.to_account_id().to_ss58check();
        let text = edited(|file| file["address"] = bob.into());
        assert_eq!(
            refused(&text, "correct horse"),
            "key file alice.json: the key is not that of its address"
        );
    }

    #[test]
    fn other_formats_are_refused_by_field() {
        let text = edited(|file| file["encoding"]["version"] = "2".into());
        assert_eq!(refused(&text, ""), r#"key file alice.json: encoding.version is "2", expected "3""#);
        let text = edited(|file| file["encoding"]["content"][1] = "ed25519".into());
        assert!(refused(&text, "").contains("encoding.content is \"pkcs8, ed25519\""));
        let text = edited(|file| file["encoding"]["type"] = serde_json::json!(["none"]));
        assert!(refused(&text, "").contains("encoding.type is \"none\""));
        assert!(refused("{}", "").starts_with("key file alice.json: missing field"));
    }

    #[test]
    fn damaged_contents_are_refused() {
        for (encoded, problem) in [
            (String::from("AAAA"), "too short"),
            ("?".into(), "Invalid"),
            (STANDARD.encode([0u8; 200]), "more work"),
            (STANDARD.encode([&[0u8; 32][..], &[255u8; 100]].concat()), "more work"),
        ] {
            let text = edited(|file| file["encoded"] = encoded.into());
            let line = refused(&text, "correct horse");
            assert!(line.contains(problem), "{line}");
        }
    }
}
