import { App, Connection, Controller, Depends, Path, Socket, type ValueOf } from 'portico';
import { userOfSession } from '../guides/sockets.ts';
import { type Member, Message, rooms, Said } from './rooms.ts';

@Controller('/rooms')
export class ChatController {
  @Socket('/:room', { receive: Message, send: Said })
  async chat(
    @Path('room', Said.shape.room) room: string,
    @Depends(userOfSession) user: ValueOf<typeof userOfSession>,
    @Depends(rooms) members: ValueOf<typeof rooms>,
    @Connection() socket: Member,
  ) {
    await members.join(room, socket);
    try {
      for await (const { text } of socket) await members.say({ room, from: user.name, text });
    } finally {
      members.leave(room, socket);
    }
  }
}

export const app = new App({ title: 'Chat', version: '1', controllers: [ChatController] });
