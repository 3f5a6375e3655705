//! What a mail has once: identity, envelope, and what the application said about it.

use posthaste_queue::{MailMeta, NewMail};
use posthaste_types::{
    CampaignName, Envelope, EnvelopeId, ListName, MailId, MessageId, Recipient, RequireTls, Ret, ReversePath,
    StreamName, Tags, TenantName, Timestamp,
};
use rusqlite::{Connection, Row, params};

use super::{Crc, Micros, json};
use crate::trouble::{Damage, Trouble};

/// The columns that [`MailRow::read`] reads, in its order.
pub(crate) const MAIL_COLUMNS: &str = "m.id, m.message_id, m.reverse_path, m.envid, m.ret, m.require_tls, m.stream, \
    m.list, m.campaign, m.tenant, m.tags, m.priority, m.accepted, m.due, m.expires, m.once_key, m.fingerprint, \
    m.size, m.crc, m.content";

/// A row of `mail`: the columns that never change.
#[derive(Debug)]
pub(crate) struct MailRow {
    pub(crate) id: String,
    pub(crate) message_id: Option<String>,
    pub(crate) reverse_path: String,
    pub(crate) envid: Option<String>,
    pub(crate) ret: Option<String>,
    pub(crate) require_tls: i64,
    pub(crate) stream: String,
    pub(crate) list: Option<String>,
    pub(crate) campaign: Option<String>,
    pub(crate) tenant: Option<String>,
    pub(crate) tags: Option<String>,
    pub(crate) priority: i8,
    pub(crate) accepted: i64,
    pub(crate) due: i64,
    pub(crate) expires: i64,
    pub(crate) once_key: Option<String>,
    pub(crate) fingerprint: Option<Vec<u8>>,
    pub(crate) size: i64,
}

impl MailRow {
    pub(crate) fn of(new: &NewMail) -> Result<Self, rusqlite::Error> {
        let (mail, meta) = (&new.mail, &new.meta);
        let envelope = mail.envelope();
        let MailMeta { stream, list, campaign, tenant, tags, priority, .. } = meta;
        let pairs = |tags: &Tags| tags.iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect::<Vec<_>>();
        let (once_key, fingerprint) = match &new.once {
            Some((key, print)) => (Some(key.as_str().to_owned()), Some(print.to_vec())),
            None => (None, None),
        };
        Ok(Self {
            id: mail.id().to_string(),
            message_id: mail.message_id().map(|id| id.as_str().to_owned()),
            reverse_path: envelope.from().address().map(|a| a.as_str().to_owned()).unwrap_or_default(),
            envid: envelope.envid().map(|id| id.as_str().to_owned()),
            ret: envelope.ret().map(|ret| if ret == Ret::Full { "FULL" } else { "HDRS" }.to_owned()),
            require_tls: i64::from(envelope.require_tls() == RequireTls::Yes),
            stream: stream.as_str().to_owned(),
            list: list.as_ref().map(|name| name.as_str().to_owned()),
            campaign: campaign.as_ref().map(|name| name.as_str().to_owned()),
            tenant: tenant.as_ref().map(|name| name.as_str().to_owned()),
            tags: (!tags.is_empty()).then(|| json(&pairs(tags))).transpose()?,
            priority: *priority,
            accepted: new.at.as_unix_micros(),
            due: new.due.as_unix_micros(),
            expires: new.expires.as_unix_micros(),
            once_key,
            fingerprint,
            size: i64::try_from(mail.content().len()).unwrap_or(i64::MAX),
        })
    }

    /// Reads the row of [`MAIL_COLUMNS`]: the content's id too.
    pub(crate) fn read(row: &Row<'_>) -> Result<(Self, Option<i64>), Trouble> {
        let mail = Self {
            id: row.get(0)?,
            message_id: row.get(1)?,
            reverse_path: row.get(2)?,
            envid: row.get(3)?,
            ret: row.get(4)?,
            require_tls: row.get(5)?,
            stream: row.get(6)?,
            list: row.get(7)?,
            campaign: row.get(8)?,
            tenant: row.get(9)?,
            tags: row.get(10)?,
            priority: row.get(11)?,
            accepted: row.get(12)?,
            due: row.get(13)?,
            expires: row.get(14)?,
            once_key: row.get(15)?,
            fingerprint: row.get(16)?,
            size: row.get(17)?,
        };
        let stored: i64 = row.get(18)?;
        if stored != i64::from(mail.crc()) {
            return Err(Damage::new("mail: the checksum does not fit").into());
        }
        Ok((mail, row.get(19)?))
    }

    /// Adds the row; its columns are those of [`MAIL_COLUMNS`] and what changes while the mail is here.
    pub(crate) fn insert(
        &self,
        conn: &Connection,
        content: Option<i64>,
        waiting: i64,
        ended: Option<Micros>,
    ) -> Result<(), rusqlite::Error> {
        conn.prepare_cached(
            "INSERT INTO mail (id, message_id, reverse_path, envid, ret, require_tls, stream, list, campaign, tenant, \
             tags, priority, accepted, due, expires, once_key, fingerprint, size, crc, content, waiting, ended) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, \
             ?22)",
        )?
        .execute(params![
            self.id,
            self.message_id,
            self.reverse_path,
            self.envid,
            self.ret,
            self.require_tls,
            self.stream,
            self.list,
            self.campaign,
            self.tenant,
            self.tags,
            self.priority,
            self.accepted,
            self.due,
            self.expires,
            self.once_key,
            self.fingerprint,
            self.size,
            self.crc(),
            content,
            waiting,
            ended
        ])?;
        Ok(())
    }

    pub(crate) fn crc(&self) -> u32 {
        let Self {
            id,
            message_id,
            reverse_path,
            envid,
            ret,
            require_tls,
            stream,
            list,
            campaign,
            tenant,
            tags,
            priority,
            accepted,
            due,
            expires,
            once_key,
            fingerprint,
            size,
        } = self;
        let texts = [Some(id), message_id.as_ref(), Some(reverse_path), envid.as_ref(), ret.as_ref(), Some(stream)];
        let more = [list, campaign, tenant, tags, once_key].map(Option::as_ref);
        let numbers = [*require_tls, i64::from(*priority), *accepted, *due, *expires, *size];
        let crc = texts.into_iter().chain(more).fold(Crc::default(), |crc, text| crc.maybe(text.map(String::as_str)));
        let crc = fingerprint.iter().flatten().fold(crc, |crc, octet| crc.number(i64::from(*octet)));
        numbers.into_iter().fold(crc, Crc::number).sum()
    }

    /// The types of the row.
    pub(crate) fn head(&self) -> Result<Head, Trouble> {
        let mut meta = MailMeta::default();
        meta.stream = StreamName::parse(&self.stream)?;
        meta.list = self.list.as_deref().map(ListName::parse).transpose()?;
        meta.campaign = self.campaign.as_deref().map(CampaignName::parse).transpose()?;
        meta.tenant = self.tenant.as_deref().map(TenantName::parse).transpose()?;
        meta.tags = self.tags.as_deref().map(serde_json::from_str).transpose()?.unwrap_or_default();
        meta.priority = self.priority;
        Ok(Head {
            id: MailId::parse(&self.id)?,
            message_id: self.message_id.as_deref().map(MessageId::parse).transpose()?,
            from: ReversePath::parse(&self.reverse_path)?,
            envid: self.envid.as_deref().map(EnvelopeId::parse).transpose()?,
            ret: match self.ret.as_deref() {
                None => None,
                Some("FULL") => Some(Ret::Full),
                Some("HDRS") => Some(Ret::Headers),
                Some(other) => return Err(Damage::new(format_args!("ret: {other:?}")).into()),
            },
            require_tls: if self.require_tls == 0 { RequireTls::No } else { RequireTls::Yes },
            meta,
            accepted: Timestamp::from_unix_micros(self.accepted),
            due: Timestamp::from_unix_micros(self.due),
            expires: Timestamp::from_unix_micros(self.expires),
        })
    }
}

/// A mail without recipients and content.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) id: MailId,
    pub(crate) message_id: Option<MessageId>,
    pub(crate) from: ReversePath,
    pub(crate) envid: Option<EnvelopeId>,
    pub(crate) ret: Option<Ret>,
    pub(crate) require_tls: RequireTls,
    pub(crate) meta: MailMeta,
    pub(crate) accepted: Timestamp,
    pub(crate) due: Timestamp,
    pub(crate) expires: Timestamp,
}

impl Head {
    /// The envelope for these recipients.
    pub(crate) fn envelope(&self, to: Vec<Recipient>) -> Result<Envelope, Trouble> {
        let wanted = to.len();
        let mut envelope = Envelope::new(self.from.clone(), to)?.with_require_tls(self.require_tls);
        if envelope.to().len() != wanted {
            return Err(Damage::new("a recipient stands there twice").into());
        }
        if let Some(envid) = &self.envid {
            envelope = envelope.with_envid(envid.clone());
        }
        if let Some(ret) = self.ret {
            envelope = envelope.with_ret(ret);
        }
        Ok(envelope)
    }
}
