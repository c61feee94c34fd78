//! The class that the shim sees.

use std::sync::Arc;

use napi::bindgen_prelude::{Buffer, Function, Object};
use napi::{Env, JsString};
use napi_derive::napi;
use serde::Serialize;

use super::failure::{failure, internal, Failure, Result};
use super::promise::when_done;
use super::runtime;
use super::wake::Wake;
use crate::engine::credentials::Credentials;
use crate::engine::gathered;
use crate::engine::handle::Engine;
use crate::engine::inbox::{Inbox, TargetId};
use crate::error::ErrorKind;
use crate::options::Options;
use crate::pg::config::ConnectionConfig;
use crate::pg::connect::PgDatabase;
use crate::pg::identifier::TableName;
use crate::pg::target::{Password, Target};
use crate::pg::tls::PrivateKey;
use crate::wire::message::MessageType;

#[napi(js_name = "Engine")]
pub struct NativeEngine {
    engine: Arc<Engine>,
    credentials: Credentials,
    wake: Wake,
}

#[napi]
impl NativeEngine {
    /// `options`, `main` (where to connect to) and `listen` (where to listen, if elsewhere) are JSON texts; the keys are
    /// those of the client certificates there, as DER of PKCS #8; `wake` is called when there is something to drain.
    #[napi(constructor, catch_unwind)]
    pub fn new(
        options: String,
        main: String,
        main_key: Option<Buffer>,
        listen: Option<String>,
        listen_key: Option<Buffer>,
        wake: Function<'_, (), ()>,
    ) -> Result<Self> {
        let options = Options::from_json(&options).map_err(|error| failure(&error))?;
        let wake = Wake::new(wake).map_err(internal)?;
        let inbox = Arc::new(Inbox::new(Box::new({
            let wake = wake.clone();
            move || wake.call()
        })));
        let credentials = Credentials::new(Arc::clone(&inbox));
        let mut database = PgDatabase::new(target(&main, main_key, &credentials)?, &options.table_name)
            .map_err(|error| failure(&error))?;
        if let Some(listen) = listen {
            let credentials = credentials.about(TargetId::Listen);
            database = database.with_listen_target(target(&listen, listen_key, &credentials)?);
        }
        let engine = Arc::new(Engine::start(options, database, inbox, runtime::handle()?));
        Ok(Self {
            engine,
            credentials,
            wake,
        })
    }

    /// Fails, and says why, if no table can be called so.
    #[napi(catch_unwind)]
    pub fn check_table_name(name: String) -> Result<()> {
        TableName::parse(&name)
            .map(drop)
            .map_err(|error| Failure::new(ErrorKind::Options.code(), error.to_string()))
    }

    /// Opens a namespace, or announces an open one again; returns its number.
    #[napi(catch_unwind)]
    pub fn open(&self, nsp: String) -> Result<u32> {
        self.engine.open(&nsp).map_err(|error| failure(&error))
    }

    /// Closes a namespace: its peers are told.
    #[napi(catch_unwind)]
    pub fn close_namespace(&self, namespace: u32) {
        self.engine.close_namespace(namespace);
    }

    /// Publishes a message. `data` is the JSON text of its data.
    #[napi(catch_unwind)]
    pub fn publish(&self, namespace: u32, kind: u32, data: String, volatile: bool) {
        let kind = MessageType::from_code(kind.into());
        self.engine
            .publish(namespace, kind, Some(data), Vec::new(), volatile);
    }

    /// Publishes a message with binary parts; in the text they are named by the marker and their index.
    #[napi(catch_unwind)]
    pub fn publish_binary(
        &self,
        namespace: u32,
        kind: u32,
        data: String,
        parts: Vec<Buffer>,
        volatile: bool,
    ) {
        let kind = MessageType::from_code(kind.into());
        self.engine
            .publish(namespace, kind, Some(data), copies(&parts), volatile);
    }

    /// Publishes events for clients, in order, as [`gathered`] describes them.
    #[napi(catch_unwind)]
    pub fn publish_events(&self, text: String, bytes: Buffer) {
        for run in gathered::runs(&text, &bytes) {
            let (namespace, options) = (run.namespace, run.options.into());
            let events = run.events.into_iter();
            self.engine
                .publish_events(namespace, &options, events, run.volatile);
        }
    }

    /// Publishes one event for clients. In its text, binary parts are named by the marker and their index.
    #[napi(catch_unwind)]
    pub fn publish_event(
        &self,
        namespace: u32,
        options: String,
        event: String,
        parts: Vec<Buffer>,
        volatile: bool,
    ) {
        let event = std::iter::once((event, copies(&parts)));
        self.engine
            .publish_events(namespace, &options.into(), event, volatile);
    }

    /// Publishes a message of somebody else; `message` is the JSON text of all of it.
    #[napi(catch_unwind)]
    pub fn forward(&self, namespace: u32, kind: u32, message: String, parts: Vec<Buffer>) {
        let kind = MessageType::from_code(kind.into());
        self.engine.forward(namespace, kind, message, copies(&parts));
    }

    /// The other nodes of a namespace as a JSON text: pairs of uid and milliseconds since it was heard.
    #[napi(catch_unwind)]
    pub fn peers(&self, namespace: u32) -> Result<String> {
        let peers: Vec<(String, u128)> = self
            .engine
            .peers(namespace)
            .into_iter()
            .map(|(uid, since)| (uid, since.as_millis()))
            .collect();
        json(&peers)
    }

    /// What was done so far, and how things are, as a JSON text; see [`crate::engine::stats::Snapshot`].
    #[napi(catch_unwind)]
    pub fn stats(&self) -> Result<String> {
        json(&self.engine.stats())
    }

    /// A room got its first local member.
    #[napi(catch_unwind)]
    pub fn room_created(&self, namespace: u32, room: String) {
        self.engine.room_created(namespace, room);
    }

    /// A room lost its last local member.
    #[napi(catch_unwind)]
    pub fn room_deleted(&self, namespace: u32, room: String) {
        self.engine.room_deleted(namespace, &room);
    }

    /// Whether a namespace has any local socket.
    #[napi(catch_unwind)]
    pub fn set_populated(&self, namespace: u32, populated: bool) {
        self.engine.set_populated(namespace, populated);
    }

    /// The next bundle of items, none when there is nothing. The bundle before has been dealt with. Its events are one
    /// text, in which U+001E stands between them; they and the binary parts are there only where items have any.
    #[napi(
        catch_unwind,
        ts_return_type = "{ items: string, events?: string, bytes?: Buffer } | null"
    )]
    pub fn drain<'env>(&self, env: &'env Env) -> Result<Option<Object<'env>>> {
        let handoff = self.engine.drain();
        if handoff.text.is_empty() {
            return Ok(None);
        }
        let mut bundle = Object::new(env).map_err(internal)?;
        bundle
            .set("items", js_string(env, &handoff.text)?)
            .map_err(internal)?;
        if !handoff.events.is_empty() {
            bundle
                .set("events", js_string(env, &handoff.events)?)
                .map_err(internal)?;
        }
        if !handoff.bytes.is_empty() {
            bundle
                .set("bytes", Buffer::from(handoff.bytes))
                .map_err(internal)?;
        }
        Ok(Some(bundle))
    }

    /// Answers the question for a password: with one, with none, or with the reason why there is none.
    #[napi(catch_unwind)]
    pub fn answer_password(&self, number: u32, password: Option<String>, failure: Option<String>) {
        let password = password.map(Password::new);
        self.credentials
            .answer_password(number, failure.map_or(Ok(password), Err));
    }

    /// Answers the question for a verdict: with its JSON text, or with the reason why `pg` would not connect.
    #[napi(catch_unwind)]
    pub fn answer_verdict(&self, number: u32, verdict: String, refusal: Option<String>) {
        self.credentials
            .answer_verdict(number, refusal.map_or(Ok(&verdict), Err));
    }

    /// Resolves when all that was published so far is committed or dropped.
    #[napi(catch_unwind, ts_return_type = "Promise<void>")]
    pub fn flush<'env>(&self, env: &'env Env) -> Result<Object<'env>> {
        let flushed = self.engine.flush();
        let engine = Arc::clone(&self.engine);
        when_done(env, async move {
            drop(flushed.await);
            engine.report_losses();
        })
    }

    /// Publishes what is left, then ends the connections. Resolves when that is done.
    #[napi(catch_unwind, ts_return_type = "Promise<void>")]
    pub fn close<'env>(&self, env: &'env Env) -> Result<Object<'env>> {
        let engine = Arc::clone(&self.engine);
        let wake = self.wake.clone();
        when_done(env, async move {
            engine.close().await;
            wake.release();
        })
    }
}

fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(internal)
}

/// V8 takes ASCII as it is, and has to decode everything else.
fn js_string<'env>(env: &'env Env, text: &str) -> Result<JsString<'env>> {
    let created = if text.is_ascii() {
        env.create_string_latin1(text.as_bytes())
    } else {
        env.create_string(text)
    };
    created.map_err(internal)
}

/// A place to connect to, from its JSON text.
fn target(connection: &str, key: Option<Buffer>, credentials: &Credentials) -> Result<Target> {
    let config: ConnectionConfig = serde_json::from_str(connection)
        .map_err(|error| internal(format!("unusable connection settings: {error}")))?;
    let password = {
        let credentials = credentials.clone();
        move || {
            let credentials = credentials.clone();
            Box::pin(async move { credentials.password().await }) as _
        }
    };
    let judge = {
        let credentials = credentials.clone();
        move |question| {
            let credentials = credentials.clone();
            Box::pin(async move { credentials.verdict(question).await }) as _
        }
    };
    let key = key.map(|key| PrivateKey::new(key.to_vec()));
    Target::new(config, key.as_ref(), Box::new(password), Box::new(judge)).map_err(|error| failure(&error))
}

/// Copied at once: the application may change its buffers after the call.
fn copies(parts: &[Buffer]) -> Vec<Vec<u8>> {
    parts.iter().map(|part| part.to_vec()).collect()
}
