//! Running cargo and git, and taking what they print.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::Command;

use crate::Error;

/// What `cargo ARGS` prints, run in `root`. Nothing is built, so a running `cargo test` is not waited for.
pub(crate) fn cargo<S: AsRef<OsStr>>(root: &Path, args: &[S]) -> Result<String, Error> {
    cargo_with(root, args, &[])
}

/// The same with variables of the environment.
pub(crate) fn cargo_with<S: AsRef<OsStr>>(root: &Path, args: &[S], vars: &[(&str, &OsStr)]) -> Result<String, Error> {
    let program = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    output(root, &program, args, vars)
}

/// What `git ARGS` prints, run in `root`.
pub(crate) fn git<S: AsRef<OsStr>>(root: &Path, args: &[S]) -> Result<String, Error> {
    output(root, OsStr::new("git"), args, &[])
}

fn output<S: AsRef<OsStr>>(root: &Path, program: &OsStr, args: &[S], vars: &[(&str, &OsStr)]) -> Result<String, Error> {
    let mut command = Command::new(program);
    command.current_dir(root).args(args).envs(vars.iter().copied());
    let shown = format!("{command:?}");
    let done = command.output().map_err(|e| Error::because(shown.as_str(), e))?;
    if !done.status.success() {
        return Err(Error::new(format!("{shown}: {}", String::from_utf8_lossy(&done.stderr).trim())));
    }
    String::from_utf8(done.stdout).map_err(|e| Error::because(shown, e))
}
