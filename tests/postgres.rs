//! The `pg` layer against the PostgreSQL server that the environment variable `TEST_DATABASE_URL` names, such as
//! `postgres://user:password@localhost:5432/database`. Without it these tests are left out.

// A test that fails may panic, also in its helpers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/real_database.rs"]
mod real_database;

#[path = "postgres/backlog.rs"]
mod backlog;
#[path = "postgres/connections.rs"]
mod connections;
#[path = "postgres/listening.rs"]
mod listening;
#[path = "postgres/publishing.rs"]
mod publishing;
#[path = "postgres/table.rs"]
mod table;
#[path = "postgres/watching.rs"]
mod watching;
