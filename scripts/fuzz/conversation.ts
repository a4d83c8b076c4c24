import { setTimeout as pause } from 'node:timers/promises';
import type { App } from 'portico';
import { parseAnswers } from './answer.ts';
import { makeDownload, makeJson, makeLarge, makeMultipart } from './bodies.ts';
import { type Client, makeCredentials } from './credentials.ts';
import type { Dice } from './dice.ts';
import { mutate } from './mutation.ts';
import type { Oracle } from './oracle.ts';
import { makeCookies, makeHeaders, makeQuery, makeUrlencoded } from './pairs.ts';
import { makeFile, makePathInput, makeTarget } from './paths.ts';
import { countRequests } from './reference.ts';
import { isWellFramed, type Sample, toRequest, written } from './request.ts';
import { makeDelivery, Wire } from './wire.ts';

/** A served app, and what is known of it. */
export interface Peer {
  readonly app: App;
  readonly port: number;
  readonly oracle: Oracle;
  readonly client: Client;
  readonly statuses: Map<number, number>;
}

/** A conversation with a server; resolves to what is wrong with its answers. */
export type Conversation = (peer: Peer) => Promise<string | undefined>;

/** Milliseconds that an answer may take while many others are asked for. */
const PATIENCE = 10_000;

function makeSample(dice: Dice, client: Client): Sample {
  const make = dice.of([
    makeQuery,
    makeUrlencoded,
    makeCookies,
    makeHeaders,
    makeFile,
    makeFile,
    makePathInput,
    makeJson,
    makeMultipart,
    makeMultipart,
    makeCredentials,
    makeCredentials,
    makeLarge,
    makeDownload,
    (ours: Dice) => client.makeToken(ours),
  ]);
  return make(dice);
}

/** Requests that are ones whatever they contain, each of which is answered, in order, as it is in memory. */
export function makeRequests(dice: Dice, client: Client): Conversation {
  const samples: Sample[] = [];
  const count = dice.of([1, 1, 2, 3, 5]);
  while (samples.length < count) {
    const sample = makeSample(dice, client);
    if (isWellFramed(sample)) samples.push(sample);
  }
  const bytes = samples.map((sample, at) => written(dice, sample, { close: at === count - 1 })).join('');
  const delivery = makeDelivery(dice, bytes.length);
  const methods = samples.map(({ method }) => method);
  return async function requests({ app, port, oracle, statuses }) {
    const wire = new Wire(port);
    await wire.send(bytes, delivery);
    const isOver = await wire.until(() => false, PATIENCE);
    await wire.leave();
    const { answers, rest, fault } = parseAnswers(wire.received, methods);
    const said = (what: string): string =>
      `${what}: ${JSON.stringify({ bytes, received: wire.received.slice(-2_000) })}`;
    if (fault !== undefined || rest !== '') return said(fault ?? 'an answer that is cut');
    for (const [at, answer] of answers.entries()) {
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      const sample = samples[at];
      const wrong = sample === undefined ? 'one answer too many' : oracle.judgeAnswer(answer, sample);
      if (wrong !== undefined) return said(wrong);
      const request = toRequest(sample as Sample);
      if (request === undefined) continue;
      const response = await app.fetch(request);
      const body = Buffer.from(await response.arrayBuffer()).toString('latin1');
      if (response.status !== answer.status || body !== answer.body) {
        return said(
          `${response.status} ${body.slice(0, 500)} in memory, ${answer.status} ${answer.body.slice(0, 500)} by a socket`,
        );
      }
    }
    if (answers.length < count && answers.at(-1)?.closes !== true)
      return said(`${answers.length} answers to ${count} requests`);
    return isOver ? undefined : said('a connection that stays open');
  };
}

/** Bytes that need not be requests: those that are whole before the first fault are answered. */
export function makeBytes(dice: Dice, client: Client): Conversation {
  const samples = Array.from({ length: dice.of([1, 1, 2, 3]) }, () =>
    dice.chance(30) ? makeTarget(dice) : makeSample(dice, client),
  );
  const texts = samples
    .filter(({ method }) => method !== 'HEAD')
    .map((sample) => written(dice, sample, { broken: dice.chance(60), close: dice.chance(20) }));
  const bytes = dice.chance(40) ? mutate(dice, texts.join('')) : texts.join('');
  const delivery = makeDelivery(dice, bytes.length);
  const ends = dice.chance(40);
  const needed = countRequests(bytes);
  return async function garbage({ port, oracle, statuses }) {
    const wire = new Wire(port);
    await wire.send(bytes, delivery);
    const answered = (): boolean => {
      const { answers, fault } = parseAnswers(wire.received);
      return answers.length >= needed || fault !== undefined || answers.at(-1)?.closes === true;
    };
    const isAnswered = await wire.until(answered, PATIENCE);
    await wire.until(() => false, 40);
    if (ends) wire.end();
    const isOver = ends ? await wire.until(() => false, PATIENCE) : true;
    await wire.leave();
    // An answer that has begun is cut where the rest of its request turns out to be none.
    const { answers, fault } = parseAnswers(wire.received);
    const said = (what: string): string =>
      `${what}: ${JSON.stringify({ bytes, received: wire.received.slice(-2_000) })}`;
    if (fault !== undefined) return said(fault);
    for (const answer of answers) {
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      const wrong = oracle.judge(answer);
      if (wrong !== undefined) return said(wrong);
    }
    if (!isAnswered || (answers.length < needed && answers.at(-1)?.closes !== true))
      return said(`${answers.length} answers, ${needed} needed`);
    return isOver ? undefined : said('a connection that its client has ended stays open');
  };
}

/** A client that leaves at any time. */
export function makeDeparture(dice: Dice, client: Client): Conversation {
  const whole = Array.from({ length: 1 + dice.below(3) }, () => written(dice, makeSample(dice, client))).join('');
  const bytes = whole.slice(0, dice.chance(50) ? whole.length : dice.below(whole.length));
  const delivery = makeDelivery(dice, bytes.length);
  const [time, resets, ends] = [dice.of([0, 0, 1, 2, 5, 20]), dice.chance(30), dice.chance(20)];
  return async function departure({ port }) {
    const wire = new Wire(port);
    await wire.send(bytes, delivery);
    if (ends) wire.end();
    await pause(time);
    await wire.leave(resets);
    return undefined;
  };
}
