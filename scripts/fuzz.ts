/**
 * Sends what nobody expects to running servers: `npm run fuzz -- --minutes 60 --seed 1`.
 *
 * Ends with 1 where a server died, hung, lost an answer, gave one that may not be given, or holds more than before; the
 * seed repeats it.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { serve } from 'portico/node';
import { parseAnswers } from './fuzz/answer.ts';
import { makeApp, prepare } from './fuzz/app.ts';
import { makeBytes, makeDeparture, makeRequests, type Conversation, type Peer } from './fuzz/conversation.ts';
import { Client } from './fuzz/credentials.ts';
import { Dice } from './fuzz/dice.ts';
import { hasGrown, type Level, measure } from './fuzz/level.ts';
import { Oracle } from './fuzz/oracle.ts';
import { makeFaultySocket, makeSocket } from './fuzz/sockets.ts';
import { Wire } from './fuzz/wire.ts';

export interface FuzzOptions {
  readonly seed: number;
  /** Milliseconds. */
  readonly time: number;
  /** Measures what the process holds at the start, in the middle and at the end. */
  readonly levels?: boolean;
  /** Told of each fault and each level. */
  readonly tell?: (text: string) => void;
}

export interface FuzzResult {
  readonly conversations: number;
  readonly statuses: ReadonlyMap<number, number>;
  /** What may not happen. */
  readonly faults: readonly string[];
  readonly levels: readonly Level[];
}

/** Conversations that go on at once. */
const AT_ONCE = 16;
/** Milliseconds until tokens are made anew, and a valid request has to be answered. */
const RENEWAL = 20_000;
const HEALTH = 2_000;
/** More faults than these say nothing new. */
const MOST_FAULTS = 20;

type Make = (dice: Dice, client: Client) => Conversation;
const CONVERSATIONS: readonly Make[] = [
  makeRequests,
  makeRequests,
  makeRequests,
  makeBytes,
  makeBytes,
  makeDeparture,
  makeSocket,
  makeFaultySocket,
];

/** Fuzzes four servers at once: heads written by Node or not, with and without middleware. */
export async function fuzz({
  seed,
  time,
  levels: measures = false,
  tell = () => {},
}: FuzzOptions): Promise<FuzzResult> {
  const faults: string[] = [];
  const report = (text: string): void => {
    faults.push(text);
    tell(text);
  };
  const crashed = (error: unknown): void =>
    report(`The process would have ended: ${(error as Error).stack ?? String(error)}`);
  const premises = await prepare();
  const client = await Client.make(premises.issuer);
  const logger = {
    info(): void {},
    warn(): void {},
    error: (...texts: unknown[]): void => report(`Logged: ${texts.map(String).join(' ')}`),
  };
  const apps = [false, true].map((withMiddleware) => makeApp(premises, withMiddleware, logger));
  const statuses = new Map<number, number>();
  const servers = await Promise.all(
    apps.flatMap((app) =>
      [false, true].map(async (fastWrite) => ({
        app,
        served: await serve(app, { port: 0, logger, fastWrite, shutdownTimeout: 1_000 }),
      })),
    ),
  );
  const peers = servers.map(({ app, served }): Peer => ({
    app,
    port: served.port,
    oracle: new Oracle(app),
    client,
    statuses,
  }));
  process.on('unhandledRejection', crashed).on('uncaughtException', crashed);
  const dice = new Dice(seed);
  const levels: Level[] = [];
  let conversations = 0;
  const stopWatching = watch(report);
  const run = async (duration: number): Promise<void> => {
    const end = Date.now() + duration;
    let renewed = Date.now();
    while (Date.now() < end && faults.length < MOST_FAULTS) {
      if (Date.now() - renewed > RENEWAL) await client.renew();
      if (Date.now() - renewed > RENEWAL) renewed = Date.now();
      conversations += AT_ONCE;
      await round(dice, peers, report);
    }
    if (!measures) return;
    levels.push(await measure());
    tell(`${conversations} conversations: ${JSON.stringify(levels.at(-1))}`);
  };
  // What is compiled and cached by the first requests is no growth.
  if (measures) await run(Math.min(20_000, time / 10));
  await run(time / 2);
  await run(time / 2);
  stopWatching();
  await Promise.all(servers.map(({ served }) => served.close()));
  await premises.remove();
  await pause(10);
  process.off('unhandledRejection', crashed).off('uncaughtException', crashed);
  return { conversations, statuses, faults, levels };
}

/** Reports whatever keeps the process busy for so long that nobody else gets an answer. */
function watch(report: (fault: string) => void): () => void {
  let before = process.cpuUsage();
  const timer = setInterval(() => {
    const { user, system } = process.cpuUsage(before);
    const busy = Math.round((user + system) / 1_000);
    if (busy > HEALTH) report(`The process was busy for ${busy} ms at a stretch`);
    before = process.cpuUsage();
  }, 100);
  return () => clearInterval(timer);
}

async function round(dice: Dice, peers: readonly Peer[], report: (fault: string) => void): Promise<void> {
  const { client } = peers[0] as Peer;
  const made = Array.from({ length: AT_ONCE }, () => [dice.of(CONVERSATIONS)(dice, client), dice.of(peers)] as const);
  await Promise.all(
    made.map(async ([conversation, peer]) => {
      const fault = await conversation(peer).catch(
        (error: unknown) => `The fuzzer failed: ${String((error as Error).stack)}`,
      );
      if (fault !== undefined) report(`${conversation.name} at server ${peers.indexOf(peer)}: ${fault}`);
    }),
  );
  await Promise.all(
    peers.map(async ({ port }, index) => {
      const wire = new Wire(port);
      await wire.send('GET /items/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', { cuts: [], pause: 0, deaf: 0 });
      await wire.until(() => false, HEALTH);
      await wire.leave();
      const [answer] = parseAnswers(wire.received).answers;
      if (answer?.status !== 200) report(`Server ${index} does not answer within ${HEALTH} ms after what went before`);
    }),
  );
}

function write(text: string): void {
  process.stdout.write(`${text}\n`);
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({ options: { minutes: { type: 'string' }, seed: { type: 'string' } } });
  const seed = Number(values.seed ?? Date.now() % 2 ** 31);
  const time = Number(values.minutes ?? 1) * 60_000;
  const { conversations, statuses, faults, levels } = await fuzz({ seed, time, levels: true, tell: write });
  const [first, last] = [levels[0], levels.at(-1)];
  const grown = first !== undefined && last !== undefined && hasGrown(first, last);
  const counts = [...statuses].toSorted(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`);
  write(
    `seed ${seed}: ${conversations} conversations, ${faults.length} faults${grown ? ', GROWN' : ''}; answers ${counts.join(', ')}`,
  );
  if (faults.length > 0 || grown) process.exitCode = 1;
}
