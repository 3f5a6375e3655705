//! Which way a batch goes.

use posthaste_queue::Batch;
use posthaste_transport::{Route, TransportError};
use posthaste_types::Address;

use crate::inner::Engine;
use crate::lease::Lease;
use crate::routes::Routing;

/// Which way a batch goes.
#[derive(Debug)]
pub(crate) enum Way {
    /// As was known.
    Known(Route),
    /// As was answered just now.
    Asked(Route),
    /// Its recipients no longer go one way.
    Parted,
}

impl Engine {
    /// The route of a batch, as long as what is known of it is good; else it is asked for again.
    pub(crate) async fn way(
        &self,
        batch: &Batch,
        lease: &Lease,
        redirect: Option<&Address>,
    ) -> Result<Way, TransportError> {
        if let Some(stand_in) = redirect {
            return self.route(stand_in.domain()).await.map(Way::Asked);
        }
        let Some(domain) = lease.addresses().next().map(Address::domain) else { return Ok(Way::Parted) };
        let one = lease.addresses().all(|to| to.domain() == domain);
        {
            let (dispatch, now) = (self.dispatch(), self.clock.tick());
            let parted = |to: &Address| dispatch.routes.site(to.domain(), now).is_some_and(|site| *site != batch.site);
            let known = match one {
                true => dispatch.routes.of_domain(domain, now),
                false if lease.addresses().any(parted) => return Ok(Way::Parted),
                false => dispatch.routes.of_site(&batch.site, now),
            };
            if let Some(route) = known {
                return Ok(Way::Known(route.clone()));
            }
        }
        let route = self.route(domain).await?;
        let routing = Routing::new(domain, Ok(route.clone()), self.clock.tick());
        let same = one || *routing.site() == batch.site;
        self.dispatch().routed(domain, routing);
        Ok(if same { Way::Asked(route) } else { Way::Parted })
    }
}
