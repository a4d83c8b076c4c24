import type { ZodType } from 'zod';
import { type Content, isContent } from '../content/content.ts';
import { type Handshake, handshakeFrom, type Origins } from '../http/handshake.ts';
import { isOrigin } from '../http/origin.ts';
import type { MessageKind } from '../http/socket.ts';
import type { SocketDeclaration } from '../metadata/declarations.ts';
import { schemesOf, schemeSlots, type Slot } from './graph.ts';

/** The messages of one direction; any JSON if there is no schema. */
export interface MessageUse {
  readonly kind: MessageKind;
  readonly schema: ZodType | undefined;
}

/** The socket part of an operation. */
export interface SocketUse {
  readonly receive: MessageUse;
  readonly send: MessageUse;
  readonly handshake: Handshake;
  readonly compress: boolean;
  readonly onInvalid: SocketDeclaration['onInvalid'];
  /** Those of its declaration. */
  readonly stages: object;
}

/** The model's part of sockets. */
export interface ModelledSocket {
  read(socket: SocketDeclaration, slots: readonly Slot[], say: (text: string) => void): SocketUse;
}

export function readSocket(
  { receive, send, origins, compress = false, onInvalid, stages }: SocketDeclaration,
  slots: readonly Slot[],
  say: (text: string) => void,
): SocketUse {
  return {
    receive: readMessage(receive, 'receive', say),
    send: readMessage(send, 'send', say),
    handshake: handshakeFrom(
      origins === undefined ? (hasAmbientCredentials(slots) ? 'same' : 'any') : readOrigins(origins, say),
    ),
    compress,
    onInvalid,
    stages,
  };
}

function readMessage(option: unknown, name: string, say: (text: string) => void): MessageUse {
  if (option === undefined) return { kind: 'json', schema: undefined };
  if (isContent(option)) {
    const kind = kindOf(option);
    if (kind !== undefined) return { kind, schema: undefined };
  } else if (typeof option === 'object' && option !== null && '_zod' in option) {
    return { kind: 'json', schema: option as ZodType };
  }
  say(`its \`${name}\` is neither a schema nor text() nor bytes()`);
  return { kind: 'json', schema: undefined };
}

function kindOf({ bodySchema }: Content<never>): MessageKind | undefined {
  if (bodySchema?.['type'] !== 'string') return undefined;
  return bodySchema['format'] === 'binary' ? 'bytes' : 'text';
}

function readOrigins(declared: string | readonly string[], say: (text: string) => void): Origins {
  const listed: readonly unknown[] = Array.isArray(declared) ? declared : [declared];
  if (listed.includes('*')) {
    if (listed.length > 1) say('its `origins` list `*` together with other origins');
    return 'any';
  }
  for (const origin of listed) {
    if (typeof origin !== 'string' || !isOrigin(origin)) {
      say(`'${String(origin)}' in its \`origins\` is not an origin such as https://example.com`);
    }
  }
  return new Set(listed as readonly string[]);
}

/** Whether a browser may send credentials by itself, so that any page could open the socket in its user's name. */
function hasAmbientCredentials(slots: readonly Slot[]): boolean {
  const readsCookie = slots.some((slot) => (slot.kind === 'text' || slot.kind === 'fields') && slot.from === 'cookie');
  const schemes = schemeSlots(slots).flatMap(schemesOf);
  return (
    readsCookie ||
    schemes.some((scheme) => {
      const { type, in: place, scheme: name = '' } = scheme.describe();
      return (type === 'apiKey' && place === 'cookie') || (type === 'http' && /^(?:basic|digest)$/i.test(name));
    })
  );
}
