//! Version 2.

use posthaste_types::Text;
use serde_json::Value;

use super::{Compliance, Metric, MetricValue, Requirement};

pub(super) fn metric(value: &Value) -> Metric {
    let text = |name: &str| match value.get(name) {
        Some(Value::String(text)) => Text::lossy(text),
        Some(Value::Object(object)) => object.values().find_map(Value::as_str).map(Text::lossy).unwrap_or_default(),
        _ => Text::default(),
    };
    Metric {
        name: text("name"),
        metric: text("metric"),
        date: value.get("date").and_then(day),
        value: value.get("value").map_or(MetricValue::Missing, metric_value),
    }
}

/// A date of Google's API: a text, or an object of year, month and day.
fn day(value: &Value) -> Option<Text> {
    if let Some(text) = value.as_str() {
        return Some(Text::lossy(text));
    }
    let part = |name: &str| value.get(name).and_then(Value::as_u64);
    Some(Text::lossy(format_args!("{:04}-{:02}-{:02}", part("year")?, part("month")?, part("day")?)))
}

fn metric_value(value: &Value) -> MetricValue {
    for name in ["doubleValue", "floatValue", "intValue"] {
        let number = value.get(name).and_then(|it| it.as_f64().or_else(|| it.as_str()?.parse().ok()));
        if let Some(number) = number {
            return MetricValue::Number(number);
        }
    }
    if let Some(text) = value.get("stringValue").and_then(Value::as_str) {
        return MetricValue::Text(Text::lossy(text));
    }
    let list = value.get("stringList").map(|it| it.get("values").unwrap_or(it)).and_then(Value::as_array);
    match list {
        Some(list) => MetricValue::Texts(list.iter().filter_map(Value::as_str).map(Text::lossy).collect()),
        None => MetricValue::Missing,
    }
}

pub(super) fn requirements(data: &Value, compliance: &mut Compliance) {
    let domain = data.get("domainId").and_then(Value::as_str).map_or_else(|| compliance.domain.clone(), Text::lossy);
    let status = |value: &Value| {
        let inner = value.get("status").unwrap_or(value);
        [inner.as_str(), inner.get("status").and_then(Value::as_str)].into_iter().flatten().next().map(Text::lossy)
    };
    for row in data.get("rowData").and_then(Value::as_array).into_iter().flatten() {
        let requirement = row.get("requirement").and_then(Value::as_str).map(Text::lossy).unwrap_or_default();
        let status = status(row).unwrap_or_default();
        compliance.requirements.push(Requirement { domain: domain.clone(), requirement, status, reason: None });
    }
    for (member, requirement) in VERDICTS {
        let Some(verdict) = data.get(member) else { continue };
        compliance.requirements.push(Requirement {
            domain: domain.clone(),
            requirement: Text::lossy(requirement),
            status: status(verdict).unwrap_or_default(),
            reason: verdict.get("reason").and_then(Value::as_str).map(Text::lossy),
        });
    }
}

const VERDICTS: [(&str, &str); 2] =
    [("oneClickUnsubscribeVerdict", "ONE_CLICK_UNSUBSCRIBE"), ("honorUnsubscribeVerdict", "HONOR_UNSUBSCRIBE")];
