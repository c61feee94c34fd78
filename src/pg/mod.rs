//! PostgreSQL: the only place that names `tokio_postgres`.

pub mod attachments;
pub mod config;
pub mod connect;
pub mod database;
mod deadline;
pub mod identifier;
pub mod listener;
pub mod publisher;
pub mod sql;
pub mod tls;
mod watch;
