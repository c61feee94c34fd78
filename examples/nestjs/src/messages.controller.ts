import {
  BadRequestException,
  Body,
  Controller,
  HttpCode,
  Post,
} from "@nestjs/common";

import { NewsGateway } from "./news.gateway";

@Controller("messages")
export class MessagesController {
  constructor(private readonly gateway: NewsGateway) {}

  /** A request to any server reaches the clients of all of them. */
  @Post()
  @HttpCode(202)
  create(@Body("text") text: unknown) {
    if (typeof text !== "string") {
      throw new BadRequestException("text must be a string");
    }
    this.gateway.publish(text);
  }
}
