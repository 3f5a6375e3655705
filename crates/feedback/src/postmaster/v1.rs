//! Version 1.

use posthaste_types::Text;
use serde::Deserialize;
use serde_json::Value;

use super::{DeliveryError, FeedbackLoop, IpReputation, Reputation, TrafficStats, segment};

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct RawList {
    pub(super) traffic_stats: Vec<RawStats>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct RawStats {
    name: String,
    user_reported_spam_ratio: Option<f64>,
    user_reported_spam_ratio_lower_bound: Option<f64>,
    user_reported_spam_ratio_upper_bound: Option<f64>,
    ip_reputations: Vec<RawIps>,
    domain_reputation: String,
    spammy_feedback_loops: Vec<RawLoop>,
    spf_success_ratio: Option<f64>,
    dkim_success_ratio: Option<f64>,
    dmarc_success_ratio: Option<f64>,
    outbound_encryption_ratio: Option<f64>,
    inbound_encryption_ratio: Option<f64>,
    delivery_errors: Vec<RawError>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RawIps {
    reputation: String,
    /// A whole number of 64 bits stands as a text.
    ip_count: Value,
    sample_ips: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RawLoop {
    id: String,
    spam_ratio: Option<f64>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RawError {
    error_class: String,
    error_type: String,
    error_ratio: Option<f64>,
}

impl RawStats {
    /// `name` is `domains/example.com/trafficStats/20260204`.
    pub(super) fn stats(self) -> Option<TrafficStats> {
        let (domain, day) = (segment(&self.name, 1), segment(&self.name, 3));
        let date = format!("{}-{}-{}", day.get(..4)?, day.get(4..6)?, day.get(6..8)?);
        Some(TrafficStats {
            domain: Text::lossy(domain),
            date: Text::lossy(date),
            spam_ratio: self.user_reported_spam_ratio,
            spam_ratio_bounds: (self.user_reported_spam_ratio_lower_bound, self.user_reported_spam_ratio_upper_bound),
            ip_reputations: self.ip_reputations.into_iter().filter_map(RawIps::reputation).collect(),
            domain_reputation: Reputation::of(&self.domain_reputation),
            feedback_loops: self
                .spammy_feedback_loops
                .into_iter()
                .map(|it| FeedbackLoop { id: Text::lossy(it.id), spam_ratio: it.spam_ratio })
                .collect(),
            spf_ratio: self.spf_success_ratio,
            dkim_ratio: self.dkim_success_ratio,
            dmarc_ratio: self.dmarc_success_ratio,
            inbound_tls_ratio: self.inbound_encryption_ratio,
            outbound_tls_ratio: self.outbound_encryption_ratio,
            delivery_errors: self.delivery_errors.into_iter().map(RawError::error).collect(),
        })
    }
}

impl RawIps {
    fn reputation(self) -> Option<IpReputation> {
        let addresses = self.ip_count.as_u64().or_else(|| self.ip_count.as_str()?.parse().ok());
        let samples = self.sample_ips.iter().map(Text::lossy).collect();
        Some(IpReputation { reputation: Reputation::of(&self.reputation)?, addresses, samples })
    }
}

impl RawError {
    fn error(self) -> DeliveryError {
        let (class, reason) = (Text::lossy(self.error_class), Text::lossy(self.error_type));
        DeliveryError { class, reason, ratio: self.error_ratio }
    }
}

impl Reputation {
    fn of(word: &str) -> Option<Self> {
        Some(match word {
            "BAD" => Self::Bad,
            "LOW" => Self::Low,
            "MEDIUM" => Self::Medium,
            "HIGH" => Self::High,
            _ => return None,
        })
    }
}
