// Compiled, never run: what the declarations of the adapter allow, and what they must refuse.

import cluster from "node:cluster";
import {
  createAdapter,
  PostgresAdapter,
  setupPrimary,
} from "@socket.io/postgres-adapter-rs";
import type {
  AdapterNamespace,
  ConnectionTarget,
  PostgresAdapterError,
  PostgresAdapterOptions,
  Primary,
  PrimaryOptions,
} from "@socket.io/postgres-adapter-rs";
import { createAdapter as createReference } from "@socket.io/postgres-adapter";
import { Pool } from "pg";
import { Server } from "socket.io";
import { Adapter, ClusterAdapter } from "socket.io-adapter";
import { expectAssignable, expectNotAssignable, expectType } from "tsd";

interface ClientToServer {
  message: (text: string, done: (length: number) => void) => void;
}

interface ServerToClient {
  message: (text: string) => void;
}

interface BetweenServers {
  reload: (reason: string) => void;
}

interface OfSocket {
  user: string;
}

declare const pool: Pool;

// Socket.IO takes it, with event maps and without.
const io = new Server({ adapter: createAdapter(pool) });
expectType<Server>(io.adapter(createAdapter(pool)));
const typed = new Server<
  ClientToServer,
  ServerToClient,
  BetweenServers,
  OfSocket
>({ adapter: createAdapter(pool) });
typed.adapter(createAdapter(pool, { uid: "a" }));
expectAssignable<AdapterNamespace>(io.of("/"));
expectAssignable<AdapterNamespace>(typed.of("/chat"));
expectNotAssignable<AdapterNamespace>("/chat");
expectType<(nsp: AdapterNamespace) => PostgresAdapter>(createAdapter(pool));
expectType<PostgresAdapter>(createAdapter(pool)(io.of("/")));

// The call of the JavaScript adapter stays as it is.
expectAssignable<Parameters<typeof createAdapter>>(
  [] as unknown as Parameters<typeof createReference>,
);

// The ways of saying where PostgreSQL is.
createAdapter("postgres://user:password@localhost:5432/app");
createAdapter({ host: "db1,db2:5433", password: async () => "secret" });
createAdapter({});
expectAssignable<ConnectionTarget>(pool);
// @ts-expect-error a target is needed
createAdapter();
// @ts-expect-error it may be missing from the environment
createAdapter(process.env["DATABASE_URL"]);
// @ts-expect-error a port is no target
createAdapter(5432);
// @ts-expect-error a port is a number
createAdapter({ port: "5432" });

// Every option, and none of another type.
const options: Required<PostgresAdapterOptions> = {
  uid: "a",
  channelPrefix: "app",
  tableName: "app.attachments",
  payloadThreshold: 8000,
  maxAttachmentSize: 1024,
  requestsTimeout: 5000,
  heartbeatInterval: 5000,
  heartbeatTimeout: 10_000,
  cleanupInterval: 30_000,
  listenPool: pool,
  maxBufferSize: 0,
  maxBufferAge: 0,
  errorHandler(error) {
    expectType<string | undefined>(error.code);
    expectType<string>(error.message);
    expectType<unknown>(error.cause);
  },
};
createAdapter(pool, options);
createAdapter(pool, { listenPool: "postgres://localhost/app" });
createAdapter(pool, { listenPool: { host: "db" } });
createAdapter(pool, { errorHandler: console.error });
declare const reported: PostgresAdapterError;
expectType<string>(reported.code);
createAdapter(pool, { errorHandler: (error: Error) => void error });
// @ts-expect-error an id is a text
createAdapter(pool, { uid: 1 });
// @ts-expect-error a prefix is a text
createAdapter(pool, { channelPrefix: null });
// @ts-expect-error a name is a text
createAdapter(pool, { tableName: ["app", "attachments"] });
// @ts-expect-error bytes are a number
createAdapter(pool, { payloadThreshold: "8000" });
// @ts-expect-error bytes are a number
createAdapter(pool, { maxAttachmentSize: "64MB" });
// @ts-expect-error milliseconds are a number
createAdapter(pool, { requestsTimeout: "5s" });
// @ts-expect-error milliseconds are a number
createAdapter(pool, { heartbeatInterval: true });
// @ts-expect-error milliseconds are a number
createAdapter(pool, { heartbeatTimeout: 10_000n });
// @ts-expect-error milliseconds are a number
createAdapter(pool, { cleanupInterval: new Date() });
// @ts-expect-error bytes are a number
createAdapter(pool, { maxBufferSize: null });
// @ts-expect-error milliseconds are a number
createAdapter(pool, { maxBufferAge: "2 minutes" });
// @ts-expect-error a port is no target
createAdapter(pool, { listenPool: 5432 });
// @ts-expect-error a handler is a function
createAdapter(pool, { errorHandler: "console" });
// @ts-expect-error it gets one argument
createAdapter(pool, { errorHandler: (error: Error, more: string) => more });
// @ts-expect-error no such option
createAdapter(pool, { heartBeatTimeout: 10_000 });

// The adapter itself.
const adapter = io.of("/").adapter as PostgresAdapter;
expectAssignable<Adapter>(adapter);
expectAssignable<ClusterAdapter>(adapter);
expectType<Map<string, number>>(adapter.nodesMap);
expectType<Promise<void>>(adapter.close());
expectType<Promise<number>>(adapter.serverCount());
// @ts-expect-error made by createAdapter() alone
const made = new PostgresAdapter(io.of("/"), () => undefined);
// @ts-expect-error for the adapter itself
adapter.doPublish({});
// @ts-expect-error a copy; it cannot be replaced
adapter.nodesMap = new Map();

// The primary of Node's cluster module.
if (cluster.isPrimary) {
  const primary = setupPrimary(pool, { uid: "host-1", listenPool: pool });
  expectType<Primary>(primary);
  expectType<Promise<void>>(primary.close());
}
expectAssignable<PrimaryOptions>({ channelPrefix: "app", cleanupInterval: 1 });
// @ts-expect-error a target is needed
setupPrimary();
// @ts-expect-error requests are the business of the workers
setupPrimary(pool, { requestsTimeout: 5000 });
// @ts-expect-error heartbeats are the business of the workers
setupPrimary(pool, { heartbeatInterval: 5000 });

export { made };
