//! The one runtime of the process: a single thread serves every engine.

use std::sync::OnceLock;

use tokio::runtime::{Builder, Handle, Runtime};

use super::failure::{internal, Result};

static RUNTIME: OnceLock<Option<Runtime>> = OnceLock::new();

/// The handle of the runtime, which is started on the first call.
pub fn handle() -> Result<&'static Handle> {
    let runtime = RUNTIME.get_or_init(|| {
        Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("socket.io-postgres")
            .enable_all()
            .build()
            .ok()
    });
    runtime
        .as_ref()
        .map(Runtime::handle)
        .ok_or_else(|| internal("no thread could be started for the PostgreSQL connections"))
}
