import type { JsonSchema } from './schema.ts';
import { mapSubschemas } from './subschemas.ts';

export type Definitions = Record<string, JsonSchema>;

const DEFINITION = '#/$defs/';
/** Keywords that do not affect which values fit. */
const ANNOTATIONS = new Set(['title', 'description', 'examples', 'deprecated', 'readOnly', 'writeOnly', 'default']);
const OBJECT_KEYS = new Set(['type', 'properties', 'required', 'additionalProperties']);

/**
 * Merges the members of each `allOf` if they are objects.
 *
 * A closed member of `allOf` sees only its own properties and refuses those of the others, while zod pools them: no
 * value would fit. Members that cannot be merged into one object are left open.
 */
export function joinIntersections(
  json: JsonSchema,
  definitions: Definitions,
): { json: JsonSchema; $defs: Definitions } {
  const joiner = new Joiner(json, definitions);
  const joined = joiner.join(json);
  const $defs = Object.entries(definitions).map(([name, definition]) => [name, joiner.join(definition)]);
  return { json: joined, $defs: { ...(Object.fromEntries($defs) as Definitions), ...joiner.made } };
}

class Joiner {
  /** Intersections that contain themselves, which become definitions. */
  readonly made: Definitions = {};
  readonly #root: JsonSchema;
  readonly #definitions: Definitions;
  /** The intersections that are being merged, and the names of those that occur again within. */
  readonly #active = new Map<string, string | undefined>();

  constructor(root: JsonSchema, definitions: Definitions) {
    this.#root = root;
    this.#definitions = definitions;
  }

  join(json: JsonSchema): JsonSchema {
    const { allOf, ...rest } = json;
    if (allOf === undefined || allOf.length < 2 || !this.#isJoined(allOf))
      return mapSubschemas(json, (inner) => this.join(inner));
    return { ...this.#intersection(allOf), ...mapSubschemas(rest, (inner) => this.join(inner)) };
  }

  #isJoined(members: readonly JsonSchema[]): boolean {
    return members.some((member) => this.#isObject(member)) || members.every(isPlainList);
  }

  #intersection(members: readonly JsonSchema[]): JsonSchema {
    const identity = JSON.stringify(members);
    if (this.#active.has(identity)) {
      const name = this.#active.get(identity) ?? `__joined${this.#active.size + Object.keys(this.made).length}`;
      this.#active.set(identity, name);
      return { $ref: DEFINITION + name };
    }
    this.#active.set(identity, undefined);
    const whole = mapSubschemas(this.#joinAll(members), (inner) => this.join(inner));
    const name = this.#active.get(identity);
    this.#active.delete(identity);
    if (name === undefined) return whole;
    this.made[name] = whole;
    return { $ref: DEFINITION + name };
  }

  #joinAll(members: readonly JsonSchema[]): JsonSchema {
    const parts = members.flatMap((member) => this.#flattened(member));
    if (parts.every(isPlainList))
      return { type: 'array', items: { allOf: parts.map(({ items }) => items) } } as JsonSchema;
    const objects = parts.map(asObject);
    if (objects.every((object) => object !== undefined)) return this.#joinObjects(objects);
    return { allOf: parts.map((part) => this.#opened(part, new Set())) };
  }

  /** The members of a member that is itself an intersection. */
  #flattened(member: JsonSchema): readonly JsonSchema[] {
    const whole = this.#resolved(member);
    const { allOf, ...rest } = whole;
    const isIntersection = allOf !== undefined && Object.keys(rest).length === 0;
    return isIntersection ? allOf.flatMap((inner) => this.#flattened(inner)) : [whole];
  }

  #joinObjects(objects: readonly JsonSchema[]): JsonSchema {
    const names = new Set(objects.flatMap(({ properties = {} }) => Object.keys(properties)));
    const properties = [...names].map((name): [string, JsonSchema] => {
      const parts = objects.flatMap((object) => {
        const own = Object.hasOwn(object.properties ?? {}, name) ? object.properties?.[name] : furtherOf(object);
        return typeof own === 'object' ? [own] : [];
      });
      return [name, this.#joinValues(parts)];
    });
    const required = [...new Set(objects.flatMap((object) => object.required ?? []))];
    const further = objects.map(furtherOf).filter((one) => one !== undefined);
    const isClosed = objects.every(({ additionalProperties }) => additionalProperties === false);
    return {
      type: 'object',
      properties: Object.fromEntries(properties),
      ...(required.length === 0 ? {} : { required }),
      ...(isClosed ? { additionalProperties: false } : {}),
      ...(further.length === 0 ? {} : { additionalProperties: this.#joinValues(further) }),
    };
  }

  /** One value that has to fit several schemas. */
  #joinValues(parts: readonly JsonSchema[]): JsonSchema {
    const different = [...new Map(parts.map((part) => [JSON.stringify(part), part])).values()];
    const [first = {}, ...others] = different;
    if (others.length === 0) return first;
    // Objects, or lists of them, are merged like any other members.
    return { allOf: different };
  }

  /** A member that does not refuse the properties of the others. */
  #opened(json: JsonSchema, seen: ReadonlySet<string>): JsonSchema {
    if (json.$ref !== undefined) {
      if (seen.has(json.$ref)) return json;
      const whole = this.#resolved(json);
      const open = this.#opened(whole, new Set([...seen, json.$ref]));
      return JSON.stringify(open) === JSON.stringify(whole) ? json : open;
    }
    const open = { ...json };
    if (open.additionalProperties === false) delete open.additionalProperties;
    if (open.propertyNames !== undefined) openRecord(open);
    for (const key of ['allOf', 'anyOf'] as const) {
      if (open[key] !== undefined) open[key] = open[key].map((one) => this.#opened(one, seen)) as never;
    }
    return open.oneOf === undefined ? open : this.#openAlternatives(open, open.oneOf, seen);
  }

  /** Open alternatives may overlap unless a constant distinguishes them; inline ones have no discriminator. */
  #openAlternatives(json: JsonSchema, options: readonly JsonSchema[], seen: ReadonlySet<string>): JsonSchema {
    const { oneOf: _, discriminator, ...rest } = json as JsonSchema & { discriminator?: unknown };
    const open = options.map((option) => this.#opened(option, seen));
    if (open.every((option, index) => option === options[index])) return json;
    return { ...rest, [discriminator === undefined ? 'anyOf' : 'oneOf']: open };
  }

  #isObject(json: JsonSchema, depth = 0): boolean {
    const whole = this.#resolved(json);
    if (whole.type === 'object') return true;
    const parts = [...(whole.anyOf ?? []), ...(whole.oneOf ?? []), ...(whole.allOf ?? [])];
    return depth < 8 && parts.some((part) => this.#isObject(part, depth + 1));
  }

  #resolved(json: JsonSchema): JsonSchema {
    const { $ref, ...rest } = json;
    if ($ref === undefined) return json;
    const target = $ref === '#' ? this.#root : this.#definitions[$ref.slice(DEFINITION.length)];
    return target === undefined ? json : this.#resolved({ ...target, ...rest });
  }
}

/** A member as an object that is fully described by its properties; undefined if it cannot be. */
function asObject(json: JsonSchema): JsonSchema | undefined {
  const said = Object.entries(json).filter(([key]) => !ANNOTATIONS.has(key));
  const { propertyNames: keys, ...rest } = Object.fromEntries(said) as JsonSchema;
  const propertyNames = keys as JsonSchema | undefined;
  if (rest.type !== 'object' || !Object.keys(rest).every((key) => OBJECT_KEYS.has(key))) return undefined;
  if (propertyNames === undefined) return rest;
  const { additionalProperties: value = {} } = rest;
  const { enum: names = 'const' in propertyNames ? [propertyNames.const] : undefined } = propertyNames;
  if (names !== undefined) {
    // A record of known keys.
    const properties = Object.fromEntries(names.map((name) => [String(name), value]));
    return { ...rest, properties, additionalProperties: false };
  }
  return Object.keys(propertyNames).every((key) => key === 'type') ? rest : undefined;
}

function isPlainList(json: JsonSchema): boolean {
  const { type, items } = json;
  const isAlone = Object.keys(json).every((key) => key === 'type' || key === 'items');
  return isAlone && type === 'array' && typeof items === 'object' && !Array.isArray(items);
}

/** What an object says about keys that it does not name, if anything. */
function furtherOf({ additionalProperties }: JsonSchema): JsonSchema | undefined {
  if (typeof additionalProperties !== 'object' || Object.keys(additionalProperties).length === 0) return undefined;
  return additionalProperties;
}

function openRecord(json: JsonSchema): void {
  const object = asObject(json);
  delete json.propertyNames;
  delete json.additionalProperties;
  if (object?.properties !== undefined) json.properties = object.properties;
}
