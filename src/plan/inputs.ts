import type { ZodType } from 'zod';
import { type Outcome, validatorOf } from '../content/validator.ts';
import type { ValidationIssue } from '../http/errors.ts';
import type { TextSource } from '../metadata/declarations.ts';
import {
  type BodySlot,
  type FieldsSlot,
  type FileSlot,
  type InputSlot,
  schemesOf,
  type Slot,
  type TextSlot,
} from '../model/graph.ts';
import { describeSchema, type JsonSchema, resolve } from '../model/schema.ts';
import { type Coercion, coercionOf } from './coerce.ts';
import { isPromise } from '../http/promise.ts';
import { type Execution, FAILED, type Step } from './execution.ts';
import { issuesOf, type Location } from './issues.ts';

type Sent = string | File;
/** Nothing, one value, or several of one name. */
type Values = undefined | Sent | readonly Sent[];
type ReadValues = (execution: Execution) => Values;
type Accept = (execution: Execution, value: unknown) => unknown;

/**
 * The step of a value that comes straight from the request.
 *
 * `order` is its place in the declaration, `pathNames` are the path's variables, and `taken` tells the names that the
 * operation's other inputs read from a place.
 */
export function compileInput(
  slot: InputSlot,
  order: number,
  pathNames: readonly string[],
  taken: (from: TextSource) => ReadonlySet<string>,
): Step {
  switch (slot.kind) {
    case 'text':
      return slot.from === 'path' ? compilePath(slot, order, pathNames) : compileText(slot, slot.from, order);
    case 'fields':
      return compileFields(slot, order, taken(slot.from));
    case 'file':
      return compileFile(slot, order);
    case 'body':
      return compileBody(slot, order);
  }
}

function compilePath({ name, schema }: TextSlot, order: number, names: readonly string[]): Step {
  const coercion = coercionFor(schema);
  const accept = accepting(schema, ['path', name], order);
  const index = names.indexOf(name);
  return function readPath(execution) {
    return accept(execution, coerce(execution.exchange.pathValues[index] ?? '', coercion));
  };
}

function compileText({ name, schema }: TextSlot, from: Exclude<TextSource, 'path'>, order: number): Step {
  const coercion = coercionFor(schema);
  const loc = [placeOf(from), name];
  const read = valuesOf(from, name, coercion);
  const accept = accepting(schema, loc, order);
  return function readText(execution) {
    const sent = read(execution);
    const value = accept(execution, coerce(sent, coercion));
    return coercion.list || !isSeveral(sent) ? value : refuseRepeats(execution, value, [{ loc, sent }], order);
  };
}

function compileFields({ from, schema }: FieldsSlot, order: number, taken: ReadonlySet<string>): Step {
  const { json, definitions } = describeSchema(schema, 'input');
  const object = resolve(json, definitions);
  const fields = Object.entries(object.properties ?? {}).map(([name, property]) => {
    const coercion = coercionOf(property as JsonSchema, definitions);
    return { name, coercion, loc: [placeOf(from), name], read: valuesOf(from, name, coercion) };
  });
  const known = new Set([...fields.map(({ name }) => name), ...taken]);
  // Further keys are gathered only where the schema says something of them: else it drops them anyway.
  const gathersAll = 'additionalProperties' in object;
  const accept = accepting(schema, [placeOf(from)], order);
  return function readFields(execution) {
    const values = Object.create(null) as Record<string, unknown>;
    const repeats: Repeat[] = [];
    for (const { name, coercion, loc, read } of fields) {
      const sent = read(execution);
      if (!coercion.list && isSeveral(sent)) repeats.push({ loc, sent });
      const value = coerce(sent, coercion);
      if (value !== undefined) values[name] = value;
    }
    if (gathersAll) {
      for (const [name, sent] of everythingFrom(from, execution)) {
        if (!known.has(name)) values[name] = sent;
      }
    }
    const value = accept(execution, values);
    return repeats.length === 0 ? value : refuseRepeats(execution, value, repeats, order);
  };
}

/** The names that single values, and API keys, are read by from one place. */
export function namesFrom(slots: readonly Slot[], from: TextSource): ReadonlySet<string> {
  const names = new Set<string>();
  for (const slot of slots) {
    if (slot.kind === 'text' && slot.from === from) names.add(slot.name);
    else if (slot.kind === 'file' && from === 'form') names.add(slot.name);
    else if (slot.kind === 'fields' && slot.from === from) {
      const { json, definitions } = describeSchema(slot.schema, 'input');
      for (const name of Object.keys(resolve(json, definitions).properties ?? {})) names.add(name);
    } else if (slot.kind === 'dependency') {
      for (const scheme of schemesOf(slot)) {
        const { in: place, name } = scheme.describe();
        if (place === from && name !== undefined) names.add(name);
      }
    }
  }
  return names;
}

function compileFile({ name, schema }: FileSlot, order: number): Step {
  const coercion = coercionFor(schema);
  const loc = ['body', name];
  const accept = accepting(schema, loc, order);
  return function readFile(execution) {
    // A browser sends a nameless, empty file for a control that was left alone.
    const sent = only(
      execution.form?.get(name),
      (value) => value !== '' && (typeof value === 'string' || value.size > 0 || value.name !== ''),
    );
    return accept(execution, coerce(sent, coercion));
  };
}

function compileBody({ name, schema }: BodySlot, order: number): Step {
  if (name === undefined) {
    const accept = accepting(schema, ['body'], order);
    return function readBody(execution) {
      return execution.json === FAILED ? FAILED : accept(execution, execution.json);
    };
  }
  const accept = accepting(schema, ['body', name], order);
  return function readBodyKey(execution) {
    const body = execution.json;
    if (body === FAILED) return FAILED;
    const present = typeof body === 'object' && body !== null && Object.hasOwn(body, name);
    return accept(execution, present ? (body as Record<string, unknown>)[name] : undefined);
  };
}

/** Validates a value; where it is invalid the issues are recorded and `FAILED` is left. */
function accepting(schema: ZodType, loc: Location, order: number): Accept {
  const validate = validatorOf(schema);
  const settle = (outcome: Outcome, value: unknown, execution: Execution): unknown => {
    if (outcome.success) return outcome.data;
    return execution.report(order, issuesOf(outcome.error.issues, loc, value, execution.exchange.limits.issues));
  };
  return function accept(execution, value) {
    const outcome = validate(value);
    return outcome instanceof Promise
      ? outcome.then((settled) => settle(settled, value, execution))
      : settle(outcome, value, execution);
  };
}

function coercionFor(schema: ZodType): Coercion {
  const { json, definitions } = describeSchema(schema, 'input');
  return coercionOf(json, definitions);
}

/** A scalar that was sent more than once stays a list, which its schema refuses in its own words. */
function coerce(sent: Values, { list, scalar, convert }: Coercion): unknown {
  if (sent === undefined) return undefined;
  if (isSeveral(sent)) return list ? sent.map((value) => toValue(value, convert)) : sent;
  const value = toValue(sent, convert);
  return list && !scalar ? [value] : value;
}

function toValue(sent: Sent, convert: Coercion['convert']): unknown {
  return typeof sent === 'string' ? convert(sent) : sent;
}

function isSeveral(sent: Values): sent is readonly Sent[] {
  return Array.isArray(sent);
}

/** Those of the values that count. */
function only(sent: Values, counts: (value: Sent) => boolean): Values {
  if (sent === undefined) return undefined;
  const left = (isSeveral(sent) ? sent : [sent]).filter(counts);
  return left.length > 1 ? left : left[0];
}

interface Repeat {
  readonly loc: Location;
  readonly sent: readonly Sent[];
}

/** A schema may accept anything; one value where several were sent is still not for it to choose. */
function refuseRepeats(execution: Execution, value: unknown, repeats: readonly Repeat[], order: number): unknown {
  if (isPromise(value)) return value.then((settled) => refuseRepeats(execution, settled, repeats, order));
  if (value === FAILED) return FAILED;
  const issues = repeats.map(({ loc, sent }): ValidationIssue => {
    return { type: 'invalid_type', loc, msg: `Invalid input: expected one value, received ${sent.length}` };
  });
  return execution.report(order, issues);
}

function valuesOf(from: Exclude<TextSource, 'path'>, name: string, { list }: Coercion): ReadValues {
  switch (from) {
    case 'query':
      return ({ exchange }) => exchange.query.get(name);
    case 'cookie':
      return ({ exchange }) => exchange.cookies.get(name);
    case 'form':
      return ({ form }) => only(form?.get(name), (value) => value !== '');
    case 'header':
      return headerValues(name.toLowerCase(), list);
  }
}

function headerValues(name: string, list: boolean): ReadValues {
  return function readHeader({ exchange: { incoming } }) {
    const value = incoming.header(name);
    if (value === undefined || (!list && incoming.headerCount(name) === 1)) return value;
    // Platforms join the lines of one name like this (RFC 9110 §5.3).
    const values = value.split(', ');
    return values.length > 1 ? values : value;
  };
}

function everythingFrom(
  from: FieldsSlot['from'],
  { exchange, form }: Execution,
): Iterable<readonly [string, Sent | readonly Sent[]]> {
  switch (from) {
    case 'query':
      return exchange.query;
    case 'cookie':
      return exchange.cookies;
    case 'form':
      return form ?? [];
    case 'header':
      // Every request has headers that no schema names.
      return [];
  }
}

function placeOf(from: TextSource): string {
  return from === 'form' ? 'body' : from;
}
