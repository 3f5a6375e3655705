//! TCP_NODELAY for clients that do not set it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

/// A library that, loaded before the C library, sets TCP_NODELAY on every socket that connects.
///
/// Without it a client that writes the end of the body apart from the body waits for the peer's delayed
/// acknowledgement, 40 ms a message: then nothing else of that client can be seen.
#[derive(Debug)]
pub struct NoDelay(PathBuf);

impl NoDelay {
    /// Compiles it; `None` without a C compiler.
    ///
    /// # Errors
    /// If the source cannot be written, or does not compile.
    pub fn compile(folder: &Path) -> io::Result<Option<Self>> {
        let (source, library) = (folder.join("no_delay.c"), folder.join("no_delay.so"));
        fs::write(&source, SOURCE)?;
        let compiled = Command::new("cc").args(["-shared", "-fPIC", "-O2", "-o"]).arg(&library).arg(&source).status();
        match compiled {
            Ok(status) if status.success() => Ok(Some(Self(library))),
            Ok(status) => Err(io::Error::other(format!("cc: {status}"))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Has a process run with it.
    pub fn preload(&self, command: &mut Command) {
        command.env("LD_PRELOAD", &self.0);
    }
}

const SOURCE: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

int connect(int socket, const struct sockaddr *address, socklen_t length) {
    int on = 1;
    if (address->sa_family == AF_INET || address->sa_family == AF_INET6)
        setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    int (*next)(int, const struct sockaddr *, socklen_t) = dlsym(RTLD_NEXT, "connect");
    return next(socket, address, length);
}
"#;
