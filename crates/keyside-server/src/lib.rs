//! The running system: watches feed the index, plans become API calls, plus webhook, web UI, metrics, lease.
