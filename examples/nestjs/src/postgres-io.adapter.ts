import { IoAdapter } from "@nestjs/platform-socket.io";
import { createAdapter } from "@socket.io/postgres-adapter-rs";
import type { Server, ServerOptions } from "socket.io";

/** The adapter of NestJS for Socket.IO, with servers that PostgreSQL joins. */
export class PostgresIoAdapter extends IoAdapter {
  private adapter?: ReturnType<typeof createAdapter>;

  /** The connections themselves are made with the first gateway, and made again whenever they are lost. */
  connectToPostgres(connectionString: string) {
    this.adapter = createAdapter(connectionString, {
      errorHandler: (err) => console.error(err.code, err.message),
    });
  }

  override createIOServer(port: number, options?: ServerOptions): Server {
    return super.createIOServer(port, { ...options, adapter: this.adapter });
  }
}
