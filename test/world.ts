// Whatever tests share.

// Apps and the faults of their declarations.
export {
  type AppOptions,
  appOf,
  type ControllerClass,
  type Controllers,
  decorate,
  type Mistake,
  mistakesOf,
  raise,
  tableController,
} from './world/app.ts';

// An app with one operation, asked for anything in any place, and what happens in it in order.
export { controllerOf, OneRoute, type Places } from './world/one-route.ts';
export { type AnyInput, label, Recorder } from './world/recorder.ts';

// What is logged.
export { Log } from './world/log.ts';

// Requests in memory and over a socket, and what is in their responses.
export { describeMatrix } from './world/matrix.ts';
export {
  type Answer,
  allowed,
  answer,
  asking,
  basic,
  bearer,
  type Content,
  expectJson,
  type Issue,
  issuesOf,
  type Line,
  placesOf,
  type Send,
} from './world/requests.ts';
export { challengesOf, parseChallenges } from './world/challenges.ts';

// Bytes as they are sent and received.
export { Connection, exchange, type ExchangeOptions, requestHead } from './world/raw.ts';
export { parseAnswers, type RawAnswer } from './world/raw-answers.ts';

// Waiting: for time, for promises, for a condition, with an end.
export { eventually, gate, pause, settled, within } from './world/waiting.ts';

// Servers on free ports.
export { fastWrite, type Served, servers } from './world/servers.ts';
