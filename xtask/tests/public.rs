//! No public signature of this workspace shows a vendor's type, and a planted one would be seen.

use std::fs;
use std::path::Path;

use xtask::public::run;
use xtask::{Finding, Workspace};

fn wrapper() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_xtask"))
}

#[test]
fn this_workspace_shows_no_type_of_a_vendor() {
    let workspace = Workspace::load(Path::new(".")).unwrap();
    let findings = run(&workspace, wrapper()).unwrap();
    let failures: Vec<_> = findings.iter().map(Finding::to_string).collect();
    assert!(failures.is_empty(), "\n{}\n", failures.join("\n"));
}

/// In each place where a type may stand, through aliases and private modules; and what is private is free.
#[test]
fn planted_types_are_found() {
    let folder = tempfile::tempdir().unwrap();
    workspace(folder.path(), "posthaste-low", 1, "mail-auth", PLANTED);
    let found = run(&Workspace::load(folder.path()).unwrap(), wrapper()).unwrap();
    let mut said: Vec<_> = found.iter().map(Finding::message).collect();
    said.sort_unstable();
    assert_eq!(
        said,
        [
            "posthaste-low: `Alias` shows `mail_auth::inner::Deep`",
            "posthaste-low: `argument` shows `mail_auth::error::Error`",
            "posthaste-low: `bound` shows `mail_auth::inner::Does`",
            "posthaste-low: `from` shows `mail_auth::error::Error`",
            "posthaste-low: `hidden_in_a_result` shows `mail_auth::error::Error`",
            "posthaste-low: `impl Does` shows `mail_auth::inner::Does`",
            "posthaste-low: `impl From` shows `mail_auth::error::Error`",
            "posthaste-low: `pub use` shows `mail_auth::inner`",
            "posthaste-low: `shown` shows `mail_auth::error::Error`",
        ],
        "{found:?}"
    );
    let shown = found.iter().find(|finding| finding.message().contains("`shown`"));
    assert_eq!(shown.map(Finding::place), Some("crates/one/src/lib.rs:4"));
}

#[test]
fn who_may_show_what() {
    for (member, layer, vendor, allowed) in [
        ("posthaste-dns-hickory", 3, "hickory-resolver", true),
        ("posthaste-mx", 3, "hickory-resolver", false),
        ("posthaste-dkim", 3, "mail-auth", false),
        ("posthaste-message", 1, "mail-parser", false),
        ("posthaste-placement", 3, "mail-parser", true),
        ("posthaste-message", 1, "mail-builder", false),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let vendor_name = vendor.replace('-', "_");
        workspace(folder.path(), member, layer, vendor, &format!("pub fn f(_: {vendor_name}::Error) {{}}\n"));
        let found = run(&Workspace::load(folder.path()).unwrap(), wrapper()).unwrap();
        assert_eq!(found.is_empty(), allowed, "{member} {vendor}: {found:?}");
    }
}

/// A member that stands on a vendor.
fn workspace(root: &Path, member: &str, layer: u8, vendor: &str, lib: &str) {
    let write = |file: &str, text: &str| {
        let path = root.join(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("the folder takes files");
        fs::write(path, text).expect("the folder takes files");
    };
    let package = |name: &str| format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
    write("Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"crates/*\"]\nexclude = [\"vendor\"]\n");
    let layer = format!("[package.metadata.posthaste]\nlayer = {layer}\n");
    let dependency = format!("[dependencies]\n{vendor} = {{ path = \"../../vendor\" }}\n");
    write("crates/one/Cargo.toml", &(package(member) + &layer + &dependency));
    write("crates/one/src/lib.rs", lib);
    write("vendor/Cargo.toml", &package(vendor));
    write("vendor/src/lib.rs", VENDOR);
}

const VENDOR: &str = "\
pub mod error { pub struct Error; }
pub use error::Error;
pub mod inner { pub struct Deep; pub trait Does { fn does(&self) -> Deep { Deep } } }
pub trait OnAll { fn deep(&self) -> inner::Deep { inner::Deep } }
impl<T> OnAll for T {}
";

const PLANTED: &str = "\
use mail_auth::Error as Theirs;
pub struct Open {
    private: Theirs,
    pub shown: Vec<Theirs>,
}
pub fn argument(_: Option<&Theirs>) {}
pub fn hidden_in_a_result() -> impl Iterator<Item = Result<(), Theirs>> { std::iter::empty() }
pub struct Ours;
impl From<Theirs> for Ours {
    fn from(_: Theirs) -> Self { Ours }
}
mod private {
    pub fn free(_: super::Theirs) {}
    pub struct Inner(pub mail_auth::inner::Deep);
}
pub struct Closed(private::Inner);
impl mail_auth::inner::Does for Closed {}
pub type Alias = mail_auth::inner::Deep;
pub use mail_auth::inner as vendor;
pub fn bound<T: mail_auth::inner::Does>(_: T) {}
pub fn free() -> u8 { private::free(Theirs); 1 }
";
