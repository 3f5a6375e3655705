//! To which codes a row is limited, or with which it was seen.

use posthaste_types::EnhancedStatus;

/// How well a code fits a row, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fit {
    /// The row names this code.
    Exact,
    /// The row names its like: another code of the class, another class of the detail.
    Like,
    /// The row or the answer names none.
    Any,
    /// The row names others.
    Other,
}

/// Reply codes: `421`, `4xx`; empty: any.
#[derive(Debug, Default)]
pub(crate) struct CodeFilter(Vec<Code>);

#[derive(Debug)]
enum Code {
    Exact(u16),
    Class(u16),
}

impl CodeFilter {
    pub(crate) fn parse(cell: &[String]) -> Option<Self> {
        let code = |part: &str| match part.strip_suffix("xx") {
            Some(class) => class.parse().ok().filter(|class| (2..=5).contains(class)).map(Code::Class),
            None => part.parse().ok().filter(|code| (200..=599).contains(code)).map(Code::Exact),
        };
        cell.iter().map(|part| code(part)).collect::<Option<_>>().map(Self)
    }

    /// `class` is the first digit where there is no code.
    pub(crate) fn fit(&self, code: Option<u16>, class: u16) -> Fit {
        let class = code.map_or(class, |code| code / 100);
        let fit = |filter: &Code| match *filter {
            Code::Exact(exact) if code == Some(exact) => Fit::Exact,
            Code::Exact(exact) if exact / 100 == class => Fit::Like,
            Code::Class(wanted) if wanted == class => Fit::Like,
            _ => Fit::Other,
        };
        self.0.iter().map(fit).min().unwrap_or(Fit::Any)
    }

    /// Whether an answer with this code is within the filter; `class` is the first digit where there is no code.
    pub(crate) fn permits(&self, code: Option<u16>, class: u16) -> bool {
        let within = |filter: &Code| match *filter {
            Code::Exact(exact) => code == Some(exact),
            Code::Class(wanted) => wanted == code.map_or(class, |code| code / 100),
        };
        self.0.is_empty() || self.0.iter().any(within)
    }

    /// Whether the filter names this code or its class.
    pub(crate) fn admits(&self, code: u16) -> bool {
        self.0.iter().any(|filter| match *filter {
            Code::Exact(exact) => exact == code,
            Code::Class(class) => class == code / 100,
        })
    }
}

/// Enhanced status codes: `5.7.26`, `x.4.312`, `x.1.x`, `5.7.501-5.7.503`, `none`; empty: any.
#[derive(Debug, Default)]
pub(crate) struct StatusFilter(Vec<Status>);

#[derive(Debug)]
enum Status {
    None,
    Some { class: Option<u8>, subject: Option<u16>, low: u16, high: u16 },
}

impl StatusFilter {
    pub(crate) fn parse(cell: &[String]) -> Option<Self> {
        cell.iter().map(|part| Status::parse(part)).collect::<Option<_>>().map(Self)
    }

    pub(crate) fn is_any(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn fit(&self, status: Option<EnhancedStatus>) -> Fit {
        if self.0.is_empty() {
            return Fit::Any;
        }
        let best = self.0.iter().map(|filter| filter.fit(status)).min().unwrap_or(Fit::Other);
        if status.is_none() && best == Fit::Other { Fit::Any } else { best }
    }

    /// Whether an answer with this status, or with none, is within the filter.
    pub(crate) fn admits(&self, status: Option<EnhancedStatus>) -> bool {
        self.0.is_empty() || self.0.iter().any(|filter| matches!(filter.fit(status), Fit::Exact | Fit::Like))
    }

    /// The one subject and detail that the filter names, if it names one.
    pub(crate) fn single(&self) -> Option<(u16, u16)> {
        match *self.0.as_slice() {
            [Status::Some { subject: Some(subject), low, high, .. }] if low == high => Some((subject, low)),
            _ => None,
        }
    }
}

impl Status {
    fn parse(part: &str) -> Option<Self> {
        if part == "none" {
            return Some(Self::None);
        }
        let (first, last) = part.split_once('-').map_or((part, None), |(first, last)| (first, Some(last)));
        let (class, subject, detail) = numbers(first)?;
        let (low, high) = match (detail, last) {
            (Some(low), None) => (low, low),
            (None, None) => (0, 999),
            (Some(low), Some(last)) => (low, numbers(last)?.2?),
            (None, Some(_)) => return None,
        };
        (low <= high).then_some(Self::Some { class: class.and_then(|class| class.try_into().ok()), subject, low, high })
    }

    fn fit(&self, status: Option<EnhancedStatus>) -> Fit {
        let (Self::Some { class, subject, low, high }, Some(status)) = (self, status) else {
            return if matches!(self, Self::None) && status.is_none() { Fit::Exact } else { Fit::Other };
        };
        if !(*low..=*high).contains(&status.detail()) || subject.is_some_and(|subject| subject != status.subject()) {
            return Fit::Other;
        }
        if class.is_none_or(|class| class == status.class()) { Fit::Exact } else { Fit::Like }
    }
}

/// Class, subject and detail; `x` is none.
fn numbers(text: &str) -> Option<(Option<u16>, Option<u16>, Option<u16>)> {
    let number = |part: &str| match part {
        "x" => Some(None),
        digits => digits.parse().ok().filter(|number| *number <= 999).map(Some),
    };
    let mut parts = text.split('.');
    let all = (number(parts.next()?)?, number(parts.next()?)?, number(parts.next()?)?);
    parts.next().is_none().then_some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(cell: &str) -> Vec<String> {
        cell.split('|').filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }

    #[test]
    fn codes_fit_exactly_or_by_class() {
        let filter = CodeFilter::parse(&list("421|5xx")).unwrap();
        for (code, class, fit) in [
            (Some(421), 4, Fit::Exact),
            (Some(450), 4, Fit::Like),
            (Some(554), 5, Fit::Like),
            (Some(250), 2, Fit::Other),
            (None, 5, Fit::Like),
        ] {
            assert_eq!(filter.fit(code, class), fit, "{code:?}");
        }
        assert_eq!(CodeFilter::default().fit(Some(421), 4), Fit::Any);
        assert!(CodeFilter::parse(&list("42")).is_none() && CodeFilter::parse(&list("9xx")).is_none());
    }

    #[test]
    fn statuses_fit_by_number_class_and_range() {
        let status = |text: &str| Some(EnhancedStatus::parse(text).unwrap());
        for (filter, given, fit) in [
            ("5.7.26", status("5.7.26"), Fit::Exact),
            ("5.7.26", status("4.7.26"), Fit::Like),
            ("5.7.26", status("5.7.27"), Fit::Other),
            ("5.7.26", None, Fit::Any),
            ("x.4.312", status("4.4.312"), Fit::Exact),
            ("5.7.501-5.7.503", status("5.7.502"), Fit::Exact),
            ("5.7.501-5.7.503", status("5.7.504"), Fit::Other),
            ("x.1.x|none", status("5.1.10"), Fit::Exact),
            ("x.1.x|none", None, Fit::Exact),
            ("", status("5.1.1"), Fit::Any),
        ] {
            assert_eq!(StatusFilter::parse(&list(filter)).unwrap().fit(given), fit, "{filter} {given:?}");
        }
        assert!(!StatusFilter::parse(&list("x.1.x")).unwrap().admits(None));
        for bad in ["5.7", "5.7.1.2", "a.1.1", "5.7.9-5.7.1", "5.7.x-5.7.9"] {
            assert!(StatusFilter::parse(&list(bad)).is_none(), "{bad}");
        }
    }
}
