import { FrameworkError, HTTPException } from '../http/errors.ts';
import type { DependencySlot, Slot, Source } from '../model/graph.ts';
import type { SchemeDeclaration } from '../metadata/scheme.ts';
import type { AppValues } from './app-values.ts';
import { immediate } from '../http/promise.ts';
import { FAILED, type Step } from './execution.ts';
import { type AnyGenerator, enter } from './generators.ts';
import { compileInvoke, type Read } from './invoke.ts';

/** The positions at which the steps of a plan store the values of slots. */
export type Positions = ReadonlyMap<Slot, number>;

export function compileSource(source: Source, positions: Positions, appValues: AppValues): Read {
  switch (source.kind) {
    case 'slot': {
      const position = positions.get(source.slot) as number;
      return (execution) => execution.values[position];
    }
    case 'app': {
      const holder = appValues.holder(source.node);
      return () => holder.value;
    }
    case 'scopes': {
      const { scopes } = source;
      return () => ({ scopes: [...scopes], scopeStr: scopes.join(' ') });
    }
    case 'request': {
      const { read } = source.input;
      return ({ exchange }) => read(exchange);
    }
    case 'absent':
      return () => undefined;
  }
}

/** The step that makes a dependency's value from the values of its inputs. */
export function compileDependency(slot: DependencySlot, positions: Positions, appValues: AppValues): Step {
  const { run, name, lifetime } = slot;
  if (run.takes === 'credentials') return compileCredentials(run.schemes);
  const reads = slot.inputs.map(({ source }) => compileSource(source, positions, appValues));
  const invoke = compileInvoke(
    run,
    slot.inputs.map(({ named }) => named.key),
    reads,
  );
  if (!run.generator) return invoke;
  return function stepInto(execution) {
    // No generator is entered for a request that is going to be refused.
    const made = execution.issues === undefined ? invoke(execution) : FAILED;
    if (made === FAILED) return FAILED;
    const generator = made as AnyGenerator;
    const entered = (value: unknown): unknown => {
      execution.hold({ generator, name, lifetime });
      return value;
    };
    const value = enter(generator, name);
    return Symbol.asyncIterator in generator ? (value as Promise<unknown>).then(entered) : entered(value);
  };
}

/** The first scheme whose credentials are present decides. */
function compileCredentials(schemes: readonly SchemeDeclaration[]): Step {
  const optional = schemes.some((scheme) => scheme.optional);
  let absent: HTTPException | undefined;
  return function readCredentials(execution) {
    for (const scheme of schemes) {
      const value = immediate(scheme.read(execution.exchange.context), `read() of the scheme '${scheme.schemeName}'`);
      if (value === undefined) continue;
      if (!(value instanceof HTTPException)) return value;
      return optional ? undefined : execution.refuse(value, false);
    }
    if (optional) return undefined;
    // One for all requests: without credentials they do not differ.
    return execution.refuse((absent ??= refusalOf(schemes[0] as SchemeDeclaration)), true);
  };
}

function refusalOf(scheme: SchemeDeclaration): HTTPException {
  const what = `refuse() of the scheme '${scheme.schemeName}'`;
  const refusal: unknown = immediate(scheme.refuse(), what);
  if (refusal instanceof HTTPException) {
    // Until it is read, a stack keeps what was running, and with it the first request.
    void refusal.stack;
    return refusal;
  }
  throw new FrameworkError(`${what} returned ${typeof refusal} where an HTTPException was expected`);
}
