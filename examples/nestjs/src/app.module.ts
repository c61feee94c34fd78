import { Module } from "@nestjs/common";

import { MessagesController } from "./messages.controller";
import { NewsGateway } from "./news.gateway";

@Module({ controllers: [MessagesController], providers: [NewsGateway] })
export class AppModule {}
