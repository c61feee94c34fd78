//! Waking the JavaScript thread.

use std::sync::{Arc, Mutex, PoisonError};

use napi::bindgen_prelude::Function;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::Status;

/// Weak: an adapter alone keeps no process alive.
type WakeFunction = ThreadsafeFunction<(), (), (), Status, false, true>;

/// A function of JavaScript that can be called from every thread, until it is released.
#[derive(Clone)]
pub struct Wake(Arc<Mutex<Option<WakeFunction>>>);

impl Wake {
    pub fn new(function: Function<'_, (), ()>) -> napi::Result<Self> {
        let function = function
            .build_threadsafe_function()
            .callee_handled::<false>()
            .weak::<true>()
            .build()?;
        Ok(Self(Arc::new(Mutex::new(Some(function)))))
    }

    pub fn call(&self) {
        if let Some(function) = &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            // It carries no value, so nothing is lost should the environment be closing.
            let _ = function.call((), ThreadsafeFunctionCallMode::NonBlocking);
        }
    }

    /// Lets go of the JavaScript function, and of all that it holds.
    pub fn release(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}
