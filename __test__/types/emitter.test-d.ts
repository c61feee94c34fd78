// Compiled, never run: what the declarations of the emitter allow, and what they must refuse.

import { Pool } from "pg";
import { Emitter } from "@socket.io/postgres-adapter-rs";
import type {
  BroadcastOperator,
  EmitterOptions,
} from "@socket.io/postgres-adapter-rs";

interface ToClients {
  headline: (text: string, rank?: number) => void;
  bytes: (content: Uint8Array) => void;
}

interface ToServers {
  reload: (reason: string) => void;
}

declare const pool: Pool;
const options: EmitterOptions = { payloadThreshold: 100 };

// Without event maps everything goes.
const anything = new Emitter(pool);
const sent: true = anything.emit("whatever", 1, "two", { three: 3 });
anything.to(["a", "b"]).except("c").volatile.emit("whatever");
anything.serverSideEmit("whatever", 1);

// The ways of making one.
let made: Emitter;
made = new Emitter("postgres://localhost/app");
made = new Emitter({ host: "localhost", password: async () => "secret" });
made = new Emitter(pool, "/chat");
made = new Emitter(pool, "/chat", options);
made = new Emitter(pool, options);
made = new Emitter(pool, undefined, options);
// @ts-expect-error a target is needed
made = new Emitter();
// @ts-expect-error a port is no target
made = new Emitter(5432);
// @ts-expect-error an emitter has no uid
made = new Emitter(pool, { uid: "mine" });
// @ts-expect-error bytes are a number
made = new Emitter(pool, "/", { payloadThreshold: "100" });

// With event maps the events and their arguments are checked.
const emitter = new Emitter<ToClients, ToServers>(pool);
emitter.emit("headline", "It works");
emitter.of("/chat").to("news").emit("headline", "It works", 1);
emitter.in("news").compress(false).emit("bytes", Buffer.of(1));
emitter.serverSideEmit("reload", "new settings");
// @ts-expect-error no such event
emitter.emit("headlines", "It works");
// @ts-expect-error of another type
emitter.emit("headline", 1);
// @ts-expect-error one is missing
emitter.to("news").emit("headline");
// @ts-expect-error one too many
emitter.of("/chat").emit("headline", "It works", 1, 2);
// @ts-expect-error an event for servers
emitter.except("news").emit("reload", "new settings");
// @ts-expect-error an event for clients
emitter.serverSideEmit("headline", "It works");
// @ts-expect-error of another type
emitter.to("news").serverSideEmit("reload", 1);

// Operators can be kept.
const operator: BroadcastOperator<ToClients, ToServers> = emitter.to("news");
operator.volatile.compress(true).in("more").emit("headline", "It works");
operator.socketsJoin(["a", "b"]);
operator.socketsLeave("a");
operator.disconnectSockets(true);
// @ts-expect-error rooms are strings
operator.to(1);
// @ts-expect-error only the emitter itself can be closed
operator.close();

const nsp: string = emitter.nsp;
// @ts-expect-error it is what it was made for
emitter.nsp = "/other";
const done: Promise<void>[] = [emitter.flush(), emitter.close()];

export { done, made, nsp, sent };
