import type { ZodType } from 'zod';
import type { PathTemplate } from '../http/path.ts';
import type { BodySlot, FieldsSlot, FileSlot, Slot, TextSlot } from '../model/graph.ts';
import { describeSchema } from '../model/schema.ts';
import { accepting, coerce, refuseRepeats } from './accept.ts';
import { type Coercion, coercionOf } from './coerce.ts';
import { FAILED, type Step } from './execution.ts';
import { compileFields, namesFrom } from './fields.ts';
import { compileJsonPart } from './form-part.ts';
import { filled, isSeveral, pathValueOf, placeOf, valuesOf } from './text-sources.ts';

/** The step of a value that arrives as text, a file, or an object whose fields do. */
export function compileValue(
  slot: TextSlot | FieldsSlot | FileSlot,
  order: number,
  template: PathTemplate,
  slots: readonly Slot[],
): Step {
  switch (slot.kind) {
    case 'text':
      return compileText(slot, order, template);
    case 'fields':
      return compileFields(slot, order, namesFrom(slots, slot.from));
    case 'file':
      return compileFile(slot, order);
  }
}

function compileText({ name, from, schema, accepts, style }: TextSlot, order: number, template: PathTemplate): Step {
  const described = describeSchema(schema, 'input');
  const coercion = coercionOf(described);
  const loc = [placeOf(from), name];
  const readJson = from === 'form' ? compileJsonPart(described, loc, order) : undefined;
  const read = from === 'path' ? pathValueOf(template, name, style) : valuesOf(from, name, coercion.list, style);
  const accept = accepting(accepts, loc, order);
  return function readText(execution) {
    const sent = read(execution);
    const coerced = readJson === undefined ? coerce(sent, coercion) : readJson(execution, sent);
    if (coerced === FAILED) return FAILED;
    const value = accept(execution, coerced);
    return coercion.list || !isSeveral(sent) ? value : refuseRepeats(execution, value, [{ loc, sent }], order);
  };
}

function compileFile({ name, schema, accepts }: FileSlot, order: number): Step {
  const coercion = coercionFor(schema);
  const loc = ['body', name];
  const accept = accepting(accepts, loc, order);
  return function readFile(execution) {
    return accept(execution, coerce(filled(execution.form?.get(name)), coercion));
  };
}

/** The step of a JSON body, or of one key of it. */
export function compileBody({ name, accepts }: BodySlot, order: number): Step {
  if (name === undefined) {
    const accept = accepting(accepts, ['body'], order);
    return function readBody(execution) {
      return execution.json === FAILED ? FAILED : accept(execution, execution.json);
    };
  }
  const accept = accepting(accepts, ['body', name], order);
  return function readBodyKey(execution) {
    if (execution.json === FAILED) return FAILED;
    // Anything but an object was refused when it was read.
    const body = execution.json as Record<string, unknown> | undefined;
    return accept(execution, body !== undefined && Object.hasOwn(body, name) ? body[name] : undefined);
  };
}

function coercionFor(schema: ZodType): Coercion {
  return coercionOf(describeSchema(schema, 'input'));
}
