import { dependency, type SocketConnection } from 'portico';
import { z } from 'zod';
import { type Channel, type Listener, openChannel } from './channel.ts';

export const Message = z.object({ text: z.string().min(1).max(1000) });
export type Message = z.output<typeof Message>;

export const Said = z.object({ room: z.string().max(100), from: z.string(), text: z.string() });
export type Said = z.output<typeof Said>;

export type Member = SocketConnection<Message, Said>;

// #region rooms
/** The members connected to this process; the channel delivers messages from all processes. */
class Rooms implements Listener {
  readonly #members = new Map<string, Set<Member>>();
  #channel: Promise<Channel> | undefined;

  /** Joins once the channel is open, so that no message is missed. */
  async join(room: string, member: Member): Promise<void> {
    await this.#open();
    const members = this.#members.get(room) ?? new Set();
    this.#members.set(room, members.add(member));
  }

  leave(room: string, member: Member): void {
    const members = this.#members.get(room);
    members?.delete(member);
    if (members?.size === 0) this.#members.delete(room);
  }

  async say(said: Said): Promise<void> {
    const channel = await this.#open();
    await channel.say(JSON.stringify(said));
  }

  hear(text: string): void {
    const said = Said.parse(JSON.parse(text));
    // Not awaited, so that a slow member does not delay others: beyond `backlog` it is closed with 1013.
    for (const member of this.#members.get(said.room) ?? []) void member.send(said);
  }

  /** Closes all sockets, as they would get no more messages; the first to reconnect opens the channel again. */
  lost(): void {
    this.#channel = undefined;
    for (const member of [...this.#members.values()].flatMap((members) => [...members])) member.close(1012);
  }

  async close(): Promise<void> {
    const channel = await this.#channel;
    await channel?.close();
  }

  async #open(): Promise<Channel> {
    this.#channel ??= openChannel(this);
    try {
      return await this.#channel;
    } catch (error) {
      this.#channel = undefined;
      throw error;
    }
  }
}

export const rooms = dependency(
  async function* rooms() {
    const opened = new Rooms();
    yield opened;
    await opened.close();
  },
  { lifetime: 'app' },
);
// #endregion rooms
