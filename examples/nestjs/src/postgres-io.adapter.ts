import { IoAdapter } from "@nestjs/platform-socket.io";
import { createAdapter } from "@socket.io/postgres-adapter-rs";
import { Pool } from "pg";
import type { Server, ServerOptions } from "socket.io";

/** The adapter of NestJS for Socket.IO, with servers that PostgreSQL joins. */
export class PostgresIoAdapter extends IoAdapter {
  private pool?: Pool;
  private adapter?: ReturnType<typeof createAdapter>;

  /** The connections themselves are made with the first gateway, and made again whenever they are lost. */
  connectToPostgres(connectionString: string | undefined) {
    this.pool = new Pool({ connectionString });
    // An idle connection may break at any time. Without a listener that would end the process.
    this.pool.on("error", (err) => console.error(`Pool: ${err.message}`));
    this.adapter = createAdapter(this.pool, {
      errorHandler: (err) => console.error(`Adapter: ${err.message}`),
    });
  }

  override createIOServer(port: number, options?: ServerOptions): Server {
    return super.createIOServer(port, { ...options, adapter: this.adapter });
  }

  /** NestJS calls it when all gateways are closed: with them, the other servers were told. */
  override async dispose() {
    await super.dispose();
    await this.pool?.end();
  }
}
