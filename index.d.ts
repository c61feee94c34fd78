import type {
  ClusterAdapter,
  ClusterMessage,
  ClusterResponse,
} from "socket.io-adapter";
import type { ClientConfig, Pool } from "pg";

/**
 * Where PostgreSQL is: a `pg.Pool`, a connection string (`postgres://user:password@host:5432/database`), or the
 * configuration of a `pg` client. Only the settings are read, by your `pg`; the connections are native ones. A
 * connection string and a configuration need the package `pg` installed.
 */
export type ConnectionTarget = Pool | ClientConfig | string;

/**
 * The options of {@link createAdapter}. Times are in milliseconds, sizes in bytes, both integers. `undefined` means the
 * default. An option of the wrong type is a `TypeError`, one out of range a `RangeError`, both with the code
 * `ERR_OPTIONS`; unknown ones are ignored, with a warning of the process (`WARN_UNKNOWN_OPTION`).
 */
export interface PostgresAdapterOptions {
  /**
   * The id of this server in the cluster: 1 to 255 characters without NUL, unique in the cluster, and not `"emitter"`.
   *
   * @default a random one of 16 hexadecimal digits
   */
  uid?: string;

  /**
   * What the name of each notification channel begins with: the channel of a namespace is `<channelPrefix>#<namespace>`.
   * 0 to 255 characters without NUL. Servers and emitters with different prefixes are different clusters, also in one
   * database.
   *
   * @default "socket.io"
   */
  channelPrefix?: string;

  /**
   * The table for messages that are too large for a notification, or binary: 1 to 255 characters, read as SQL reads a
   * name, so it may be qualified with a schema, and quoted. Created when it is missing and the role may create it;
   * otherwise `errorHandler` gets `ERR_TABLE` with the SQL to run. The same on every server and emitter.
   *
   * @default "socket_io_attachments"
   */
  tableName?: string;

  /**
   * Messages of this size or more go through the table: 1 to 8000. With the default, servers of this package
   * that are among themselves cut large messages into several notifications instead, up to 2 MiB, and do not use the
   * table; a lower value holds for them as well.
   *
   * @default 8000 (bytes)
   */
  payloadThreshold?: number;

  /**
   * The largest message that goes through the table, in bytes as they are stored: 1 to 1073741824 (1 GiB). A larger one
   * is not sent to the other servers (`ERR_PUBLISH`), and one that somebody else has stored is neither read nor decoded
   * (`ERR_ATTACHMENT`). It bounds what a single row can make a server hold in memory, a few times over; the same value
   * belongs on every server.
   *
   * @default 67108864 (bytes: 64 MiB)
   */
  maxAttachmentSize?: number;

  /**
   * How long `fetchSockets()` and `serverSideEmit()` with acknowledgement wait for the other servers: 1 to 2147483647
   * ms. Then they fail with an `Error` that says how many answers are missing; servers that leave meanwhile are not waited for. A
   * call's own `timeout()` wins.
   *
   * @default 5000 (ms)
   */
  requestsTimeout?: number;

  /**
   * After how much silence a heartbeat is sent to the other servers: 1 to 2147483647 ms.
   *
   * @default 5000 (ms)
   */
  heartbeatInterval?: number;

  /**
   * After how much silence another server is taken for gone: up to 2147483647 ms, and more than `heartbeatInterval`
   * (else a `RangeError`).
   *
   * @default 10000 (ms)
   */
  heartbeatTimeout?: number;

  /**
   * How often rows of the table are removed, and how old they must be for it: 1 to 2147483647 ms.
   *
   * @default 30000 (ms)
   */
  cleanupInterval?: number;

  /**
   * Another way to the same database, for the connection that listens. Needed when the first argument leads to a pooler
   * in transaction or statement mode, such as PgBouncer, behind which nothing can be heard (`ERR_POOLER`): this one must
   * lead to PostgreSQL directly, or to a pooler of sessions. Throws as the first argument does.
   *
   * @default the first argument
   */
  listenPool?: ConnectionTarget;

  /**
   * How much of what is published while the database is away is kept, in bytes: 0 to 1073741824 (1 GiB); each message
   * counts for 128 bytes more than its content. Past it the oldest messages are dropped. With 0 nothing is kept.
   * Volatile messages never are.
   *
   * What was dropped is counted, and reported once for each outage, when the database is back
   * (`ERR_BUFFER_OVERFLOW`).
   *
   * @default 67108864 (bytes: 64 MiB)
   */
  maxBufferSize?: number;

  /**
   * For how long it is kept: 0 to 2147483647 ms. What is older is dropped, and never sent late; counted and reported as
   * with `maxBufferSize`. With 0 nothing is kept.
   *
   * The default is longer than a restart of the database, and than most failovers; whoever was away for more would get
   * old news in a flood.
   *
   * @default 120000 (ms)
   */
  maxBufferAge?: number;

  /**
   * Called with what went wrong in the background: an Error with a stable `code` and, where there is one, its `cause`;
   * or with what a listener of a server-side event threw.
   *
   * @default nothing; `DEBUG=socket.io-postgres-adapter*` shows each error as a line in any case
   */
  errorHandler?: (
    err: PostgresAdapterError | (Error & { code?: string; cause?: unknown }),
  ) => void;
}

/**
 * What `errorHandler` gets. Its message names what was being done and why it failed, and holds neither passwords nor
 * the contents of messages.
 */
export interface PostgresAdapterError extends Error {
  /**
   * Stable, such as `ERR_CONNECTION`. All are explained in `docs/errors.md`, which is in this package.
   */
  code: string;

  /**
   * What it was caused by. Its `code` is the SQLSTATE where PostgreSQL gave one.
   */
  cause?: unknown;
}

/**
 * What the adapter needs of a namespace. Every `Namespace` of `socket.io` is one.
 */
export interface AdapterNamespace {
  /** Such as `/` or `/chat`. */
  readonly name: string;
  /** Those of this server, by their id. */
  readonly sockets: ReadonlyMap<string, object>;
  /** The Socket.IO server. All its namespaces share the connections of one adapter. */
  readonly server: object;
}

/**
 * One of the two connections of a server.
 */
export interface ConnectionStats {
  /**
   * `connecting` for the first time or again; `closed` after the server left the cluster.
   */
  state: "connecting" | "connected" | "closed";

  /**
   * For how long it has been in this state, in milliseconds.
   */
  duration: number;

  /**
   * How often it was lost and made again.
   */
  reconnects: number;
}

/**
 * What a server has done, and how things are. The namespaces of a server share its connections: all is counted for the
 * server, from its start, but for `nsp` and `peers`. The counts include what servers say about themselves, such as
 * heartbeats; they only grow.
 */
export interface AdapterStats {
  /** The id of this server. */
  uid: string;

  /** The namespace of the adapter. */
  nsp: string;

  /** How many other servers are in this namespace. */
  peers: number;

  /** The connections: the one that listens and the one that publishes. */
  connections: { listener: ConnectionStats; publisher: ConnectionStats };

  /** What was committed. */
  published: {
    /** Messages. */
    messages: number;
    /** What they took in notifications and in the table, in bytes: compressed, where they were. */
    bytes: number;
    /** Transactions. */
    batches: number;
    /** The most messages of one transaction. */
    largestBatch: number;
  };

  /** What came from other servers. */
  received: {
    /** Messages. */
    messages: number;
    /** What they took in notifications and in the table, in bytes: compressed, where they were. */
    bytes: number;
  };

  /** What of it never reached JavaScript, by reason. */
  filtered: {
    /** The namespace had no client here. */
    noSocket: number;
    /** None of the rooms had a client here. */
    otherRooms: number;
    /** It answered another server. */
    otherServer: number;
    /** It only said which servers are there. */
    membership: number;
  };

  /** Messages that were handed to JavaScript, for local clients or for handlers of server-side events. */
  delivered: number;

  /** Messages that go through the table. */
  attachments: {
    /** Rows that were written. */
    written: number;
    /** Rows that were read. */
    read: number;
    /** Rows that were announced and could not be read. */
    skipped: number;
  };

  /** What waits to be sent. */
  buffer: {
    /** Messages, those under way included. */
    messages: number;
    /** What those take that are not under way, in bytes of memory. */
    bytes: number;
    /** Messages that will never be sent; see `maxBufferSize`, `maxBufferAge` and `ERR_PUBLISH`. */
    dropped: number;
  };

  /** The last error that the `errorHandler` got, and when (milliseconds since the epoch). */
  lastError: { code: string; message: string; at: number } | null;

  /**
   * How long PostgreSQL took to answer the last statement over the connection that publishes, in milliseconds: a
   * transaction, or a sign of life after 2 s without one. `null` before the first.
   */
  roundTripTime: number | null;
}

/**
 * The adapter of one namespace, `io.of(name).adapter`. Made by what {@link createAdapter} returns.
 */
export declare class PostgresAdapter extends ClusterAdapter {
  private constructor(nsp: AdapterNamespace, acquireNode: () => unknown);

  /**
   * The other servers of the cluster in this namespace: the uid of each, and when it was last heard (milliseconds
   * since the epoch). A copy, made at each access.
   */
  get nodesMap(): Map<string, number>;

  /**
   * What this server has done so far, and how things are. Cheap enough to be called for each scrape or health check;
   * works after `close()`, too.
   */
  stats(): AdapterStats;

  /**
   * Leaves the cluster: the other servers are told, and requests that wait for answers fail. With the last namespace of
   * a server what is still to be sent is sent, for at most 2 s, and its connections are closed. `io.close()` calls it.
   */
  close(): Promise<void>;

  /**
   * How the base class sends a message to the other servers. Call the methods of Socket.IO instead.
   *
   * @returns the offset of the message, which is always empty: nothing is stored
   */
  protected doPublish(message: ClusterMessage): Promise<string>;

  /**
   * How the base class answers a request of another server.
   */
  protected doPublishResponse(
    requesterUid: string,
    response: ClusterResponse,
  ): Promise<void>;
}

/**
 * Makes the adapter of a Socket.IO server. Connects in the background: what is emitted meanwhile waits, and errors go
 * to `errorHandler`.
 *
 * @example
 * const pool = new Pool({ connectionString: process.env.DATABASE_URL });
 * io.adapter(createAdapter(pool));
 *
 * @param pool - where PostgreSQL is. The adapter opens two connections of its own and uses none of the pool's.
 * @param options - additional options
 * @returns what `io.adapter()` and the server option `adapter` take
 * @throws TypeError if an argument or an option is of the wrong type
 * @throws RangeError if an option is out of range
 * @throws PostgresAdapterError if there is something in the configuration that is unusable (`ERR_OPTIONS`), or that the
 * adapter cannot honour (`ERR_UNSUPPORTED_CONFIG`); or if `pg` is needed and not installed (`ERR_MISSING_PG`)
 */
export declare function createAdapter(
  pool: ConnectionTarget,
  options?: PostgresAdapterOptions,
): (nsp: AdapterNamespace) => PostgresAdapter;

/**
 * The options of {@link setupPrimary}, as those of {@link createAdapter}. Here `uid` is the id of this primary,
 * unique in the cluster.
 */
export type PrimaryOptions = Pick<
  PostgresAdapterOptions,
  | "uid"
  | "channelPrefix"
  | "tableName"
  | "payloadThreshold"
  | "maxAttachmentSize"
  | "cleanupInterval"
  | "listenPool"
  | "maxBufferSize"
  | "maxBufferAge"
  | "errorHandler"
>;

/**
 * What {@link setupPrimary} returns.
 */
export interface Primary {
  /**
   * Tells the other servers that the workers leave the cluster, stops passing messages on, also among the workers,
   * sends what is still to be sent, for at most 2 s, and closes the connections.
   */
  close(): Promise<void>;
}

/**
 * For the primary of the `cluster` module, whose workers use `createAdapter()` of `@socket.io/cluster-adapter`: passes
 * on what the workers and the rest of the cluster say to each other. It takes the place of `setupPrimary()` of
 * `@socket.io/cluster-adapter`.
 *
 * Binary content needs `cluster.setupPrimary({ serialization: "advanced" })`: with the default of Node.js, JSON, it
 * arrives at other workers as `{ type: "Buffer", data: [...] }`.
 *
 * @example
 * if (cluster.isPrimary) {
 *   cluster.setupPrimary({ serialization: "advanced" });
 *   setupPrimary(pool);
 *   cluster.fork();
 * } else {
 *   const io = new Server({ adapter: createAdapter() }); // of @socket.io/cluster-adapter
 * }
 *
 * @param pool - where PostgreSQL is. The primary opens two connections of its own.
 * @param options - additional options
 * @throws Error in a worker, or if it was called before and not closed
 * @throws TypeError, RangeError, PostgresAdapterError as {@link createAdapter}
 */
export declare function setupPrimary(
  pool: ConnectionTarget,
  options?: PrimaryOptions,
): Primary;

type EventsMap = Record<string, any>;
type DefaultEventsMap = Record<string, (...args: any[]) => void>;
type EventNames<Map extends EventsMap> = keyof Map & string;
type EventParams<Map extends EventsMap, Event extends keyof Map> = Parameters<
  Map[Event]
>;

/**
 * The options of an {@link Emitter}, as those of {@link createAdapter}.
 */
export type EmitterOptions = Pick<
  PostgresAdapterOptions,
  | "channelPrefix"
  | "tableName"
  | "payloadThreshold"
  | "maxAttachmentSize"
  | "maxBufferSize"
  | "maxBufferAge"
  | "errorHandler"
>;

/**
 * Which sockets a call is for. Each step gives a new operator, so that one can be kept and used again.
 */
export interface BroadcastOperator<
  EmitEvents extends EventsMap = DefaultEventsMap,
  ServerSideEvents extends EventsMap = DefaultEventsMap,
> {
  /** For the sockets in this room, or in one of these, too. Without any: for all of the namespace. */
  to(room: string | string[]): BroadcastOperator<EmitEvents, ServerSideEvents>;
  /** The same as {@link to}. */
  in(room: string | string[]): BroadcastOperator<EmitEvents, ServerSideEvents>;
  /** Not for the sockets in this room, or in one of these. */
  except(
    room: string | string[],
  ): BroadcastOperator<EmitEvents, ServerSideEvents>;
  /** Whether the servers compress what they send to the clients; `true` by default. */
  compress(compress: boolean): BroadcastOperator<EmitEvents, ServerSideEvents>;
  /** Not worth keeping for a client that is not ready, nor for a database that is away. */
  get volatile(): BroadcastOperator<EmitEvents, ServerSideEvents>;
  /**
   * Sends an event to the clients. Returns at once; messages arrive in the order of the calls.
   *
   * @throws Error if the name of the event is reserved, there is an acknowledgement function, or the emitter is closed
   * @throws TypeError if the arguments cannot be serialised; nothing is sent then
   */
  emit<Event extends EventNames<EmitEvents>>(
    event: Event,
    ...args: EventParams<EmitEvents, Event>
  ): true;
  /**
   * Makes the sockets join a room, or each of several. Returns at once, as do the next two.
   *
   * @throws Error if the emitter is closed
   */
  socketsJoin(rooms: string | string[]): void;
  /**
   * Makes the sockets leave a room, or each of several.
   *
   * @throws Error if the emitter is closed
   */
  socketsLeave(rooms: string | string[]): void;
  /**
   * Disconnects the sockets from the namespace; with `close` (false by default) closes their connections as well.
   *
   * @throws Error if the emitter is closed
   */
  disconnectSockets(close?: boolean): void;
  /**
   * Sends an event to the servers of the cluster, wherever their sockets are: `to()` makes no difference.
   *
   * @throws as {@link emit}
   */
  serverSideEmit<Event extends EventNames<ServerSideEvents>>(
    event: Event,
    ...args: EventParams<ServerSideEvents, Event>
  ): void;
}

/**
 * Sends to the clients of a cluster from a process that is not a Socket.IO server. One connection, which is made again
 * when it is lost. It keeps no process alive, but for sending what was emitted.
 *
 * @example
 * const emitter = new Emitter(process.env.DATABASE_URL);
 * emitter.to("news").emit("headline", "It works");
 * await emitter.close();
 */
export declare class Emitter<
  EmitEvents extends EventsMap = DefaultEventsMap,
  ServerSideEvents extends EventsMap = DefaultEventsMap,
> implements BroadcastOperator<EmitEvents, ServerSideEvents> {
  /** The namespace, with a `/` at its start. */
  readonly nsp: string;

  /**
   * Connects in the background: what is emitted meanwhile waits, and errors go to `errorHandler`.
   *
   * @param pool - where PostgreSQL is; only its settings are read
   * @param nsp - the namespace, `/` by default; a missing `/` at its start is added
   * @param options - as those of the servers
   * @throws TypeError, RangeError, PostgresAdapterError as {@link createAdapter}
   */
  constructor(pool: ConnectionTarget, nsp?: string, options?: EmitterOptions);

  /**
   * The same for the namespace `/`.
   *
   * @param pool - where PostgreSQL is; only its settings are read
   * @param options - as those of the servers
   * @throws TypeError, RangeError, PostgresAdapterError as {@link createAdapter}
   */
  constructor(pool: ConnectionTarget, options: EmitterOptions | undefined);

  /**
   * An emitter for another namespace, with the same options and connection.
   *
   * @throws TypeError if the namespace is not a string, RangeError if it holds a NUL character
   */
  of(nsp: string): Emitter<EmitEvents, ServerSideEvents>;
  /** As {@link BroadcastOperator.to}. */
  to(room: string | string[]): BroadcastOperator<EmitEvents, ServerSideEvents>;
  /** As {@link BroadcastOperator.in}. */
  in(room: string | string[]): BroadcastOperator<EmitEvents, ServerSideEvents>;
  /** As {@link BroadcastOperator.except}. */
  except(
    room: string | string[],
  ): BroadcastOperator<EmitEvents, ServerSideEvents>;
  /** As {@link BroadcastOperator.compress}. */
  compress(compress: boolean): BroadcastOperator<EmitEvents, ServerSideEvents>;
  /** As {@link BroadcastOperator.volatile}. */
  get volatile(): BroadcastOperator<EmitEvents, ServerSideEvents>;
  /** To all of the namespace; as {@link BroadcastOperator.emit}. */
  emit<Event extends EventNames<EmitEvents>>(
    event: Event,
    ...args: EventParams<EmitEvents, Event>
  ): true;
  /** For all of the namespace; as {@link BroadcastOperator.socketsJoin}. */
  socketsJoin(rooms: string | string[]): void;
  /** For all of the namespace; as {@link BroadcastOperator.socketsLeave}. */
  socketsLeave(rooms: string | string[]): void;
  /** For all of the namespace; as {@link BroadcastOperator.disconnectSockets}. */
  disconnectSockets(close?: boolean): void;
  /** As {@link BroadcastOperator.serverSideEmit}. */
  serverSideEmit<Event extends EventNames<ServerSideEvents>>(
    event: Event,
    ...args: EventParams<ServerSideEvents, Event>
  ): void;

  /**
   * Resolves when all that was emitted so far, in any namespace, is committed; or was given up, which the
   * `errorHandler` has been told by then. While the database is away it waits, until what was emitted is older than
   * `maxBufferAge`. Never rejects.
   */
  flush(): Promise<void>;

  /**
   * Flushes for at most 10 s, then closes the connection, for all namespaces of this emitter. What is lost when the
   * database was away for longer, the `errorHandler` is told (`ERR_PUBLISH`). Never rejects.
   */
  close(): Promise<void>;
}
