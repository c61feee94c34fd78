// The server as it is: socket.io declares its adapter as the base class, which stands in nobody's way in JavaScript.

declare const io: {
  of(name: string): { adapter: import("../../../index.js").PostgresAdapter };
} & import("socket.io").Server;
