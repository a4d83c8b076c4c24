export { connect, ConnectError, type ConnectOptions, type TestSocket } from '../adapters/memory-socket.ts';
export type { SocketClosure } from '../http/socket.ts';
export { testTokens } from '../jwt/test-tokens.ts';
export { assertDocumentTrue } from './assert.ts';
export {
  type DocumentCheck,
  type DocumentCheckOptions,
  type DocumentedApp,
  findDocumentMismatches,
} from './document-check.ts';
export type { DocumentMismatch } from './document-mismatch.ts';
export { assertSecurityDocumented, findSecurityMismatches, type SecurityMismatch } from './security.ts';
