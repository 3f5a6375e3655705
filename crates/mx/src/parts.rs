//! The parts of an attempt, by the way that they go.

use posthaste_transport::{Attempt, Route};
use posthaste_types::Domain;

use crate::routing::Router;

/// The recipients of an attempt that go one way.
pub(crate) struct Part {
    pub(crate) route: Route,
    /// `None` for all.
    pub(crate) places: Option<Vec<usize>>,
}

impl Router {
    /// The parts of an attempt that brings no route, by site, in the order of their first recipients.
    pub(crate) async fn parts(&self, attempt: &Attempt) -> Vec<Part> {
        let mut domains: Vec<(&Domain, usize)> = Vec::new();
        let mut parts: Vec<(Route, Vec<usize>)> = Vec::new();
        for (place, recipient) in attempt.recipients().iter().enumerate() {
            let domain = recipient.address.domain();
            let known = domains.iter().find(|(known, _)| *known == domain).map(|(_, part)| *part);
            let part = match known {
                Some(part) => part,
                None => {
                    let route = self.route(domain).await;
                    let same = |(known, _): &(Route, Vec<usize>)| {
                        known.site() == route.site() && known.outcome().is_none() && route.outcome().is_none()
                    };
                    let part = parts.iter().position(same).unwrap_or(parts.len());
                    if part == parts.len() {
                        parts.push((route, Vec::new()));
                    }
                    domains.push((domain, part));
                    part
                }
            };
            if let Some((_, places)) = parts.get_mut(part) {
                places.push(place);
            }
        }
        parts.into_iter().map(|(route, places)| Part { route, places: Some(places) }).collect()
    }
}
