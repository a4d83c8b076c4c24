import { isToken } from '../http/token.ts';
import { staysUndefined } from './absence.ts';
import type { Say } from './mistakes.ts';
import type { Operation } from './operation.ts';

/** RFC 9110 §9.1: a token, and case-sensitive. CONNECT asks for a tunnel instead of a resource (§9.3.6). */
export function checkMethod(method: string, say: Say): void {
  const upper = method.toUpperCase();
  const isOther = STANDARD.test(method) && method !== upper;
  if (!isOther && isToken(method) && method !== 'CONNECT') return;
  say('INVALID_METHOD', `no request can have the method '${method}'${isOther ? `, but '${upper}'` : ''}`);
}

const STANDARD = /^(?:delete|get|head|options|patch|post|put|query)$/i;

export function checkPath({ declaration: { template }, graph }: Operation, say: Say): void {
  const read = new Set<string>();
  for (const slot of graph.slots) {
    if (slot.kind !== 'text' || slot.from !== 'path') continue;
    read.add(slot.name);
    if (!template.names.includes(slot.name)) {
      say(
        'PATH_VARIABLE_UNKNOWN',
        `there is no variable '${slot.name}' in the path`,
        slot.place,
        ` '${template.pattern}'`,
      );
    } else if (staysUndefined(slot.schema)) {
      say(
        'PATH_VARIABLE_OPTIONAL',
        `the path variable '${slot.name}' is always present, so it cannot be optional`,
        slot.place,
      );
    }
  }
  for (const name of template.names) {
    if (!read.has(name))
      say('PATH_VARIABLE_UNREAD', `no input reads the variable '${name}' of the path '${template.pattern}'`);
  }
}
