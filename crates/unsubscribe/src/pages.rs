//! What people see.

use std::collections::BTreeMap;

use http::HeaderValue;

use crate::body::VIA;
use crate::language::Language;
use crate::layout::{Layout, escape};
use crate::words;

/// Which page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum PageKind {
    /// Nothing has happened; a button unsubscribes.
    Ask,
    /// The recipient has left.
    Done,
    /// The decision could not be stored.
    Failed,
    /// The link is none of ours. It says nothing about why.
    Invalid,
}

/// The pages: one layout, words by language. They show nothing of a request and nothing of a recipient.
#[derive(Clone, Debug)]
pub struct Pages {
    layout: Layout,
    sender: String,
    words: BTreeMap<(PageKind, Language), (String, String)>,
}

impl Default for Pages {
    fn default() -> Self {
        Self { layout: Layout::builtin(), sender: String::new(), words: BTreeMap::new() }
    }
}

impl Pages {
    /// Another layout.
    #[must_use]
    pub fn layout(mut self, layout: Layout) -> Self {
        self.layout = layout;
        self
    }

    /// The name of the sender, shown at the foot of each page.
    #[must_use]
    pub fn sender(mut self, name: &str) -> Self {
        name.clone_into(&mut self.sender);
        self
    }

    /// Another title and message of one page in one language, as plain text.
    #[must_use]
    pub fn words(mut self, kind: PageKind, language: Language, title: &str, message: &str) -> Self {
        self.words.insert((kind, language), (title.to_owned(), message.to_owned()));
        self
    }

    pub(crate) fn render(&self, kind: PageKind, language: Language, preferences: Option<&str>) -> String {
        let own = self.words.get(&(kind, language)).map(|(title, message)| (title.as_str(), message.as_str()));
        let (title, message) = own.unwrap_or_else(|| words::page(kind, language));
        let action = action(kind, language, preferences);
        let [title, message, sender] = [title, message, &self.sender].map(escape);
        self.layout.fill([language.tag(), &title, &message, &action, &sender])
    }

    pub(crate) fn policy(&self) -> HeaderValue {
        self.layout.policy()
    }
}

/// The form has no address of its own: it posts to the page it stands on, and nothing of the request is repeated.
fn action(kind: PageKind, language: Language, preferences: Option<&str>) -> String {
    let (button, link) = words::action(language);
    let form = format!(
        "<form method=\"post\"><input type=\"hidden\" name=\"List-Unsubscribe\" value=\"One-Click\">\
         <input type=\"hidden\" name=\"{}\" value=\"{}\"><button type=\"submit\">{}</button></form>",
        VIA.0,
        VIA.1,
        escape(button)
    );
    let form = if kind == PageKind::Ask { form } else { String::new() };
    let link = preferences.map(|uri| format!("\n<p><a href=\"{}\">{}</a></p>", escape(uri), escape(link)));
    form + &link.unwrap_or_default()
}
