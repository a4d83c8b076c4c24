import type { Context } from '../http/context.ts';
import { immediate } from '../http/promise.ts';
import type { ChallengeParameters, SchemeDeclaration } from '../metadata/scheme.ts';
import type { DependencySlot } from '../model/graph.ts';
import type { Operation } from '../model/operation.ts';

/** The schemes and scopes that were required where an error came from. */
export interface Guard {
  readonly schemes: readonly SchemeDeclaration[];
  readonly scopes: string;
}

/** What the whole operation requires, for errors of the handler. */
export function guardOf({ security }: Operation): Guard {
  const required = security.flat();
  const schemes = new Set(required.map(({ scheme }) => scheme));
  return { schemes: [...schemes], scopes: [...new Set(required.flatMap(({ scopes }) => scopes))].join(' ') };
}

/** What is required at a dependency: the schemes it depends on, or all if it depends on none. */
export function guardAt(slot: DependencySlot, all: Guard): Guard {
  const below = new Set<SchemeDeclaration>();
  collect(slot, below, new Set());
  return { schemes: below.size === 0 ? all.schemes : [...below], scopes: [...slot.scopes].join(' ') };
}

function collect({ run, inputs }: DependencySlot, found: Set<SchemeDeclaration>, seen: Set<unknown>): void {
  if (run.takes === 'credentials') for (const scheme of run.schemes) found.add(scheme);
  for (const { source } of inputs) {
    if (source.kind !== 'slot' || source.slot.kind !== 'dependency' || seen.has(source.slot)) continue;
    seen.add(source.slot);
    collect(source.slot, found, seen);
  }
}

/**
 * The challenges of a 401 (RFC 9110 §11.6.1), or of a 403 for missing scopes (RFC 6750 §3.1).
 *
 * Without credentials there is no error code (RFC 6750 §3.1).
 */
export function challengesOf(
  { schemes, scopes }: Guard,
  context: Context,
  status: number,
  resourceMetadata?: string,
): readonly string[] {
  const scope = scopes === '' ? undefined : scopes;
  if (status === 403) {
    if (scope === undefined) return [];
    return schemes.map((scheme) =>
      challengeOf(scheme, { error: 'insufficient_scope', scope, resourceMetadata }, context),
    );
  }
  return schemes.map((scheme) => {
    const isPresent = immediate(scheme.present(context), `present() of the scheme '${scheme.schemeName}'`);
    const error = isPresent ? 'invalid_token' : undefined;
    return challengeOf(scheme, { error, scope, resourceMetadata }, context);
  });
}

function challengeOf(scheme: SchemeDeclaration, parameters: ChallengeParameters, context: Context): string {
  return immediate(scheme.challenge(parameters, context), `challenge() of the scheme '${scheme.schemeName}'`);
}
