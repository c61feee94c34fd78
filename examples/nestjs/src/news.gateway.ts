import {
  MessageBody,
  type OnGatewayConnection,
  SubscribeMessage,
  WebSocketGateway,
  WebSocketServer,
} from "@nestjs/websockets";
import type { Server, Socket } from "socket.io";

@WebSocketGateway()
export class NewsGateway implements OnGatewayConnection {
  @WebSocketServer()
  private readonly server!: Server;

  async handleConnection(socket: Socket) {
    await socket.join("news");
  }

  @SubscribeMessage("message")
  publish(@MessageBody() text: string) {
    this.server.to("news").emit("message", text); // reaches the clients of every server
  }
}
