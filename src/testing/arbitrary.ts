import type { Arbitrary } from 'fast-check';
import { alternativesOf } from './alternatives.ts';
import { integersOf, numberOf, numbersOf, Unmakeable, withEdges } from './numbers.ts';
import type { FastCheck } from './peers.ts';
import type { JsonSchema, Schemas } from './schemas.ts';
import { type Place, stringsOf, withoutSeparators } from './text.ts';

/** A file for a form; its content is text so that it can be printed. */
export class FileDraft {
  readonly name: string;
  readonly type: string;
  readonly content: string;

  constructor(name: string, type: string, content: string) {
    this.name = name;
    this.type = type;
    this.content = content;
  }
}

/** How deep recursive schemas are unfolded. */
const DEPTH = 5;

/** The greatest length of a list that is tried because it is a bound. */
const LONGEST_LIST = 100;

/** Makes values by the schemas of a document. Some are invalid: a few keywords are left to the validator. */
export class Values {
  readonly #fc: FastCheck;
  readonly #schemas: Schemas;

  constructor(fc: FastCheck, schemas: Schemas) {
    this.#fc = fc;
    this.#schemas = schemas;
  }

  /** Values for a place; throws `Unmakeable` if there are none. */
  of(schema: JsonSchema | boolean, place: Place, depth = 0): Arbitrary<unknown> {
    if (depth > DEPTH) throw new Unmakeable(`for the schema ${JSON.stringify(schema)}`);
    const all = alternativesOf(schema, this.#schemas);
    const arbitraries = all.flatMap((one) => this.#tryOf(() => this.#ofAlternative(one, place, depth)));
    const [only] = arbitraries;
    if (only === undefined) throw new Unmakeable(`for the schema ${JSON.stringify(schema)}`);
    return arbitraries.length === 1 ? only : this.#fc.oneof(...arbitraries);
  }

  #tryOf(make: () => Arbitrary<unknown>): Arbitrary<unknown>[] {
    try {
      return [make()];
    } catch (error) {
      if (error instanceof Unmakeable) return [];
      throw error;
    }
  }

  #ofAlternative(schema: JsonSchema, place: Place, depth: number): Arbitrary<unknown> {
    const fc = this.#fc;
    if (Object.hasOwn(schema, 'const')) return fc.constant(schema['const']);
    const listed = schema['enum'] as readonly unknown[] | undefined;
    if (listed !== undefined) {
      const sendable = place === 'json' ? listed : listed.filter((value) => value !== null);
      if (sendable.length === 0) throw new Unmakeable('for an empty enum');
      return fc.constantFrom(...sendable);
    }
    const types = typesOf(schema).filter((type) => place === 'json' || type !== 'null');
    const arbitraries = types.flatMap((type) => this.#tryOf(() => this.#ofType(type, schema, place, depth)));
    const [only] = arbitraries;
    if (only === undefined) throw new Unmakeable(`for the types ${types.join()}`);
    return arbitraries.length === 1 ? only : fc.oneof(...arbitraries);
  }

  #ofType(type: string, schema: JsonSchema, place: Place, depth: number): Arbitrary<unknown> {
    const fc = this.#fc;
    switch (type) {
      case 'null':
        return fc.constant(null);
      case 'boolean':
        return fc.boolean();
      case 'integer':
        return integersOf(fc, schema);
      case 'number':
        return fc.oneof(...this.#tryOf(() => integersOf(fc, schema)), numbersOf(fc, schema));
      case 'string':
        return isFile(schema) ? this.#files(schema) : stringsOf(fc, schema, place);
      case 'array':
        return this.#lists(schema, place, depth);
      case 'object':
        return this.#objects(schema, place, depth);
      default:
        return place === 'json' ? fc.jsonValue({ maxDepth: 2 }) : fc.constant('x');
    }
  }

  #lists(schema: JsonSchema, place: Place, depth: number): Arbitrary<unknown> {
    const fc = this.#fc;
    const { prefixItems = [], items = true } = schema;
    const first = prefixItems.map((item) => this.#item(item, place, depth));
    const least = Math.max(numberOf(schema, 'minItems') ?? 0, place === 'json' ? 0 : 1) - first.length;
    const allowed = (numberOf(schema, 'maxItems') ?? Number.POSITIVE_INFINITY) - first.length;
    const most = Math.min(allowed, Math.max(least, 0) + 3);
    const rest =
      items === false || most <= 0
        ? []
        : this.#tryOf(() => {
            const item = this.#item(items, place, depth);
            const lists = fc.array(item, { minLength: Math.max(least, 0), maxLength: most });
            // Lists within long lists would be too many values.
            const isEdge = allowed > most && allowed <= LONGEST_LIST && depth < 2;
            return withEdges(fc, lists, isEdge ? [fc.array(item, { minLength: allowed, maxLength: allowed })] : []);
          });
    const [further] = rest;
    if (further === undefined && least > 0) throw new Unmakeable('for the items of a list');
    const tail = (further ?? fc.constant([])) as Arbitrary<unknown[]>;
    const all =
      first.length === 0 ? tail : fc.tuple(fc.tuple(...first), tail).map(([one, other]) => [...one, ...other]);
    return schema['uniqueItems'] === true ? all.map(distinct) : all;
  }

  #item(schema: JsonSchema | boolean, place: Place, depth: number): Arbitrary<unknown> {
    const items = this.of(schema, place, depth + 1);
    if (place === 'json' || place === 'form') return items;
    return items.map((item) => (typeof item === 'string' ? withoutSeparators(item) || '-' : item));
  }

  #objects(schema: JsonSchema, place: Place, depth: number): Arbitrary<unknown> {
    const fc = this.#fc;
    const { properties = {}, required = [] } = schema;
    const fields = new Map<string, Arbitrary<unknown>>();
    for (const [name, property] of Object.entries(properties)) {
      const [arbitrary] = this.#tryOf(() => this.of(property, place, depth + 1));
      if (arbitrary !== undefined) fields.set(name, arbitrary);
      else if (required.includes(name)) throw new Unmakeable(`for the required ${name}`);
    }
    for (const name of required) {
      if (!fields.has(name)) fields.set(name, this.of(schema.additionalProperties ?? true, place, depth + 1));
    }
    const known = fc.record(Object.fromEntries(fields), {
      requiredKeys: required.filter((name) => fields.has(name)),
      noNullPrototype: true,
    });
    const [further] =
      schema.additionalProperties === false ? [] : this.#tryOf(() => this.#further(schema, place, depth));
    if (further === undefined) return known;
    return fc.tuple(further, known).map(([others, own]) => Object.assign({}, others, own));
  }

  #further(schema: JsonSchema, place: Place, depth: number): Arbitrary<Record<string, unknown>> {
    const fc = this.#fc;
    const names = schema['propertyNames'] as JsonSchema | undefined;
    const keys = (
      names === undefined ? fc.stringMatching(/^x[a-z]{0,5}$/) : this.of(names, 'json', depth + 1)
    ) as Arbitrary<string>;
    const sendable = keys.filter((key) => key !== '__proto__');
    const values = this.of(schema.additionalProperties ?? true, place, depth + 1);
    const minKeys = Math.max(0, (numberOf(schema, 'minProperties') ?? 0) - (schema.required?.length ?? 0));
    return fc.dictionary(sendable, values, { minKeys, maxKeys: minKeys + 2, noNullPrototype: true });
  }

  #files(schema: JsonSchema): Arbitrary<FileDraft> {
    const type = typeof schema['contentMediaType'] === 'string' ? schema['contentMediaType'] : 'text/plain';
    const content = this.#fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme-ascii' });
    return content.map((text) => new FileDraft('file.txt', type, text));
  }
}

function isFile({ type, format, ...schema }: JsonSchema): boolean {
  return type === 'string' && (format === 'binary' || schema['contentEncoding'] === 'binary');
}

function typesOf(schema: JsonSchema): readonly string[] {
  if (schema.type !== undefined) return [schema.type].flat();
  if (schema.properties !== undefined || schema.required !== undefined) return ['object'];
  if (schema.items !== undefined || schema.prefixItems !== undefined) return ['array'];
  if (schema.format !== undefined || schema['pattern'] !== undefined || schema['minLength'] !== undefined)
    return ['string'];
  if (schema['minimum'] !== undefined || schema['maximum'] !== undefined) return ['number'];
  return ['any'];
}

function distinct(items: readonly unknown[]): unknown[] {
  return [...new Map(items.map((item) => [JSON.stringify(item), item])).values()];
}
