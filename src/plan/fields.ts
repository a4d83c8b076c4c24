import type { TextSource } from '../metadata/declarations.ts';
import { type FieldsSlot, schemesOf, type Slot } from '../model/graph.ts';
import { formPartOf } from '../model/form-part.ts';
import { wireName } from '../model/value-slots.ts';
import type { Field } from '../model/object-fields.ts';
import { describeSchema } from '../model/schema.ts';
import { accepting, coerce, refuseRepeats, type Repeat } from './accept.ts';
import { type Coercion, coercionOf } from './coerce.ts';
import { FAILED, type Step } from './execution.ts';
import { compileJsonPart, type ReadJson } from './form-part.ts';
import { everythingFrom, isSeveral, placeOf, type Values, valuesOf } from './text-sources.ts';
import type { Location } from './issues.ts';

/** One field of an object, as it is read. */
interface CompiledField {
  readonly key: string;
  readonly loc: Location;
  readonly coercion: Coercion;
  readonly read: ReturnType<typeof valuesOf>;
  readonly readJson: ReadJson | undefined;
}

/** The fields of one alternative of a union; a field that it does not have stays as documented. */
interface Variant {
  readonly coercions: readonly Coercion[];
  readonly fits: (sent: readonly Values[]) => boolean;
}

/** The step of an object whose fields are sent separately; `taken` are the names that other inputs read there. */
export function compileFields(slot: FieldsSlot, order: number, taken: ReadonlySet<string>): Step {
  const { from, object, accepts } = slot;
  const fields = object.fields.map((field) => compileField(slot, field, order));
  const choose = chooser(object.variants, fields);
  const further = object.further === undefined ? undefined : coercionOf(describeSchema(object.further, 'input'));
  const known = new Set([...object.fields.map(({ key }) => wireName(from, key)), ...taken]);
  const names = new Map(object.fields.map(({ key }) => [key, wireName(from, key)]));
  const accept = accepting(accepts, [placeOf(from)], order, from === 'header' ? names : undefined);
  return function readFields(execution) {
    const values = Object.create(null) as Record<string, unknown>;
    const all = choose === undefined ? undefined : fields.map(({ read }) => read(execution));
    const coercions = all === undefined ? undefined : choose?.(all);
    const repeats: Repeat[] = [];
    let refused: Set<unknown> | undefined;
    for (let index = 0; index < fields.length; index++) {
      const { key, coercion, loc, read, readJson } = fields[index] as CompiledField;
      const own = all === undefined ? read(execution) : all[index];
      if (!coercion.list && isSeveral(own)) repeats.push({ loc, sent: own });
      const value = readJson === undefined ? coerce(own, coercions?.[index] ?? coercion) : readJson(execution, own);
      if (value === FAILED) (refused ??= new Set()).add(key);
      else if (value !== undefined) values[key] = value;
    }
    if (further !== undefined) {
      for (const [name, other] of everythingFrom(from, execution)) {
        if (!known.has(name)) values[name] = coerce(other, further);
      }
    }
    const value = accept(execution, values, refused);
    return repeats.length === 0 ? value : refuseRepeats(execution, value, repeats, order);
  };
}

function compileField({ from, style }: FieldsSlot, { key, schema }: Field, order: number): CompiledField {
  const described = describeSchema(schema, 'input');
  const coercion = coercionOf(described);
  const name = wireName(from, key);
  const loc = [placeOf(from), name];
  const readJson = from === 'form' ? compileJsonPart(described, loc, order) : undefined;
  return { key, coercion, loc, read: valuesOf(from, name, coercion.list, style), readJson };
}

/**
 * Finds the alternative whose fields fit what was sent, so that each text is converted as that alternative documents.
 */
function chooser(
  variants: FieldsSlot['object']['variants'],
  fields: readonly CompiledField[],
): ((sent: readonly Values[]) => readonly Coercion[] | undefined) | undefined {
  if (variants.length < 2) return undefined;
  const compiled = variants.map((variant) => compileVariant(variant, fields));
  return function choose(sent) {
    return compiled.find(({ fits }) => fits(sent))?.coercions;
  };
}

function compileVariant(variant: readonly Field[], fields: readonly CompiledField[]): Variant {
  const own = fields.map(({ key }) => variant.find((field) => field.key === key));
  const coercions = fields.map(({ coercion }, index) => {
    const field = own[index];
    return field === undefined ? coercion : coercionOf(describeSchema(field.schema, 'input'));
  });
  // Files, and JSON that has not been read yet, do not help to choose an alternative.
  const isText = own.map(
    (field) => field === undefined || formPartOf(describeSchema(field.schema, 'input')) === 'text',
  );
  return {
    coercions,
    fits: (sent) =>
      own.every((field, index) => {
        const values = sent[index];
        if (field === undefined) return true;
        if (values === undefined) return !field.required;
        const coercion = coercions[index] as Coercion;
        return !isText[index] || coercion.fits(coerce(values, coercion));
      }),
  };
}

/** The names by which single values and API keys are read from one place. */
export function namesFrom(slots: readonly Slot[], from: TextSource): ReadonlySet<string> {
  const names = new Set<string>();
  for (const slot of slots) {
    if (slot.kind === 'text' && slot.from === from) names.add(slot.name);
    else if (slot.kind === 'file' && from === 'form') names.add(slot.name);
    else if (slot.kind === 'fields' && slot.from === from) {
      for (const { key } of slot.object.fields) names.add(wireName(from, key));
    } else if (slot.kind === 'dependency') {
      for (const scheme of schemesOf(slot)) {
        const { in: place, name } = scheme.describe();
        if (place === from && name !== undefined) names.add(name);
      }
    }
  }
  return names;
}
