//! The key pairs that open the vault: made on the safeguarding lead's own machine, never here.
//!
//! The private half is a text file under a passphrase; the public half is one line that `init`
//! takes. Both carry a check sum, so that a damaged file is told from a wrong passphrase.

use std::fmt;

use hpke::aead::AesGcm256;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use zeroize::{Zeroize, Zeroizing};

use crate::error::{Error, Kind};

/// Bytes of a wrapped file key: encapsulated key (32), file key (32), authentication tag (16).
pub(crate) const WRAPPED_BYTES: usize = 80;

/// Characters that a passphrase must have at least.
pub const PASSPHRASE_MINIMUM_CHARACTERS: usize = 8;

const PUBLIC_MAGIC: &str = "watershed-public-key-1";
const PRIVATE_MAGIC: &str = "watershed private key 1";
const ID_CONTEXT: &str = "watershed 1 recipient id of an X25519 public key";
const SUM_CONTEXT: &str = "watershed 1 check sum of a key file";
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
const LANES: u32 = 1;

/// Key that a vault file is sealed for.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    id: [u8; 8],
    bytes: [u8; 32],
}

/// Key that opens what was sealed for its public half; copies are wiped when dropped.
#[derive(Clone)]
pub struct PrivateKey {
    id: [u8; 8],
    bytes: Zeroizing<[u8; 32]>,
}

/// Makes a key pair: the text of the private file, and the line of the public file.
///
/// # Errors
/// [`Kind::Configuration`] when the passphrase is too short, [`Kind::Environment`] when the system
/// gives no random bytes.
pub fn new_key_pair(passphrase: &str) -> Result<(Zeroizing<String>, String), Error> {
    if passphrase.chars().count() < PASSPHRASE_MINIMUM_CHARACTERS {
        return Err(Error::new(Kind::Configuration, "the passphrase is too short")
            .help(format!("use at least {PASSPHRASE_MINIMUM_CHARACTERS} characters, better several words")));
    }
    let mut seed = Zeroizing::new([0_u8; 32]);
    random(&mut *seed)?;
    let (private, public) = X25519HkdfSha256::derive_keypair(&*seed);
    let public = PublicKey::from_bytes(public.to_bytes().into());

    let mut salt = [0_u8; 16];
    let mut nonce = [0_u8; 12];
    random(&mut salt)?;
    random(&mut nonce)?;
    let mut text = Zeroizing::new(format!(
        "{PRIVATE_MAGIC}\nid {}\nargon2id {MEMORY_KIB} {PASSES} {LANES} {}\nnonce {}\n",
        to_hex(&public.id),
        to_hex(&salt),
        to_hex(&nonce),
    ));
    let key = passphrase_key(passphrase, &salt, MEMORY_KIB, PASSES, LANES)?;
    let mut sealed = Zeroizing::new(private.to_bytes().to_vec());
    LessSafeKey::new(key)
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(text.as_bytes()),
            &mut *sealed,
        )
        .map_err(|_| Error::new(Kind::Bug, "the private key could not be sealed"))?;
    text.push_str("sealed ");
    text.push_str(&to_hex(&sealed));
    text.push('\n');
    let sum = check_sum(text.as_bytes());
    text.push_str("sum ");
    text.push_str(&sum);
    text.push('\n');
    Ok((text, format!("{public}\n")))
}

impl PublicKey {
    fn from_bytes(bytes: [u8; 32]) -> Self {
        let mut id = [0; 8];
        blake3::Hasher::new_derive_key(ID_CONTEXT).update(&bytes).finalize_xof().fill(&mut id);
        Self { id, bytes }
    }

    /// Reads the line of a public file.
    ///
    /// # Errors
    /// [`Kind::Configuration`] when it is no public key of ours or was damaged on the way.
    pub fn parse(line: &str) -> Result<Self, Error> {
        let damaged = || {
            Error::new(Kind::Configuration, "the public key is damaged or not a public key")
                .help("copy the one line of the `.pub` file whole, or make the pair again with `keys new`")
        };
        let mut words = line.split_whitespace();
        let (Some(PUBLIC_MAGIC), Some(id), Some(key), Some(sum), None) =
            (words.next(), words.next(), words.next(), words.next(), words.next())
        else {
            return Err(damaged());
        };
        let public = Self::from_bytes(from_hex(key).ok_or_else(damaged)?);
        if check_sum(format!("{PUBLIC_MAGIC} {id} {key}").as_bytes()) != sum || to_hex(&public.id) != id {
            return Err(damaged());
        }
        // A key of low order would share a secret that everybody knows; wrapping for it fails here
        // and not in the middle of a night's import.
        public.wrap(&[0; 32], b"", b"").map_err(|_| damaged())?;
        Ok(public)
    }

    /// Short name of the key in vault files.
    #[must_use]
    pub const fn id(&self) -> [u8; 8] {
        self.id
    }

    /// Wraps a file key for the holder of the private half (HPKE base mode, RFC 9180).
    pub(crate) fn wrap(
        &self,
        file_key: &[u8; 32],
        info: &[u8],
        bound_to: &[u8],
    ) -> Result<[u8; WRAPPED_BYTES], Error> {
        let failed = |_| Error::new(Kind::Configuration, "a file key could not be wrapped for a recipient");
        let key = <X25519HkdfSha256 as Kem>::PublicKey::from_bytes(&self.bytes).map_err(failed)?;
        let (encapsulated, sealed) = hpke::single_shot_seal::<AesGcm256, HkdfSha256, X25519HkdfSha256>(
            &OpModeS::Base,
            &key,
            info,
            file_key,
            bound_to,
        )
        .map_err(failed)?;
        let mut wrapped = [0; WRAPPED_BYTES];
        let (front, back) = wrapped.split_at_mut(32);
        front.copy_from_slice(&encapsulated.to_bytes());
        if sealed.len() != back.len() {
            return Err(Error::new(Kind::Bug, "a wrapped file key has an unexpected length"));
        }
        back.copy_from_slice(&sealed);
        Ok(wrapped)
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body = format!("{PUBLIC_MAGIC} {} {}", to_hex(&self.id), to_hex(&self.bytes));
        write!(formatter, "{body} {}", check_sum(body.as_bytes()))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PublicKey({})", to_hex(&self.id))
    }
}

impl PrivateKey {
    /// Opens the text of a private file.
    ///
    /// # Errors
    /// [`Kind::Input`] when the text is damaged or no private key, [`Kind::Configuration`] when the
    /// passphrase is wrong.
    pub fn open(text: &str, passphrase: &str) -> Result<Self, Error> {
        let damaged = || {
            Error::new(Kind::Input, "the private key file is damaged or not a private key")
                .help("take it from a back-up; a vault stays readable with its other recipient's key")
        };
        let normal: Zeroizing<String> = Zeroizing::new(text.replace("\r\n", "\n"));
        let (body, sum) = normal.trim_end().rsplit_once("\nsum ").ok_or_else(damaged)?;
        let body = Zeroizing::new(format!("{body}\n"));
        if check_sum(body.as_bytes()) != sum.trim() {
            return Err(damaged());
        }
        let (head, sealed) = body.trim_end().rsplit_once("\nsealed ").ok_or_else(damaged)?;
        let head = format!("{head}\n");
        let mut lines = head.lines();
        if lines.next() != Some(PRIVATE_MAGIC) {
            return Err(damaged());
        }
        let id: [u8; 8] =
            lines.next().and_then(|line| line.strip_prefix("id ")).and_then(from_hex).ok_or_else(damaged)?;
        let derivation = lines.next().and_then(|line| line.strip_prefix("argon2id ")).ok_or_else(damaged)?;
        let nonce: [u8; 12] = lines
            .next()
            .and_then(|line| line.strip_prefix("nonce "))
            .and_then(from_hex)
            .ok_or_else(damaged)?;
        let mut words = derivation.split(' ');
        let mut number = || words.next().and_then(|word| word.parse::<u32>().ok()).ok_or_else(damaged);
        let (memory_kib, passes, lanes) = (number()?, number()?, number()?);
        // A prepared file must not be able to take all memory or hours.
        if memory_kib > 16 * MEMORY_KIB || passes > 64 || lanes > 64 {
            return Err(damaged());
        }
        let salt: [u8; 16] = words.next().and_then(from_hex).ok_or_else(damaged)?;
        let mut sealed: Zeroizing<Vec<u8>> =
            Zeroizing::new(from_hex::<48>(sealed).ok_or_else(damaged)?.to_vec());

        let key = passphrase_key(passphrase, &salt, memory_kib, passes, lanes)?;
        let opened = LessSafeKey::new(key)
            .open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(head.as_bytes()), &mut sealed)
            .map_err(|_| {
                Error::new(Kind::Configuration, "the passphrase does not open this private key")
                    .help("try again; nobody can recover a lost passphrase, but the vault's other recipient can open it")
            })?;
        let mut bytes = Zeroizing::new([0; 32]);
        if opened.len() != bytes.len() {
            return Err(damaged());
        }
        bytes.copy_from_slice(opened);
        let key = <X25519HkdfSha256 as Kem>::PrivateKey::from_bytes(&*bytes).map_err(|_| damaged())?;
        let public = PublicKey::from_bytes(X25519HkdfSha256::sk_to_pk(&key).to_bytes().into());
        if public.id != id {
            return Err(damaged());
        }
        Ok(Self { id, bytes })
    }

    /// Short name of the key in vault files.
    #[must_use]
    pub const fn id(&self) -> [u8; 8] {
        self.id
    }

    /// Opens a wrapped file key; nothing when it was wrapped for somebody else or for another file.
    pub(crate) fn unwrap_key(
        &self,
        wrapped: &[u8; WRAPPED_BYTES],
        info: &[u8],
        bound_to: &[u8],
    ) -> Option<Zeroizing<[u8; 32]>> {
        let (encapsulated, sealed) = wrapped.split_at(32);
        let key = <X25519HkdfSha256 as Kem>::PrivateKey::from_bytes(&*self.bytes).ok()?;
        let encapsulated = <X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(encapsulated).ok()?;
        let mut opened = hpke::single_shot_open::<AesGcm256, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            &key,
            &encapsulated,
            info,
            sealed,
            bound_to,
        )
        .ok()?;
        let mut file_key = Zeroizing::new([0; 32]);
        let fits = opened.len() == file_key.len();
        if fits {
            file_key.copy_from_slice(&opened);
        }
        opened.zeroize();
        fits.then_some(file_key)
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PrivateKey({}, redacted)", to_hex(&self.id))
    }
}

fn passphrase_key(
    passphrase: &str,
    salt: &[u8],
    memory_kib: u32,
    passes: u32,
    lanes: u32,
) -> Result<UnboundKey, Error> {
    let failed = |_| Error::new(Kind::Environment, "the passphrase could not be turned into a key");
    let parameters = argon2::Params::new(memory_kib, passes, lanes, Some(32)).map_err(failed)?;
    let mut key = Zeroizing::new([0_u8; 32]);
    argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, parameters)
        .hash_password_into(passphrase.as_bytes(), salt, &mut *key)
        .map_err(failed)?;
    UnboundKey::new(&AES_256_GCM, &*key)
        .map_err(|_| Error::new(Kind::Bug, "a key of 32 bytes was not accepted"))
}

/// Fills a buffer from the system's random numbers.
///
/// # Errors
/// [`Kind::Environment`] when the system gives none.
pub fn random(buffer: &mut [u8]) -> Result<(), Error> {
    getrandom::fill(buffer).map_err(|_| Error::new(Kind::Environment, "the system gives no random numbers"))
}

fn check_sum(bytes: &[u8]) -> String {
    let mut sum = [0; 4];
    blake3::Hasher::new_derive_key(SUM_CONTEXT).update(bytes).finalize_xof().fill(&mut sum);
    to_hex(&sum)
}

/// Lower-case hexadecimal digits.
pub fn to_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

/// Exactly `N` bytes from hexadecimal digits.
pub(crate) fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != N * 2 {
        return None;
    }
    let value = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = value(pair[0])? << 4 | value(pair[1])?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]
    use super::*;

    const PASSPHRASE: &str = "four quiet otters swim";

    fn pair() -> (Zeroizing<String>, PublicKey) {
        let (private, public) = new_key_pair(PASSPHRASE).unwrap();
        (private, PublicKey::parse(&public).unwrap())
    }

    #[test]
    fn a_pair_wraps_and_unwraps_for_its_own_file_only() {
        let (text, public) = pair();
        let private = PrivateKey::open(&text, PASSPHRASE).unwrap();
        assert_eq!(private.id(), public.id());
        let wrapped = public.wrap(&[7; 32], b"info", b"school-a/2026-01-05").unwrap();
        assert_eq!(*private.unwrap_key(&wrapped, b"info", b"school-a/2026-01-05").unwrap(), [7; 32]);
        assert!(private.unwrap_key(&wrapped, b"info", b"school-a/2026-01-06").is_none());
        let (stranger, _) = pair();
        let stranger = PrivateKey::open(&stranger, PASSPHRASE).unwrap();
        assert!(stranger.unwrap_key(&wrapped, b"info", b"school-a/2026-01-05").is_none());
    }

    #[test]
    fn a_wrong_passphrase_is_told_from_a_damaged_file() {
        let (text, _) = pair();
        let wrong = PrivateKey::open(&text, "four quiet otters sink").unwrap_err();
        assert_eq!(wrong.kind(), Kind::Configuration);
        assert!(wrong.to_string().contains("passphrase"), "{wrong}");

        let position = text.find("sealed ").unwrap() + 12;
        let other = if text.as_bytes()[position] == b'0' { "1" } else { "0" };
        let mut damaged = text.to_string();
        damaged.replace_range(position..=position, other);
        assert_eq!(PrivateKey::open(&damaged, PASSPHRASE).unwrap_err().kind(), Kind::Input);
        assert_eq!(PrivateKey::open("", PASSPHRASE).unwrap_err().kind(), Kind::Input);
        assert_eq!(PrivateKey::open(&text[..40], PASSPHRASE).unwrap_err().kind(), Kind::Input);
    }

    #[test]
    fn a_private_file_survives_windows_line_ends() {
        let (text, _) = pair();
        assert!(PrivateKey::open(&text.replace('\n', "\r\n"), PASSPHRASE).is_ok());
    }

    #[test]
    fn a_public_line_with_one_wrong_digit_is_refused() {
        let (_, public) = pair();
        let line = public.to_string();
        assert_eq!(PublicKey::parse(&line).unwrap(), public);
        let position = line.len() - 20;
        let other = if line.as_bytes()[position] == b'a' { "b" } else { "a" };
        let mut damaged = line.clone();
        damaged.replace_range(position..=position, other);
        assert!(PublicKey::parse(&damaged).is_err());
        assert!(PublicKey::parse("").is_err());
        assert!(PublicKey::parse(&line[..line.len() - 9]).is_err());
    }

    #[test]
    fn a_key_of_low_order_is_refused() {
        let line = PublicKey::from_bytes([0; 32]).to_string();
        assert!(PublicKey::parse(&line).is_err());
    }

    #[test]
    fn short_passphrases_are_refused_and_nothing_prints_a_key() {
        assert_eq!(new_key_pair("short").unwrap_err().kind(), Kind::Configuration);
        let (text, _) = pair();
        let private = PrivateKey::open(&text, PASSPHRASE).unwrap();
        assert!(!format!("{private:?}").contains(&to_hex(&*private.bytes)));
    }
}
