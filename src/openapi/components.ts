import type { ZodType } from 'zod';
import { describeSchema, type Direction, type JsonSchema, resolve } from '../model/schema.ts';
import { linked, referencesOf } from '../model/subschemas.ts';
import type { OpenApiVersion } from './version.ts';

const DEFINITION = '#/$defs/';
const COMPONENT = '#/components/schemas/';

/** The component that a schema's internal references resolve to: `#`, or the name of a definition. */
type NameOf = (local: string) => string;

/** One side of a component, and the names that references in it use. */
interface Side {
  readonly json: JsonSchema;
  readonly nameOf: NameOf;
}

/** The two sides of one component that are in use. */
interface Sides {
  input?: Side;
  output?: Side;
}

/**
 * The `components.schemas` of a document: schemas that have an id, and anonymous ones that contain themselves.
 *
 * If input and output differ, `X` is the output and `XInput` the input.
 */
export class Components {
  /** The version that the document will have. */
  readonly version: OpenApiVersion;
  /** The ids of all schemas, and the names generated for others. */
  readonly #taken = new Set<string>();
  readonly #sides = new Map<string, Sides>();
  readonly #split: ReadonlySet<string>;
  readonly #inputNames = new Map<string, string>();
  #anonymousCount = 0;
  /** The names of anonymous definitions, by the schema they were found in. */
  readonly #anonymous = new Map<ZodType, Map<string, string>>();

  constructor(schemas: readonly (readonly [ZodType, Direction])[], version: OpenApiVersion) {
    this.version = version;
    for (const [schema, direction] of schemas) {
      for (const id of describeSchema(schema, direction).named.keys()) this.#taken.add(id);
    }
    for (const [schema, direction] of schemas) this.#collect(schema, direction);
    this.#split = splitNames(this.#sides);
  }

  /** A schema with references to the components. */
  schemaOf(schema: ZodType, direction: Direction): JsonSchema {
    const { json } = describeSchema(schema, direction);
    const root = this.#anonymous.get(schema)?.get('#');
    return root === undefined
      ? this.#link(this.#sideOf(schema, json), direction)
      : { $ref: this.#reference(root, direction) };
  }

  /** The same with a reference at its root followed. */
  resolved(schema: ZodType, direction: Direction): JsonSchema {
    const { json, definitions } = describeSchema(schema, direction);
    return this.#link(this.#sideOf(schema, resolve(json, definitions)), direction);
  }

  /** All components by name, sorted. */
  toJSON(): Record<string, JsonSchema> {
    const entries: [string, JsonSchema][] = [];
    for (const [name, { input, output }] of this.#sides) {
      const isSplit = this.#split.has(name);
      if (isSplit && input !== undefined) entries.push([this.#inputName(name), this.#link(input, 'input')]);
      // If both sides are equal, use the input, which does not refuse unknown keys.
      const main = isSplit ? output : (input ?? output);
      if (main !== undefined) entries.push([name, this.#link(main, main === input ? 'input' : 'output')]);
    }
    return Object.fromEntries(entries.toSorted(([one], [other]) => (one < other ? -1 : 1)));
  }

  #collect(schema: ZodType, direction: Direction): void {
    const { json, definitions, named } = describeSchema(schema, direction);
    if (containsItself(json)) this.#add(this.#nameAnonymous(schema, '#'), direction, this.#sideOf(schema, json));
    for (const [name, definition] of Object.entries(definitions)) {
      const known = named.has(name) ? name : this.#nameAnonymous(schema, name);
      this.#add(known, direction, this.#sideOf(schema, definition));
    }
  }

  #sideOf(schema: ZodType, json: JsonSchema): Side {
    return { json, nameOf: (local) => this.#anonymous.get(schema)?.get(local) ?? local };
  }

  #add(name: string, direction: Direction, side: Side): void {
    const sides = this.#sides.get(name) ?? {};
    sides[direction] = side;
    this.#sides.set(name, sides);
  }

  /** zod numbers definitions without an id anew in every schema; such names never collide with ids. */
  #nameAnonymous(schema: ZodType, local: string): string {
    const names = this.#anonymous.get(schema) ?? new Map<string, string>();
    this.#anonymous.set(schema, names);
    const known = names.get(local);
    if (known !== undefined) return known;
    let number = this.#anonymousCount + 1;
    while (this.#taken.has(`Schema${number}`)) number++;
    this.#anonymousCount = number;
    names.set(local, `Schema${number}`);
    return `Schema${number}`;
  }

  #link({ json, nameOf }: Side, direction: Direction): JsonSchema {
    return linked(json, (reference) => this.#reference(nameOf(localName(reference)), direction));
  }

  #reference(name: string, direction: Direction): string {
    return COMPONENT + (direction === 'input' && this.#split.has(name) ? this.#inputName(name) : name);
  }

  #inputName(name: string): string {
    const known = this.#inputNames.get(name);
    if (known !== undefined) return known;
    let candidate = `${name}Input`;
    while (this.#taken.has(candidate)) candidate += '_';
    this.#taken.add(candidate);
    this.#inputNames.set(name, candidate);
    return candidate;
  }
}

function localName(reference: string): string {
  return reference === '#' ? reference : reference.slice(DEFINITION.length);
}

function containsItself(json: JsonSchema): boolean {
  return referencesOf(json).has('#');
}

/** Names whose two sides are both used and differ, by themselves or in what they refer to. */
function splitNames(sides: ReadonlyMap<string, Sides>): ReadonlySet<string> {
  const split = new Set<string>();
  const below = new Map<string, readonly string[]>();
  for (const [name, { input, output }] of sides) {
    if (input === undefined || output === undefined) continue;
    if (plain(input.json) !== plain(output.json)) split.add(name);
    below.set(
      name,
      [...referencesOf(input.json)].map((reference) => input.nameOf(localName(reference))),
    );
  }
  for (let size = -1; size !== split.size;) {
    size = split.size;
    for (const [name, names] of below) if (names.some((other) => split.has(other))) split.add(name);
  }
  return split;
}

/** zod closes every output object, which alone does not count as a difference. */
function plain(json: unknown): string {
  return JSON.stringify(json, (key, value: unknown) =>
    key === 'additionalProperties' && value === false ? undefined : value,
  );
}
