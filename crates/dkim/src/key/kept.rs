//! Keys on their way into a store and out of it.

use posthaste_sign::{KeyEntry, KeySecret, Selector};
use posthaste_types::{Domain, Timestamp};

use super::DkimKey;
use crate::error::{DkimError, DkimErrorKind};

impl DkimKey {
    /// The key as a store keeps it: made `at`, not published yet, and its secret apart.
    ///
    /// ```
    /// use posthaste_dkim::{DkimKey, KeyKind};
    /// use posthaste_sign::KeyStage;
    /// use posthaste_types::Timestamp;
    ///
    /// let key = DkimKey::generate(KeyKind::Ed25519)?;
    /// let now = Timestamp::from_unix_secs(1_790_000_000);
    /// let (entry, secret) = key.to_kept(&"example.com".parse()?, &"s1".parse()?, now)?;
    /// assert_eq!((entry.state().stage, entry.name().as_str()), (KeyStage::Made, "s1._domainkey.example.com"));
    /// assert_eq!(DkimKey::from_secret(&secret)?.public_key()?, key.public_key()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`DkimErrorKind::Name`] if selector and domain together are too long for the DNS.
    pub fn to_kept(
        &self,
        domain: &Domain,
        selector: &Selector,
        at: Timestamp,
    ) -> Result<(KeyEntry, KeySecret), DkimError> {
        let record = self.record(selector, domain)?;
        let entry = KeyEntry::new(domain.clone(), selector.clone(), &record.value, at)?;
        let der = self.to_der()?.to_vec();
        let secret = KeySecret::new(der).ok_or(DkimErrorKind::TooLarge { limit: KeySecret::MAX })?;
        Ok((entry, secret))
    }

    /// The key of a secret that a store kept.
    ///
    /// # Errors
    /// [`DkimError`] that says what is there instead.
    pub fn from_secret(secret: &KeySecret) -> Result<Self, DkimError> {
        Self::from_der(secret.expose())
    }
}
