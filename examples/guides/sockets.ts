import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import {
  APIKeyCookie,
  APIKeyQuery,
  App,
  Connection,
  Controller,
  Depends,
  dependency,
  HTTPBearer,
  HTTPException,
  Path,
  Post,
  Socket,
  type SocketConnection,
} from 'portico';
import { toNodeListener, toNodeUpgradeListener } from 'portico/node';
import { z } from 'zod';

export interface User {
  readonly name: string;
}

// #region messages
const Message = z.object({ text: z.string().min(1).max(1000) });
type Message = z.output<typeof Message>;

const Said = z.object({ room: z.string(), from: z.string(), text: z.string() });
type Said = z.output<typeof Said>;
// #endregion messages

// #region cookie
const sessions = new Map([['session-of-ada', { name: 'ada' }]]);
const sessionCookie = new APIKeyCookie('session');

/** Only pages of this host may connect, because the credential is a cookie. */
export const userOfSession = dependency({ session: Depends(sessionCookie) }, ({ session }): User => {
  const user = sessions.get(session);
  if (user === undefined) throw new HTTPException(401, 'The session has ended');
  return user;
});
// #endregion cookie

// #region chat
type Member = SocketConnection<Message, Said>;

/** Who is in which room of this process. */
const rooms = dependency({}, () => new Map<string, Set<Member>>(), { lifetime: 'app' });

@Controller('/rooms')
class RoomController {
  @Socket('/:room', { receive: Message, send: Said })
  async chat(
    @Path('room') room: string,
    @Depends(userOfSession) user: User,
    @Depends(rooms) rooms: Map<string, Set<Member>>,
    @Connection() socket: Member,
  ) {
    const members = rooms.get(room) ?? new Set();
    rooms.set(room, members.add(socket));
    try {
      for await (const { text } of socket) {
        // Not awaited, so that a slow member does not delay others: beyond `backlog` it is closed with 1013.
        for (const member of members) void member.send({ room, from: user.name, text });
      }
    } finally {
      members.delete(socket);
      if (members.size === 0) rooms.delete(room);
    }
  }
}
// #endregion chat

// #region ticket
/** Tickets, with their user and expiry. */
const tickets = new Map<string, { readonly user: User; readonly until: number }>();
const accessToken = new HTTPBearer();
const ticketParameter = new APIKeyQuery('ticket');

/** The first use removes a ticket, even if it has expired. */
const userOfTicket = dependency({ ticket: Depends(ticketParameter) }, ({ ticket }): User => {
  const found = tickets.get(ticket);
  tickets.delete(ticket);
  if (found === undefined || found.until < Date.now()) throw new HTTPException(401, 'The ticket is not valid');
  return found.user;
});

@Controller('/news')
class NewsController {
  /** A page on any origin asks for a ticket with its token, and opens the socket with the ticket. */
  @Post('/tickets', { response: z.object({ ticket: z.string() }), status: 201 })
  issue(@Depends(accessToken) { credentials }: { credentials: string }) {
    const now = Date.now();
    for (const [old, { until }] of tickets) if (until < now) tickets.delete(old);
    const ticket = randomBytes(32).toString('base64url');
    tickets.set(ticket, { user: { name: credentials }, until: now + 30_000 });
    return { ticket };
  }

  @Socket({ send: z.object({ welcome: z.string() }) })
  async follow(
    @Depends(userOfTicket) user: User,
    @Connection() socket: SocketConnection<unknown, { welcome: string }>,
  ) {
    await socket.send({ welcome: user.name });
    await socket.closed;
  }
}
// #endregion ticket

export const app = new App({ title: 'Sockets', version: '1', controllers: [RoomController, NewsController] });

// #region server
/** Without the second listener, a handshake gets a 501. */
export async function server(): Promise<Server> {
  return createServer(toNodeListener(app)).on('upgrade', await toNodeUpgradeListener(app));
}
// #endregion server
