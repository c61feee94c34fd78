//! Promises for work on the runtime. A pending one keeps the event loop alive.

use std::future::Future;

use napi::bindgen_prelude::Object;
use napi::Env;

use super::failure::{internal, Result};
use super::runtime;

type Resolver = fn(Env) -> napi::Result<()>;

/// A promise that resolves when `work` is done.
pub fn when_done(env: &Env, work: impl Future<Output = ()> + Send + 'static) -> Result<Object<'_>> {
    let (deferred, promise) = env.create_deferred::<(), Resolver>().map_err(internal)?;
    runtime::handle()?.spawn(async move {
        work.await;
        deferred.resolve(|_| Ok(()));
    });
    Ok(promise)
}
