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
export { answer, controllerOf, Logs, OneRoute, type Places } from './world/one-route.ts';
export { type AnyInput, label, Recorder } from './world/recorder.ts';

// What an app logs.
export { Log } from './world/log.ts';

// Requests in memory and over a socket, and what their answers say.
export {
  allowed,
  type Content,
  describeMatrix,
  expectJson,
  type Issue,
  issuesOf,
  placesOf,
  type Send,
} from './world/requests.ts';

// Bytes as they are sent and received.
export { exchange, type ExchangeOptions, parseAnswers, type RawAnswer } from './world/raw.ts';

// Waiting: for time, for promises, for a condition, with an end.
export { eventually, gate, pause, settled, within } from './world/waiting.ts';

// Servers on free ports.
export { fastWrite, type Served, servers } from './world/servers.ts';
