//! The texts of the tables.

/// The texts of the tables, each as its file in `data/` is written: comma-separated values with comments.
///
/// The built-in ones with some replaced are the usual way to make other [`Rules`](crate::Rules).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Tables<'a> {
    /// What each class means: scope, action, list effect, advice.
    pub classes: &'a str,
    /// Whose reply table counts for which provider, and by what a provider is known.
    pub providers: &'a str,
    /// What providers say.
    pub replies: &'a str,
    /// What servers say everywhere.
    pub phrases: &'a str,
    /// The registry of enhanced status codes.
    pub enhanced: &'a str,
    /// What a reply code says alone.
    pub codes: &'a str,
    /// What a cause says that is no SMTP reply.
    pub causes: &'a str,
    /// By what automatic answers and unstructured bounces are known.
    pub signals: &'a str,
    /// Where the rows come from; a row that names another source is refused.
    pub sources: &'a str,
}

impl Tables<'static> {
    /// The tables that are compiled in.
    pub const fn builtin() -> Self {
        Self {
            classes: include_str!("../../data/classes.toml"),
            providers: include_str!("../../data/providers.toml"),
            replies: include_str!("../../data/replies.toml"),
            phrases: include_str!("../../data/phrases.toml"),
            enhanced: include_str!("../../data/enhanced.toml"),
            codes: include_str!("../../data/codes.toml"),
            causes: include_str!("../../data/causes.toml"),
            signals: include_str!("../../data/signals.toml"),
            sources: include_str!("../../data/sources.toml"),
        }
    }
}
