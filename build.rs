//! Sets the linker up for a Node.js addon; a build without the binding needs nothing.

fn main() {
    #[cfg(feature = "napi")]
    napi_build::setup();
}
