//! The parts of an attempt, by the way that they go.

use futures_util::stream::{self, StreamExt as _};
use posthaste_transport::{Attempt, Route};

use crate::routing::Router;
use crate::secured::{AT_ONCE, by_domain};

/// The recipients of an attempt that go one way.
pub(crate) struct Part {
    pub(crate) route: Route,
    /// `None` for all.
    pub(crate) places: Option<Vec<usize>>,
}

impl Router {
    /// The parts of an attempt that brings no route, by site, in the order of their first recipients.
    ///
    /// Several domains are asked about at once: one whose name servers are silent holds no other up.
    pub(crate) async fn parts(&self, attempt: &Attempt) -> Vec<Part> {
        let domains = by_domain(attempt, None);
        let mut asked = Vec::with_capacity(domains.len());
        for (domain, _) in &domains {
            asked.push(self.route(domain));
        }
        let routes: Vec<Route> = stream::iter(asked).buffered(AT_ONCE).collect().await;
        let mut parts: Vec<(Route, Vec<usize>)> = Vec::new();
        for (route, (_, mut of_domain)) in routes.into_iter().zip(domains) {
            let same = |(known, _): &&mut (Route, Vec<usize>)| {
                known.site() == route.site() && known.outcome().is_none() && route.outcome().is_none()
            };
            match parts.iter_mut().find(same) {
                Some((_, places)) => places.append(&mut of_domain),
                None => parts.push((route, of_domain)),
            }
        }
        if let [(route, _)] = parts.as_slice() {
            return vec![Part { route: route.clone(), places: None }];
        }
        parts.iter_mut().for_each(|(_, places)| places.sort_unstable());
        parts.into_iter().map(|(route, places)| Part { route, places: Some(places) }).collect()
    }
}
