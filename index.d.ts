import type { ClusterAdapter } from "socket.io-adapter";
import type { ClientConfig, Pool } from "pg";

/**
 * The options of {@link createAdapter}. Times are in milliseconds, sizes in bytes. `undefined` means the default.
 */
export interface PostgresAdapterOptions {
  /**
   * The id of this server in the cluster: not empty, at most 255 characters, unlike that of every other server.
   *
   * @default a random one
   */
  uid?: string;

  /**
   * What the name of each notification channel begins with: the channel of a namespace is `<channelPrefix>#<namespace>`.
   *
   * @default "socket.io"
   */
  channelPrefix?: string;

  /**
   * The table for messages that are too large for a notification, or binary. May be qualified with a schema. Created
   * when it is missing and the role may create it.
   *
   * @default "socket_io_attachments"
   */
  tableName?: string;

  /**
   * Messages of this many bytes or more go through the table: 1 to 8000.
   *
   * @default 8000
   */
  payloadThreshold?: number;

  /**
   * How long `fetchSockets()` and `serverSideEmit()` with acknowledgement wait for the other servers. A call's own
   * `timeout()` wins.
   *
   * @default 5000
   */
  requestsTimeout?: number;

  /**
   * After how much silence a heartbeat is sent to the other servers.
   *
   * @default 5000
   */
  heartbeatInterval?: number;

  /**
   * After how much silence another server is taken for gone; more than `heartbeatInterval`.
   *
   * @default 10000
   */
  heartbeatTimeout?: number;

  /**
   * How often rows of the table are removed, and how old they must be for it.
   *
   * @default 30000
   */
  cleanupInterval?: number;

  /**
   * Called with what went wrong in the background: an Error with a stable `code` and, where there is one, its `cause`;
   * or with what a listener of a server-side event threw.
   *
   * @default writes a line with `DEBUG=socket.io-postgres-adapter`
   */
  errorHandler?: (err: PostgresAdapterError | Error) => void;
}

/**
 * What `errorHandler` gets.
 */
export interface PostgresAdapterError extends Error {
  /**
   * Stable, such as `ERR_CONNECTION`.
   */
  code: string;

  /**
   * What it was caused by. Its `code` is the SQLSTATE where PostgreSQL gave one.
   */
  cause?: unknown;
}

/**
 * The adapter of one namespace.
 */
export declare class PostgresAdapter extends ClusterAdapter {
  private constructor(nsp: any, acquireNode: () => unknown);

  /**
   * The other servers of the cluster in this namespace: the uid of each, and when it was last heard (milliseconds
   * since the epoch).
   */
  get nodesMap(): Map<string, number>;

  /**
   * Leaves the cluster. With the last namespace of a server its connections are closed.
   */
  close(): Promise<void>;

  protected doPublish(message: any): Promise<string>;
  protected doPublishResponse(
    requesterUid: string,
    response: any,
  ): Promise<void>;
}

/**
 * Makes the adapter of a Socket.IO server.
 *
 * @example
 * const pool = new Pool({ connectionString: process.env.DATABASE_URL });
 * io.adapter(createAdapter(pool));
 *
 * @param pool - a `pg.Pool`, a connection string, or the configuration of a `pg` client. Only its settings are read:
 * the adapter opens two connections of its own and uses none of the pool's.
 * @param options - additional options
 * @returns what `io.adapter()` and the server option `adapter` take
 * @throws TypeError if an argument or an option is of the wrong type, or there is something in the configuration that
 * the adapter cannot honour
 * @throws RangeError if an option is out of range
 */
export declare function createAdapter(
  pool: Pool | ClientConfig | string,
  options?: PostgresAdapterOptions,
): (nsp: any) => PostgresAdapter;
