//! PostgreSQL: the only place that names `tokio_postgres`.

mod aside;
pub mod attachments;
mod canary;
pub mod config;
pub mod connect;
pub mod database;
mod deadline;
mod driver;
mod driver_error;
pub mod identifier;
pub mod inbound_filter;
pub mod listener;
mod pooler;
pub mod publisher;
mod route;
pub mod session;
pub mod socket;
pub mod sql;
pub mod target;
pub mod tls;
mod watch;
