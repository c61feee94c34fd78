import { NestFactory } from "@nestjs/core";

import { AppModule } from "./app.module";
import { PostgresIoAdapter } from "./postgres-io.adapter";

async function bootstrap() {
  const { DATABASE_URL, PORT = "3000" } = process.env;
  if (!DATABASE_URL) {
    throw new Error("Set DATABASE_URL to a PostgreSQL connection string.");
  }
  const app = await NestFactory.create(AppModule, {
    logger: ["warn", "error"],
  });

  const adapter = new PostgresIoAdapter(app);
  adapter.connectToPostgres(DATABASE_URL);
  app.useWebSocketAdapter(adapter);

  // without them a signal ends the process before the other servers have heard of it
  app.enableShutdownHooks();

  await app.listen(PORT);
  console.log(`Listening on port ${PORT}`);
}

void bootstrap();
