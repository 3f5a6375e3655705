//! Records in words, for people.

use super::{BimiRecord, DkimKeyRecord};
use crate::dmarc::{self, Alignment, Policy, Testing};
use crate::spf::{Mechanism, Qualifier};
use crate::{mta_sts, spf, tls_rpt};

/// A record that can be said in words.
pub trait Explain {
    /// What the record says, a line for each part.
    fn in_words(&self) -> Vec<String>;
}

impl Explain for spf::Record {
    fn in_words(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.directives().iter().map(directive).collect();
        lines.extend(self.redirect().map(|to| format!("else what the record of {to} says")));
        lines.extend(self.explanation().map(|at| format!("those who are refused are told the text at {at}")));
        lines
    }
}

fn directive(directive: &spf::Directive) -> String {
    let result = match directive.qualifier {
        Qualifier::Pass => "pass",
        Qualifier::Fail => "fail",
        Qualifier::SoftFail => "softfail",
        Qualifier::Neutral => "neutral",
    };
    let of = |domain: &Option<spf::MacroString>| domain.as_ref().map_or("this domain".to_owned(), ToString::to_string);
    let whom = match &directive.mechanism {
        Mechanism::All => "every other address".to_owned(),
        Mechanism::Include { domain } => format!("whom the record of {domain} lets pass"),
        Mechanism::A { domain, .. } => format!("the addresses of {}", of(domain)),
        Mechanism::Mx { domain, .. } => format!("the mail hosts of {}", of(domain)),
        Mechanism::Ptr { domain } => format!("addresses with a name in {}", of(domain)),
        Mechanism::Ip4 { network, prefix: 32 } => network.to_string(),
        Mechanism::Ip6 { network, prefix: 128 } => network.to_string(),
        Mechanism::Ip4 { network, prefix } => format!("addresses in {network}/{prefix}"),
        Mechanism::Ip6 { network, prefix } => format!("addresses in {network}/{prefix}"),
        Mechanism::Exists { domain } => format!("those for whom {domain} has an address"),
    };
    format!("{result} for {whom}")
}

impl Explain for dmarc::Record {
    fn in_words(&self) -> Vec<String> {
        let asked = |policy: Policy| match policy {
            Policy::None => "is to be delivered as if there were no policy",
            Policy::Quarantine => "is to be treated as suspicious",
            Policy::Reject => "is to be refused",
        };
        let mut lines = vec![format!("mail that fails {}", asked(self.policy))];
        lines.extend(self.subdomain.map(|policy| format!("of subdomains, mail that fails {}", asked(policy))));
        lines.extend(
            self.non_existent
                .map(|policy| format!("of subdomains that do not exist, mail that fails {}", asked(policy))),
        );
        for (method, alignment) in [("DKIM", self.dkim), ("SPF", self.spf)] {
            if alignment == Alignment::Strict {
                lines.push(format!("the domain of {method} must be the same, not only of the same organisation"));
            }
        }
        if self.testing == Testing::On {
            lines.push("this is a test: what is asked for is done one level lower".to_owned());
        }
        lines.extend(self.rua.iter().map(|uri| format!("daily reports go to {uri}")));
        lines.extend(self.ruf.iter().map(|uri| format!("reports of single failures go to {uri}")));
        lines
    }
}

impl Explain for DkimKeyRecord {
    fn in_words(&self) -> Vec<String> {
        if self.is_revoked() {
            return vec!["this key is taken back".to_owned()];
        }
        let bits = self.bits().map_or("unknown length".to_owned(), |bits| format!("{bits} bits"));
        let mut lines = vec![format!("a key of the kind {}, {bits}", self.kind)];
        if self.flags.iter().any(|flag| flag == "y") {
            lines.push("the domain is testing: a failure counts as no signature".to_owned());
        }
        if self.flags.iter().any(|flag| flag == "s") {
            lines.push("it does not sign for subdomains".to_owned());
        }
        lines
    }
}

impl Explain for mta_sts::Record {
    fn in_words(&self) -> Vec<String> {
        vec![format!("there is a policy for TLS, its version is {}", self.id())]
    }
}

impl Explain for tls_rpt::Record {
    fn in_words(&self) -> Vec<String> {
        self.rua().iter().map(|place| format!("reports about TLS go to {place}")).collect()
    }
}

impl Explain for BimiRecord {
    fn in_words(&self) -> Vec<String> {
        let Some(location) = &self.location else { return vec!["no logo is to be shown".to_owned()] };
        let certificate = self.authority.as_ref().map(|uri| format!("its certificate is {uri}"));
        std::iter::once(format!("the logo is {location}")).chain(certificate).collect()
    }
}
