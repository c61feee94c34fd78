//! The one runtime of the process: a single thread serves every engine.

use std::sync::OnceLock;

use tokio::runtime::{Builder, Handle, Runtime};

static RUNTIME: OnceLock<Option<Runtime>> = OnceLock::new();

/// The handle of the runtime, which is started on the first call.
pub fn handle() -> napi::Result<&'static Handle> {
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
        .ok_or_else(|| napi::Error::from_reason("no thread could be started for the PostgreSQL connections"))
}
