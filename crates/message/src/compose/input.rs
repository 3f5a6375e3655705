//! What setters take.

use std::borrow::Cow;

use posthaste_types::{Address, Mailbox, MessageId, ParseError};

/// One mailbox, given as text or as a value: `&str`, `String`, [`Mailbox`], [`Address`] and references to
/// them.
///
/// A trait of our own, because the compiler then says what can be given where something else was.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a mailbox",
    label = "not one mailbox",
    note = "give a text such as \"Ada <ada@example.com>\", a `Mailbox` or an `Address`; call the setter once for each"
)]
pub trait IntoMailbox {
    /// The mailbox.
    ///
    /// # Errors
    /// [`ParseError`] if the text is none.
    fn into_mailbox(self) -> Result<Mailbox, ParseError>;
}

/// One message identity, given as text or as a value: `&str`, `String`, [`MessageId`] and references to them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a message identity",
    label = "not one message identity",
    note = "give a text such as \"<4711@example.com>\" or a `MessageId`"
)]
pub trait IntoMessageId {
    /// The identity.
    ///
    /// # Errors
    /// [`ParseError`] if the text is none.
    fn into_message_id(self) -> Result<MessageId, ParseError>;
}

macro_rules! input {
    ($trait:ident, $method:ident, $target:ident, texts: [$($text:ty),*], values: [$($value:ty),*]) => {
        $(impl $trait for $text {
            fn $method(self) -> Result<$target, ParseError> {
                $target::parse(self.as_ref())
            }
        })*
        $(impl $trait for $value {
            fn $method(self) -> Result<$target, ParseError> {
                Ok($target::from(self))
            }
        })*
    };
}

input!(
    IntoMailbox, into_mailbox, Mailbox,
    texts: [&str, &&str, String, &String, Cow<'_, str>],
    values: [Mailbox, &Mailbox, Address, &Address]
);
input!(
    IntoMessageId, into_message_id, MessageId,
    texts: [&str, &&str, String, &String, Cow<'_, str>],
    values: [MessageId]
);

impl IntoMessageId for &MessageId {
    fn into_message_id(self) -> Result<MessageId, ParseError> {
        Ok(self.clone())
    }
}
