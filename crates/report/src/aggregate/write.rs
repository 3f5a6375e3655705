//! Aggregate reports as XML.

use std::fmt::Write;

use super::read::NAMESPACE;
use super::{Aggregate, Metadata, PolicyPublished, Record, Schema, SpfScope};
use crate::problem::{ComposeError, ComposeErrorKind};
use crate::text::is_clean;
use crate::{Limits, aggregate::Override};

impl Aggregate {
    /// The report as the XML of its [`schema`](Self::schema), one element a line.
    ///
    /// What the schema of RFC 7489 requires and the value lacks is written as the DMARC record's default: `sp` as `p`,
    /// `pct` 100, `fo` 0, an empty `envelope_from`.
    ///
    /// # Errors
    /// [`ComposeError`] where the schema requires a value that is not there, or has no place for one that is.
    pub fn to_xml(&self) -> Result<String, ComposeError> {
        let Self { schema, version, metadata, policy, records } = self;
        let mut xml = Xml { out: String::with_capacity(1024 + records.len().saturating_mul(900)), depth: 0 };
        xml.out.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        match schema {
            Schema::Rfc7489 => xml.out.push_str("<feedback>\n"),
            Schema::Rfc9990 => {
                let _ = writeln!(xml.out, "<feedback xmlns=\"{NAMESPACE}\">");
            }
        }
        xml.depth = 1;
        match (schema, version.as_deref()) {
            (Schema::Rfc9990, Some(version)) if version != "1.0" => {
                return Err(ComposeError::new(ComposeErrorKind::NotInSchema, "version"));
            }
            (_, version) => xml.optional("version", version)?,
        }
        xml.within("report_metadata", |xml| xml.metadata(*schema, metadata))?;
        xml.within("policy_published", |xml| xml.policy(*schema, policy))?;
        if records.is_empty() {
            return Err(ComposeError::new(ComposeErrorKind::Missing, "record"));
        }
        for (index, record) in records.iter().enumerate() {
            xml.within("record", |xml| xml.record(*schema, record)).map_err(|error| error.within(index))?;
        }
        xml.out.push_str("</feedback>\n");
        Ok(xml.out)
    }
}

struct Xml {
    out: String,
    depth: usize,
}

type Composed = Result<(), ComposeError>;

impl Xml {
    fn within(&mut self, name: &'static str, fill: impl FnOnce(&mut Self) -> Composed) -> Composed {
        self.indent();
        let _ = writeln!(self.out, "<{name}>");
        self.depth += 1;
        fill(self)?;
        self.depth -= 1;
        self.indent();
        let _ = writeln!(self.out, "</{name}>");
        Ok(())
    }

    fn indent(&mut self) {
        self.out.extend(std::iter::repeat_n("  ", self.depth));
    }

    fn leaf(&mut self, name: &'static str, value: &str) -> Composed {
        checked(name, value)?;
        self.indent();
        let _ = write!(self.out, "<{name}>");
        escape(&mut self.out, value);
        let _ = writeln!(self.out, "</{name}>");
        Ok(())
    }

    fn required(&mut self, name: &'static str, value: Option<&str>) -> Composed {
        match value.filter(|value| !value.is_empty()) {
            Some(value) => self.leaf(name, value),
            None => Err(ComposeError::new(ComposeErrorKind::Missing, name)),
        }
    }

    fn optional(&mut self, name: &'static str, value: Option<&str>) -> Composed {
        value.map_or(Ok(()), |value| self.leaf(name, value))
    }

    fn metadata(&mut self, schema: Schema, metadata: &Metadata) -> Composed {
        let Metadata { org_name, email, extra_contact_info, report_id, begin, end, errors, generator } = metadata;
        self.required("org_name", Some(org_name))?;
        self.required("email", Some(email))?;
        self.optional("extra_contact_info", extra_contact_info.as_deref())?;
        self.required("report_id", Some(report_id))?;
        self.within("date_range", |xml| {
            let seconds = |time: &Option<posthaste_types::Timestamp>| time.map(|time| time.as_unix_secs().to_string());
            xml.required("begin", seconds(begin).as_deref())?;
            xml.required("end", seconds(end).as_deref())
        })?;
        for error in errors {
            self.leaf("error", error)?;
        }
        allow(generator.is_none() || schema == Schema::Rfc9990, "generator")?;
        self.optional("generator", generator.as_deref())
    }

    fn policy(&mut self, schema: Schema, policy: &PolicyPublished) -> Composed {
        let PolicyPublished { domain, version_published, discovery_method, p, sp, np, adkim, aspf, pct, fo, testing } =
            policy;
        let new = schema == Schema::Rfc9990;
        allow(version_published.is_none(), "version_published")?;
        allow(new || discovery_method.is_none(), "discovery_method")?;
        allow(new || np.is_none(), "np")?;
        allow(new || testing.is_none(), "testing")?;
        allow(!new || pct.is_none(), "pct")?;
        self.required("domain", Some(domain))?;
        self.optional("discovery_method", discovery_method.map(|it| it.as_str()))?;
        if !new {
            self.optional("adkim", adkim.map(|it| it.as_str()))?;
            self.optional("aspf", aspf.map(|it| it.as_str()))?;
            self.required("p", p.map(|it| it.as_str()))?;
            self.required("sp", sp.or(*p).map(|it| it.as_str()))?;
            self.leaf("pct", &pct.unwrap_or(100).to_string())?;
            return self.leaf("fo", fo.as_deref().unwrap_or("0"));
        }
        self.required("p", p.map(|it| it.as_str()))?;
        self.optional("sp", sp.map(|it| it.as_str()))?;
        self.optional("np", np.map(|it| it.as_str()))?;
        self.optional("fo", fo.as_deref())?;
        self.optional("adkim", adkim.map(|it| it.as_str()))?;
        self.optional("aspf", aspf.map(|it| it.as_str()))?;
        self.optional("testing", testing.map(|it| it.as_str()))
    }

    fn record(&mut self, schema: Schema, record: &Record) -> Composed {
        let Record {
            source_ip,
            count,
            disposition,
            dkim,
            spf,
            reasons,
            envelope_to,
            envelope_from,
            header_from,
            dkim_results: _,
            spf_results: _,
        } = record;
        self.within("row", |xml| {
            xml.required("source_ip", source_ip.map(|it| it.to_string()).as_deref())?;
            xml.leaf("count", &count.to_string())?;
            xml.within("policy_evaluated", |xml| {
                xml.required("disposition", disposition.map(|it| it.as_str()))?;
                xml.required("dkim", dkim.map(|it| it.as_str()))?;
                xml.required("spf", spf.map(|it| it.as_str()))?;
                reasons.iter().try_for_each(|reason| {
                    allow(reason.kind.is_none_or(|kind| is_in(schema, kind)), "type")?;
                    xml.within("reason", |xml| {
                        xml.required("type", reason.kind.map(|it| it.as_str()))?;
                        xml.optional("comment", reason.comment.as_deref())
                    })
                })
            })
        })?;
        self.within("identifiers", |xml| {
            xml.optional("envelope_to", envelope_to.as_deref())?;
            let old = (schema == Schema::Rfc7489).then_some("");
            xml.optional("envelope_from", envelope_from.as_deref().or(old))?;
            xml.required("header_from", Some(header_from))
        })?;
        self.within("auth_results", |xml| xml.results(schema, record))
    }

    fn results(&mut self, schema: Schema, record: &Record) -> Composed {
        let new = schema == Schema::Rfc9990;
        for dkim in &record.dkim_results {
            self.within("dkim", |xml| {
                xml.required("domain", Some(&dkim.domain))?;
                match new {
                    true => xml.required("selector", dkim.selector.as_deref())?,
                    false => xml.optional("selector", dkim.selector.as_deref())?,
                }
                xml.required("result", dkim.result.map(|it| it.as_str()))?;
                xml.optional("human_result", dkim.human_result.as_deref())
            })?;
        }
        match record.spf_results.len() {
            0 if !new => return Err(ComposeError::new(ComposeErrorKind::Missing, "spf")),
            2.. if new => return Err(ComposeError::new(ComposeErrorKind::TooMany, "spf")),
            _ => {}
        }
        for spf in &record.spf_results {
            allow(!new || spf.scope != Some(SpfScope::Helo), "scope")?;
            self.within("spf", |xml| {
                xml.required("domain", Some(&spf.domain))?;
                xml.optional("scope", spf.scope.map(|it| it.as_str()))?;
                xml.required("result", spf.result.map(|it| it.as_str()))?;
                xml.optional("human_result", spf.human_result.as_deref())
            })?;
        }
        Ok(())
    }
}

/// Whether the schema has this reason: RFC 9990 dropped two and added one.
fn is_in(schema: Schema, kind: Override) -> bool {
    match kind {
        Override::Forwarded | Override::SampledOut => schema == Schema::Rfc7489,
        Override::PolicyTestMode => schema == Schema::Rfc9990,
        _ => true,
    }
}

fn allow(allowed: bool, what: &'static str) -> Composed {
    if allowed { Ok(()) } else { Err(ComposeError::new(ComposeErrorKind::NotInSchema, what)) }
}

/// A value that reads back as it is.
pub(crate) fn checked(what: &'static str, value: &str) -> Composed {
    if value.len() > Limits::default().text {
        return Err(ComposeError::new(ComposeErrorKind::TooLong, what));
    }
    if !is_clean(value) {
        return Err(ComposeError::new(ComposeErrorKind::Forbidden, what));
    }
    Ok(())
}

fn escape(out: &mut String, value: &str) {
    for c in value.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
}
