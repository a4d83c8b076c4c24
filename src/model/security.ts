import { SCOPE } from '../metadata/scheme.ts';
import { type Graph, schemesOf, schemeSlots } from './graph.ts';
import type { Mistakes } from './mistakes.ts';
import type { RequiredScheme, Requirement } from './operation.ts';

/**
 * The security requirements that follow from a graph's schemes.
 *
 * Several dependencies that read credentials are all required: their alternatives multiply. One scheme used several
 * times is listed once, with the union of the scopes in order of first use.
 */
export function readSecurity({ slots }: Graph): readonly Requirement[] {
  let alternatives: Requirement[] = [];
  for (const slot of schemeSlots(slots)) {
    const schemes = schemesOf(slot);
    const own: Requirement[] = schemes.map((scheme) => [{ scheme, scopes: [...slot.scopes] }]);
    if (schemes.some(({ optional }) => optional)) own.push([]);
    const combined =
      alternatives.length === 0 ? own : alternatives.flatMap((left) => own.map((right) => join(left, right)));
    alternatives = combined.filter((one, index) => combined.findIndex((other) => sameNames(one, other)) === index);
  }
  return alternatives;
}

/** Reports scopes that a scheme does not declare, and schemes that cannot be sent or documented. */
export function checkSchemes(graph: Graph, mistakes: Mistakes): void {
  for (const slot of schemeSlots(graph.slots)) {
    const { scopes, place } = slot;
    const schemes = schemesOf(slot);
    for (const { fault, schemeName } of schemes) {
      if (fault !== undefined) mistakes.add('INVALID_SCHEME', { ...place, chain: [schemeName] }, fault);
    }
    for (const scope of scopes) {
      if (!SCOPE.test(scope)) {
        mistakes.add('UNDECLARED_SCOPE', place, `'${scope}' is not a scope (RFC 6749 §3.3)`);
      }
      for (const { declaredScopes, schemeName } of schemes) {
        if (declaredScopes?.has(scope) !== false) continue;
        mistakes.add(
          'UNDECLARED_SCOPE',
          place,
          `the scope '${scope}' is required, but the scheme '${schemeName}' does not declare it`,
        );
      }
    }
  }
}

function join(left: Requirement, right: Requirement): Requirement {
  const joined = new Map<string, RequiredScheme>();
  for (const { scheme, scopes } of [...left, ...right]) {
    const known = joined.get(scheme.schemeName);
    joined.set(scheme.schemeName, { scheme, scopes: [...new Set([...(known?.scopes ?? []), ...scopes])] });
  }
  return [...joined.values()];
}

function sameNames(one: Requirement, other: Requirement): boolean {
  return textOf(one) === textOf(other);
}

function textOf(requirement: Requirement): string {
  return JSON.stringify(requirement.map(({ scheme, scopes }) => [scheme.schemeName, ...scopes].join(' ')).toSorted());
}
