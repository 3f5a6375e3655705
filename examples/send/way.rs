//! The transport that the arguments describe.

use std::sync::Arc;

use posthaste::dns::Cached;
use posthaste::dns_hickory::Hickory;
use posthaste::mx::{ConfigErrorKind, InwardAddresses, MxConfig, RelayConfig, TlsRoots};
use posthaste::smtp::Credentials;
use posthaste::{Clock, Mx, Relay, SystemClock, Transport, hostname, mx_system_with};

use crate::arguments::{Arguments, Wrong, read_file};

/// Through a relay, or to the MX.
pub(crate) fn transport(arguments: &Arguments) -> Result<Arc<dyn Transport>, Wrong> {
    match (&arguments.relay, arguments.mx) {
        (Some(relay), false) => relayed(arguments, relay),
        (None, true) => direct(arguments),
        (Some(_), true) => Err(Wrong::new("--mx", "--relay is given too; one of the two")),
        (None, false) => Err(Wrong::new("--relay", "no way out is given").advise("say --relay HOST:PORT, or --mx")),
    }
}

fn relayed(arguments: &Arguments, relay: &str) -> Result<Arc<dyn Transport>, Wrong> {
    let direct = [
        ("--hello", arguments.hello.is_some()),
        ("--dns", arguments.dns.is_some()),
        ("--port", arguments.port.is_some()),
        ("--inward", arguments.inward),
    ];
    belong_to("--mx", &direct)?;
    let url = match relay {
        url if url.contains("://") => url.to_owned(),
        host if host.ends_with(":465") => format!("smtps://{host}"),
        host if arguments.user.is_some() => format!("smtp+starttls://{host}"),
        host => format!("smtp://{host}"),
    };
    let mut config = RelayConfig::from_url(&url).map_err(|error| {
        let wrong = Wrong::new("--relay", &error);
        match error.kind() {
            ConfigErrorKind::Scheme => Wrong::new("--relay", format!("{url:?}: unknown scheme"))
                .advise("the schemes are smtp, smtp+starttls, smtps and lmtp"),
            ConfigErrorKind::PasswordInUrl => wrong.advise("put it into a file, and say --password-file FILE"),
            _ => wrong.advise("say HOST, HOST:PORT or a URL such as smtp+starttls://relay.example.com:587"),
        }
    })?;
    if let Some(ca) = &arguments.ca {
        config.roots = roots(ca)?;
    }
    if let Some(credentials) = credentials(arguments, config.username.as_deref())? {
        config = config.with_credentials(credentials);
    }
    let relay = Relay::with_config(config).map_err(|error| Wrong::new("--relay", error))?;
    Ok(Arc::new(relay))
}

fn credentials(arguments: &Arguments, in_url: Option<&str>) -> Result<Option<Credentials>, Wrong> {
    let (user, file) = match (arguments.user.as_deref().or(in_url), &arguments.password_file) {
        (None, None) => return Ok(None),
        (Some(user), Some(file)) => (user, file),
        (Some(_), None) => return Err(Wrong::new("--password-file", "it is missing: the relay wants a password")),
        (None, Some(_)) => return Err(Wrong::new("--user", "it is missing beside --password-file")),
    };
    let password = String::from_utf8(read_file("--password-file", file, 4096)?)
        .map_err(|_| Wrong::new("--password-file", "what stands in it is not UTF-8"))?;
    let password =
        password.strip_suffix('\n').map_or(password.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
    Credentials::new(user, password).map(Some).map_err(|error| Wrong::new("--user, --password-file", error))
}

fn direct(arguments: &Arguments) -> Result<Arc<dyn Transport>, Wrong> {
    let relayed = [
        ("--user", arguments.user.is_some()),
        ("--password-file", arguments.password_file.is_some()),
        ("--ca", arguments.ca.is_some()),
    ];
    belong_to("--relay", &relayed)?;
    let mut config = match &arguments.hello {
        Some(name) => MxConfig::new(name.parse().map_err(|error| Wrong::new("--hello", error))?),
        None => MxConfig::new(hostname().map_err(|error| {
            Wrong::new("--hello", error).advise("say --hello NAME, with a name that leads to this host")
        })?),
    };
    if let Some(port) = arguments.port {
        config.port = port;
    }
    if arguments.inward {
        config.inward = InwardAddresses::Allow;
    }
    let Some(server) = arguments.dns else {
        let mx = mx_system_with(config).map_err(|error| Wrong::new("--dns", error).advise("say --dns ADDRESS:PORT"))?;
        return Ok(Arc::new(mx));
    };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let hickory = Hickory::with_servers([server], clock.clone()).map_err(|error| Wrong::new("--dns", error))?;
    Ok(Arc::new(Mx::new(Arc::new(Cached::new(hickory, clock.clone())), clock, config)))
}

/// Refuses the arguments of the other way.
fn belong_to(way: &str, arguments: &[(&str, bool)]) -> Result<(), Wrong> {
    match arguments.iter().find(|(_, is_given)| *is_given) {
        Some((argument, _)) => Err(Wrong::new(*argument, format!("it belongs to {way}"))),
        None => Ok(()),
    }
}

fn roots(path: &std::path::Path) -> Result<TlsRoots, Wrong> {
    TlsRoots::from_pem(&read_file("--ca", path, 1024 * 1024)?)
        .map_err(|error| Wrong::new("--ca", format!("{}: {error}", path.display())))
}
