//! The words of the standards.

/// An enum whose variants are the words of a standard, with the misspellings that are read as well.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal $(| $other:literal)*,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum $name { $($(#[$doc])* $variant,)* }

        impl $name {
            /// The standard's word.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The variant of a word in lower case, also of words that stand for it in the wild.
            pub(crate) fn of_word(word: &str) -> Option<Self> {
                match word { $($word $(| $other)* => Some(Self::$variant),)* _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl crate::words::Word for $name {
            fn of_word(word: &str) -> Option<Self> {
                Self::of_word(word)
            }
        }
    };
}

/// What [`words!`] makes.
pub(crate) trait Word: Sized {
    fn of_word(word: &str) -> Option<Self>;
}

pub(crate) use words;
