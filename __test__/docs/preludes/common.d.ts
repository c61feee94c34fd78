// What blocks of the documentation take from the text around them. Each name is needed by a block: a test says when not.

declare const pool: import("pg").Pool;
declare const socket: import("socket.io-client").Socket;
declare const createAdapter: typeof import("../../../index.js").createAdapter;
/** Asks whoever rotates the passwords. */
declare function token(): Promise<string>;

/** Told about, and not installed. */
declare module "prisma/config";
