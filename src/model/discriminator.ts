import type { z } from 'zod';
import type { JsonSchema } from './schema.ts';

interface Discriminator {
  readonly propertyName: string;
  readonly mapping: Readonly<Record<string, string>>;
}

type Discriminated = JsonSchema & { discriminator?: Discriminator };

/**
 * Adds a discriminator to named alternatives (OpenAPI 3.1, Discriminator Object) if a property always distinguishes
 * them.
 */
export function correctUnion(schema: z.core.$ZodType, json: JsonSchema): void {
  const { discriminator, options, unionFallback } = schema._zod.def as z.core.$ZodDiscriminatedUnionDef;
  const { oneOf } = json;
  if (oneOf === undefined) return;
  if (discriminator !== undefined && unionFallback !== true) {
    discriminate(discriminator, options, oneOf, json);
    return;
  }
  // Exactly one alternative accepts the value, but it may fit another that is documented as accepting more, or whose
  // output looks the same.
  delete json.oneOf;
  json.anyOf = oneOf;
}

/** Inline alternatives have no discriminator, but a union by the same property counts as alternatives of this one. */
function discriminate(
  propertyName: string,
  options: readonly z.core.$ZodType[],
  alternatives: readonly Discriminated[],
  json: Discriminated,
): void {
  const mapping: Record<string, string> = Object.create(null) as Record<string, string>;
  const oneOf: JsonSchema[] = [];
  for (const [index, alternative] of alternatives.entries()) {
    const { $ref, discriminator, oneOf: inner } = alternative;
    if ($ref !== undefined) {
      const values = valuesOf(options[index], propertyName);
      if (values === undefined) return;
      for (const value of values) mapping[value] = $ref;
      oneOf.push(alternative);
    } else if (inner !== undefined && discriminator?.propertyName === propertyName) {
      Object.assign(mapping, discriminator.mapping);
      oneOf.push(...inner);
    } else return;
  }
  json.oneOf = oneOf;
  json.discriminator = { propertyName, mapping: { ...mapping } };
}

/** Undefined if not all are strings, as the keys of a mapping must be, or if the property may be missing. */
function valuesOf(option: z.core.$ZodType | undefined, propertyName: string): readonly string[] | undefined {
  const values = [...(option?._zod.propValues?.[propertyName] ?? [])];
  if (values.length === 0) return undefined;
  return values.every((value) => typeof value === 'string') ? values : undefined;
}
