// Compiled, never run: the declarations as an ES module sees them.

import {
  createAdapter,
  Emitter,
  PostgresAdapter,
  setupPrimary,
} from "@socket.io/postgres-adapter-rs";
import { Server } from "socket.io";

const target = "postgres://localhost/app";
const io = new Server({ adapter: createAdapter(target) });
const emitter = new Emitter(target);

export const isOurs: boolean = io.of("/").adapter instanceof PostgresAdapter;
export const { close } = setupPrimary(target);
export const closed: Promise<void> = emitter.close();
