import type { ZodType } from 'zod';
import { describeSchema, type Direction, type JsonSchema, resolve } from '../model/schema.ts';

const DEFINITION = '#/$defs/';
const COMPONENT = '#/components/schemas/';
/** Their values are data, in which nothing is a reference. */
const DATA = new Set(['const', 'enum', 'default', 'example', 'examples']);

/** The two sides of one named schema, as far as they are used. */
interface Sides {
  readonly input?: JsonSchema;
  readonly output?: JsonSchema;
}

/**
 * The `components.schemas` of a document: schemas that have an id, and anonymous ones that contain themselves.
 *
 * Where what is accepted and what is given differ, `X` is the output and `XInput` the input.
 */
export class Components {
  readonly #sides = new Map<string, Sides>();
  readonly #split: ReadonlySet<string>;
  /** The names of anonymous definitions, by the schema they were found in. */
  readonly #anonymous = new Map<ZodType, string>();

  constructor(schemas: Iterable<readonly [ZodType, Direction]>) {
    for (const [schema, direction] of schemas) this.#collect(schema, direction);
    this.#split = splitNames(this.#sides);
  }

  /** A schema with references to the components. */
  schemaOf(schema: ZodType, direction: Direction): JsonSchema {
    const { json } = describeSchema(schema, direction);
    const root = this.#anonymous.get(schema);
    if (root !== undefined && containsItself(json)) return { $ref: this.#reference(root, direction) };
    return this.#link(json, direction, root);
  }

  /** The same with a reference at its root followed. */
  resolved(schema: ZodType, direction: Direction): JsonSchema {
    const { json, definitions } = describeSchema(schema, direction);
    return this.#link(resolve(json, definitions), direction, this.#anonymous.get(schema));
  }

  /** All components by name, sorted. */
  toJSON(): Record<string, JsonSchema> {
    const entries: [string, JsonSchema][] = [];
    for (const [name, { input, output }] of this.#sides) {
      if (this.#split.has(name)) {
        if (output !== undefined) entries.push([name, this.#link(output, 'output', anonymousRoot(name))]);
        if (input !== undefined) entries.push([this.#inputName(name), this.#link(input, 'input', anonymousRoot(name))]);
      } else if (input !== undefined) {
        // Both sides are the same; only that of the input does not refuse further keys.
        entries.push([name, this.#link(input, 'input', anonymousRoot(name))]);
      } else if (output !== undefined) {
        entries.push([name, this.#link(output, 'output', anonymousRoot(name))]);
      }
    }
    return Object.fromEntries(entries.toSorted(([one], [other]) => (one < other ? -1 : 1)));
  }

  #collect(schema: ZodType, direction: Direction): void {
    const { json, definitions } = describeSchema(schema, direction);
    const isAnonymous = containsItself(json) || Object.keys(definitions).some((name) => name.startsWith('__'));
    if (isAnonymous && !this.#anonymous.has(schema)) this.#anonymous.set(schema, `Schema${this.#anonymous.size + 1}`);
    const root = this.#anonymous.get(schema);
    if (root !== undefined && containsItself(json)) this.#add(root, direction, json);
    for (const [name, definition] of Object.entries(definitions)) this.#add(nameIn(root, name), direction, definition);
  }

  #add(name: string, direction: Direction, json: JsonSchema): void {
    this.#sides.set(name, { ...this.#sides.get(name), [direction]: json });
  }

  #link(json: JsonSchema, direction: Direction, root: string | undefined): JsonSchema {
    return linked(json, (reference) => {
      if (reference === '#') return this.#reference(root ?? '', direction);
      return this.#reference(nameIn(root, reference.slice(DEFINITION.length)), direction);
    }) as JsonSchema;
  }

  #reference(name: string, direction: Direction): string {
    return COMPONENT + (direction === 'input' && this.#split.has(name) ? this.#inputName(name) : componentName(name));
  }

  #inputName(name: string): string {
    let candidate = `${componentName(name)}Input`;
    while (this.#sides.has(candidate)) candidate += '_';
    return candidate;
  }
}

/** zod numbers anonymous definitions anew in every schema. */
function nameIn(root: string | undefined, name: string): string {
  return name.startsWith('__') && root !== undefined ? `${root}.${name.replace(/^_+schema/, '')}` : name;
}

function anonymousRoot(name: string): string | undefined {
  return /^(Schema\d+)(?:\.|$)/.exec(name)?.[1];
}

function componentName(name: string): string {
  return name.replace(/[^a-zA-Z0-9._-]/g, '_');
}

function containsItself(json: JsonSchema): boolean {
  return references(json).has('#');
}

/** Names whose two sides are both used and differ, by themselves or in what they refer to. */
function splitNames(sides: ReadonlyMap<string, Sides>): ReadonlySet<string> {
  const split = new Set<string>();
  const both = [...sides].filter(([, { input, output }]) => input !== undefined && output !== undefined);
  for (const [name, { input, output }] of both) if (plain(input) !== plain(output)) split.add(name);
  for (let size = -1; size !== split.size;) {
    size = split.size;
    for (const [name, { input }] of both) {
      const below = [...references(input)].map((reference) =>
        nameIn(anonymousRoot(name), reference.slice(DEFINITION.length)),
      );
      if (below.some((other) => split.has(other))) split.add(name);
    }
  }
  return split;
}

/** zod closes every output object; that alone is no difference. */
function plain(json: unknown): string {
  return JSON.stringify(json, (key, value: unknown) =>
    key === 'additionalProperties' && value === false ? undefined : value,
  );
}

function references(json: unknown, found = new Set<string>()): Set<string> {
  linked(json, (reference) => {
    found.add(reference);
    return reference;
  });
  return found;
}

function linked(json: unknown, link: (reference: string) => string): unknown {
  if (Array.isArray(json)) return json.map((item) => linked(item, link));
  if (typeof json !== 'object' || json === null) return json;
  const entries = Object.entries(json).map(([key, value]: [string, unknown]): [string, unknown] => {
    if (key === '$ref' && typeof value === 'string' && (value === '#' || value.startsWith(DEFINITION)))
      return [key, link(value)];
    return [key, DATA.has(key) ? value : linked(value, link)];
  });
  return Object.fromEntries(entries);
}
