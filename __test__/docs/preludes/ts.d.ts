// The server, as socket.io declares it.

declare const io: import("socket.io").Server;
