import type { z, ZodType } from 'zod';
import { innerSchemas } from './codecs.ts';

/** `forward` parses what comes in, `backward` encodes what goes out by a schema with codecs. */
export type Direction = 'forward' | 'backward';

type Payload = z.core.ParsePayload;
type CheckInternals = z.core.$ZodCheckInternals<never>;

/** Marks the contexts and payloads of our own runs. */
const RUN = Symbol('portico.run');

interface Run {
  /** Whether a function has returned a promise. */
  waits: boolean;
  /** An error thrown by the condition of a check, which cannot return a promise itself. */
  failure: { readonly error: unknown } | undefined;
}

interface Marked {
  [RUN]?: Run;
}

const prepared = new WeakSet<ZodType>();
const preparedChecks = new WeakSet<CheckInternals>();

/**
 * Runs a schema once, whose functions may throw, return promises and reject; throws the first failure.
 *
 * If one function fails, zod drops the promises of the others, and their unhandled rejections end the process: two
 * refinements that query the same database are enough. So in these runs nothing is thrown synchronously once there is a
 * promise, and no promise has to be handled. Runs by anybody else are unchanged.
 */
export function runSchema(
  schema: ZodType,
  value: unknown,
  direction: Direction = 'forward',
): Payload | Promise<Payload> {
  prepare(schema);
  const run: Run = { waits: false, failure: undefined };
  const context = { async: true, direction, [RUN]: run };
  return schema._zod.run({ value, issues: [] }, context);
}

/** Wraps the functions by which zod runs a schema and its checks in others that recognize our runs. */
function prepare(schema: ZodType): void {
  if (prepared.has(schema)) return;
  prepared.add(schema);
  const internals = schema._zod;
  const run = internals.run.bind(internals);
  const runInside: typeof run = (payload, context) => {
    const ours = (context as Marked | undefined)?.[RUN];
    if (ours === undefined) return run(payload, context);
    (payload as Marked)[RUN] = ours;
    return settle(ours, run, payload, context);
  };
  internals.run = runInside;
  // A schema made by z.custom() is its own check.
  if ('check' in internals) prepareCheck(internals as unknown as CheckInternals);
  for (const { _zod: check } of internals.def.checks ?? []) prepareCheck(check);
  for (const inner of innerSchemas(schema)) prepare(inner);
}

function prepareCheck(internals: CheckInternals): void {
  if (preparedChecks.has(internals)) return;
  preparedChecks.add(internals);
  const { def } = internals;
  const check = internals.check.bind(internals);
  const checkInside: typeof check = (payload) => {
    const ours = (payload as Marked)[RUN];
    if (ours === undefined) return check(payload);
    return ours.failure === undefined ? settle(ours, check, payload) : Unheard.failed(ours.failure.error);
  };
  internals.check = checkInside;
  const when = def.when?.bind(def);
  if (when === undefined) return;
  const whenInside: typeof when = (payload) => {
    try {
      return when(payload);
    } catch (error) {
      const ours = (payload as Marked)[RUN];
      if (ours?.waits !== true) throw error;
      // Thrown by the check.
      ours.failure = { error };
      return true;
    }
  };
  def.when = whenInside;
}

/** The result of a function; an error after the first promise becomes a rejected promise. */
function settle<P extends unknown[], T>(
  run: Run,
  call: (...parameters: P) => T | Promise<T>,
  ...parameters: P
): T | Promise<T> {
  try {
    const given = call(...parameters);
    if (!(given instanceof Promise)) return given;
    run.waits = true;
    return Unheard.of(given);
  } catch (error) {
    if (!run.waits) throw error;
    return Unheard.failed(error);
  }
}

/** A promise whose rejection need not be handled, nor that of any promise derived from it. */
class Unheard<T> extends Promise<T> {
  static of<T>(promise: Promise<T>): Promise<T> {
    return heard(Unheard.resolve(promise));
  }

  static failed(error: unknown): Promise<never> {
    // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- whatever was thrown
    return heard(Unheard.reject(error));
  }

  // oxlint-disable-next-line unicorn/no-thenable -- zod calls it
  override then<A = T, B = never>(
    fulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return heard(super.then(fulfilled, rejected));
  }
}

/** Uses the built-in method, since the overridden one calls this function. */
function heard<P extends Promise<unknown>>(promise: P): P {
  void Promise.prototype.then.call(promise, undefined, () => {});
  return promise;
}
