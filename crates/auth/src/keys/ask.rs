//! Asking every authoritative name server.

use std::net::{IpAddr, SocketAddr};

use posthaste_dns::{DnsErrorKind, RecordData, RecordKind, Resolve, ResolveExt};
use posthaste_types::{DnsName, Tick};

use super::join::{Boxed, join};
use super::showing::{Sees, ServerView, Showing};
use crate::records::DkimKeyRecord;

/// What every authoritative name server shows at `name`, where `record` is expected.
///
/// `resolver` finds the zone and its servers, and asks each of them through [`Resolve::at`], past every cache. All are
/// asked at once. A server with several addresses is asked at each; where they differ it is listed with each answer, and an
/// address that does not answer counts only if none does. Where the name is an alias, the servers of its target are asked too, up to
/// [`Showing::MAX_ALIASES`] times; at most [`Showing::MAX_SERVERS`] servers of a zone are asked. The server set is the
/// one that the resolver gives, which is the zone's own (RFC 2181 §5.4.1). Whether a server that answers is authoritative
/// is not checked: one that was told to ask others instead would count.
///
/// Questions end by `by` of the resolver's clock. Cancel safe: dropping the future only ends the questions. What is not
/// known stands in the showing as [`Sees::Unknown`], of the root if not even the servers are known.
pub async fn ask_name_servers(resolver: &dyn Resolve, name: &DnsName, record: &str, by: Tick) -> Showing {
    let expected = DkimKeyRecord::parse(record.as_bytes()).ok();
    let mut showing = Showing::default();
    let mut names = vec![name.clone()];
    let mut next = 0;
    while let Some(name) = names.get(next).cloned() {
        next += 1;
        let views = match servers(resolver, &name, by).await {
            Ok(servers) => {
                let asks = servers.iter().take(Showing::MAX_SERVERS);
                let asks = asks.map(|host| -> Boxed<'_, Vec<ServerView>> {
                    Box::pin(ask_server(resolver, host, &name, expected.as_ref(), by))
                });
                join(asks.collect()).await.concat()
            }
            Err(kind) => vec![ServerView::new(DnsName::root(), Sees::Unknown(kind))],
        };
        for view in views {
            if let Sees::Alias(target) = &view.sees
                && !names.contains(target)
                && names.len() <= Showing::MAX_ALIASES
            {
                names.push(target.clone());
            }
            showing.servers.push(view);
        }
    }
    showing
}

impl Showing {
    /// The most aliases that are followed.
    pub const MAX_ALIASES: usize = 8;
    /// The most name servers of one zone that are asked; 13 is usual at the most.
    pub const MAX_SERVERS: usize = 32;
    /// The most addresses of one name server that are asked.
    pub const MAX_ADDRESSES: usize = 16;
}

/// The servers of the closest zone around a name.
async fn servers(resolver: &dyn Resolve, name: &DnsName, by: Tick) -> Result<Vec<DnsName>, DnsErrorKind> {
    let mut at = Some(name.clone());
    while let Some(zone) = at.filter(|zone| !zone.is_root()) {
        let answer = resolver.resolve(&zone, RecordKind::Ns, by).await.map_err(|error| error.kind())?;
        let server = |data: &RecordData| match data {
            RecordData::Ns(host) => Some(host.clone()),
            _ => None,
        };
        // An alias is no zone, whatever its target is.
        let mut hosts: Vec<DnsName> = match answer.chain() {
            [] => answer.records().iter().filter_map(server).collect(),
            _ => Vec::new(),
        };
        if !hosts.is_empty() {
            hosts.sort_by(|a, b| a.as_str().cmp(b.as_str()));
            hosts.dedup();
            return Ok(hosts);
        }
        at = zone.parent();
    }
    Err(DnsErrorKind::ServFail)
}

async fn ask_server(
    resolver: &dyn Resolve,
    host: &DnsName,
    name: &DnsName,
    expected: Option<&DkimKeyRecord>,
    by: Tick,
) -> Vec<ServerView> {
    let unknown = |kind| vec![ServerView::new(host.clone(), Sees::Unknown(kind))];
    let addresses = match resolver.addresses(host, by).await {
        Ok(found) if found.values.is_empty() => return unknown(DnsErrorKind::Network),
        Ok(found) => found.values,
        Err(error) => return unknown(error.kind()),
    };
    let asks = addresses.iter().take(Showing::MAX_ADDRESSES);
    let asks = asks.map(|address| -> Boxed<'_, Sees> { Box::pin(ask_address(resolver, *address, name, expected, by)) });
    let mut seen: Vec<Sees> = Vec::new();
    for sees in join(asks.collect()).await {
        if !seen.contains(&sees) {
            seen.push(sees);
        }
    }
    let is_known = |sees: &Sees| !matches!(sees, Sees::Unknown(_));
    match seen.iter().any(is_known) {
        true => seen.retain(is_known),
        false => seen.truncate(1),
    }
    seen.into_iter().map(|sees| ServerView::new(host.clone(), sees)).collect()
}

async fn ask_address(
    resolver: &dyn Resolve,
    address: IpAddr,
    name: &DnsName,
    expected: Option<&DkimKeyRecord>,
    by: Tick,
) -> Sees {
    let server = match resolver.at(SocketAddr::new(address, PORT)) {
        Ok(server) => server,
        Err(error) => return Sees::Unknown(error.kind()),
    };
    // Asked for the text alone, a server would be asked by name for the target of an alias too, of which it may know
    // nothing.
    match server.resolve(name, RecordKind::Cname, by).await {
        Ok(answer) => {
            if let Some(RecordData::Cname(target)) = answer.records().first() {
                return Sees::Alias(target.clone());
            }
        }
        Err(error) => return Sees::Unknown(error.kind()),
    }
    match server.resolve(name, RecordKind::Txt, by).await {
        Ok(answer) => judge(answer.records(), expected),
        Err(error) => Sees::Unknown(error.kind()),
    }
}

fn judge(records: &[RecordData], expected: Option<&DkimKeyRecord>) -> Sees {
    match records {
        [] => Sees::Nothing,
        [RecordData::Txt(text)] => match DkimKeyRecord::parse(text) {
            Ok(found) if found.is_revoked() => Sees::Revoked,
            Ok(found) if expected.is_some_and(|key| key.kind == found.kind && key.key == found.key) => Sees::Key,
            _ => Sees::Other,
        },
        // RFC 6376 §3.6.2.2: several records give undefined results.
        _ => Sees::Other,
    }
}

/// RFC 1035 §4.2.
const PORT: u16 = 53;
