//! The limits of composing.

/// How large a composed message may be.
///
/// ```
/// use posthaste_message::{ComposeLimits, Message};
///
/// let mut limits = ComposeLimits::default();
/// limits.recipients = 1;
/// let error = Message::builder()
///     .limits(limits)
///     .from("ada@example.com")
///     .to("bob@example.org")
///     .cc("eve@example.net")
///     .build()
///     .unwrap_err();
/// assert_eq!(error.to_string(), "recipients: more than 1");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ComposeLimits {
    /// The encoded message, in octets. Default 25 MiB: what large providers take, their limits being stated
    /// for the encoded message.
    pub message: usize,
    /// One header value as given, in octets. Default 64 KiB, the most that
    /// [`HeaderValue`](posthaste_types::HeaderValue) holds.
    pub header_value: usize,
    /// The whole header as it is written, in octets. Default 96 KiB: Postfix discards what is longer than
    /// 100 KiB in one field.
    pub header: usize,
    /// Header fields of the caller's own. Default 200.
    pub header_fields: usize,
    /// Recipients in To, Cc and Bcc together. Default 50,000.
    pub recipients: usize,
    /// Attachments and inline parts together. Default 500.
    pub attachments: usize,
}

impl Default for ComposeLimits {
    fn default() -> Self {
        Self {
            message: 25 * 1024 * 1024,
            header_value: 64 * 1024,
            header: 96 * 1024,
            header_fields: 200,
            recipients: 50_000,
            attachments: 500,
        }
    }
}
