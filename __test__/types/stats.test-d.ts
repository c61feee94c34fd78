// Compiled, never run: the statistics.

import { Server } from "socket.io";
import type {
  AdapterStats,
  ConnectionStats,
  PostgresAdapter,
} from "@socket.io/postgres-adapter-rs";
import { expectAssignable, expectNotAssignable, expectType } from "tsd";

declare const io: Server;

// Socket.IO knows the base class only.
// @ts-expect-error no such member there
io.of("/").adapter.stats();

const stats = (io.of("/").adapter as PostgresAdapter).stats();
expectType<AdapterStats>(stats);
expectType<string>(stats.uid);
expectType<string>(stats.nsp);
expectType<number>(stats.peers);
expectType<{ listener: ConnectionStats; publisher: ConnectionStats }>(
  stats.connections,
);
expectType<"connecting" | "connected" | "closed">(
  stats.connections.listener.state,
);
expectType<number>(stats.connections.publisher.duration);
expectType<number>(stats.connections.publisher.reconnects);
expectAssignable<Record<keyof AdapterStats["published"], number>>(
  stats.published,
);
expectAssignable<Record<keyof AdapterStats["received"], number>>(
  stats.received,
);
expectAssignable<Record<keyof AdapterStats["filtered"], number>>(
  stats.filtered,
);
expectAssignable<Record<keyof AdapterStats["attachments"], number>>(
  stats.attachments,
);
expectAssignable<Record<keyof AdapterStats["buffer"], number>>(stats.buffer);
expectType<number>(stats.delivered);
expectType<{ code: string; message: string; at: number } | null>(
  stats.lastError,
);
expectType<number | null>(stats.roundTripTime);

// What may be missing must be asked for first.
// @ts-expect-error there may have been no error
expectType<string>(stats.lastError.code);
// @ts-expect-error there may have been no answer yet
stats.roundTripTime.toFixed(1);
// @ts-expect-error no such state
const isOpen = stats.connections.listener.state === "open";
expectNotAssignable<AdapterStats>({ uid: "a", nsp: "/", peers: 0 });

// It can be sent and stored.
expectAssignable<string>(JSON.stringify(stats));

export { isOpen };
