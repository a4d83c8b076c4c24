import { dependency, type SocketConnection } from 'portico';
import { z } from 'zod';
import { type Channel, type Listener, openChannel } from './channel.ts';

export const Message = z.object({ text: z.string().min(1).max(1000) });
export type Message = z.output<typeof Message>;

export const Said = z.object({ room: z.string().max(100), from: z.string(), text: z.string() });
export type Said = z.output<typeof Said>;

export type Member = SocketConnection<Message, Said>;

// #region rooms
/** The members that this process has accepted; what any process's members say reaches them by the channel. */
class Rooms implements Listener {
  readonly #members = new Map<string, Set<Member>>();
  #channel: Promise<Channel> | undefined;

  /** Joins once the channel is open, so that nothing is missed afterwards. */
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
    // Nobody waits for a slow member: one who falls behind by more than `backlog` is closed with 1013.
    for (const member of this.#members.get(said.room) ?? []) void member.send(said);
  }

  /** Members would hear nothing, and not know it: they come again, and the channel is opened for the first of them. */
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
