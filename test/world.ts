// Apps, and the mistakes that their declarations are refused for.
export { appOf, decorate, mistakesOf, raise, tableController } from './world/app.ts';
export type { AppOptions, ControllerClass, Controllers, Mistake } from './world/app.ts';

// One operation that asks for anything in any place, dependencies that say what happens, and in which order.
export { controllerOf, OneRoute, type Places } from './world/one-route.ts';
export { type AnyInput, label, Recorder } from './world/recorder.ts';

// A logger that keeps what it is told.
export { Log } from './world/log.ts';

// Requests in memory and over a socket, and what is in their responses.
export { describeMatrix } from './world/matrix.ts';
export { allowed, answer, asking, basic, bearer, expectJson, issuesOf, placesOf } from './world/requests.ts';
export type { Answer, Content, Issue, Line, Send } from './world/requests.ts';
export { challengesOf, parseChallenges } from './world/challenges.ts';

// Whether a document is valid OpenAPI.
export { assertValidDocument } from './world/documents.ts';

// Bytes as they are sent and received, and the frames of WebSockets.
export { exchange, type ExchangeOptions, RawConnection, requestHead } from './world/raw.ts';
export type { RawAnswer } from './world/raw-answers.ts';
export { encodeFrame, type Frame, type FrameOptions, FrameSocket } from './world/frames.ts';

// Waiting: for time, for what is on its way, for a condition, for a test to go on.
export { eventually, gate, pause, settled, turn, within } from './world/waiting.ts';

// Servers on free ports, and programs of their own.
export { fastWrite, listen, type Served, servers } from './world/servers.ts';
export { getText, root, Run } from './world/run.ts';

// The heap without its garbage.
export { collected } from './world/heap.ts';
