import { type SchemeDeclaration, SCHEMES } from '../metadata/scheme.ts';
import type { SchemeDependency, VALUE, ValueOf } from '../metadata/dependable.ts';

class Alternatives<V> implements SchemeDependency<V> {
  declare readonly [VALUE]: V;
  declare readonly [SCHEMES]: readonly SchemeDeclaration[];

  constructor(schemes: readonly SchemeDeclaration[]) {
    this[SCHEMES] = schemes;
  }
}

/**
 * One of several schemes: the first whose credentials are present decides; without any, the challenge names them all.
 */
export function anyOf<const S extends readonly [SchemeDependency<unknown>, ...SchemeDependency<unknown>[]]>(
  ...schemes: S
): SchemeDependency<ValueOf<S[number]>> {
  return new Alternatives(schemes.flatMap((scheme) => scheme[SCHEMES]));
}
