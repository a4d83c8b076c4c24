import { type ModelledSocket, readSocket } from '../model/socket.ts';
import type { CompiledSocket } from '../plan/compile.ts';
import { SocketConclusion } from '../plan/socket-conclusion.ts';

export const SOCKETS: ModelledSocket & CompiledSocket = {
  read: readSocket,
  conclude: (parts, use, surroundings) => new SocketConclusion(parts, use, surroundings),
};
