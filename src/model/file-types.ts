import { z, type ZodFile } from 'zod';

type MimeCheck = z.core.$ZodCheckMimeType;

/** Whether zod would compare some media type with a file's whole type, and so refuse every file. */
export function comparesWhole(schema: z.core.$ZodType): boolean {
  return mimeChecksOf(schema).some(({ _zod: { def } }) =>
    def.mime.some((type) => type !== essenceOf(type) || isRange(type)),
  );
}

/** The same schema, with media types and ranges compared without parameters and case (RFC 9110 §8.3.1). */
export function comparingEssence(schema: ZodFile): ZodFile {
  const { checks = [] } = schema._zod.def;
  const own = checks.map((check) => (isMimeCheck(check) ? z.check<File>(comparison(check)) : check));
  return z.core.clone(schema, { ...schema._zod.def, checks: own });
}

/** A media type without its parameters, in lower case, as the type of an uploaded file is. */
export function essenceOf(type: string): string {
  return type.replace(/[ \t]*;.*$/s, '').toLowerCase();
}

function comparison(check: MimeCheck): z.core.CheckFn<File> {
  const { mime, abort } = check._zod.def;
  const values = mime.map(essenceOf);
  const exact = new Set(values);
  const ranges = values.filter(isRange).map((range) => (range === '*/*' ? '' : range.slice(0, -1)));
  return function compareType({ value, issues }) {
    const { type } = value;
    if (exact.has(type) || (type !== '' && ranges.some((range) => type.startsWith(range)))) return;
    issues.push({ code: 'invalid_value', values, input: type, inst: check, continue: abort !== true });
  };
}

function isRange(type: string): boolean {
  return type.endsWith('/*');
}

function mimeChecksOf(schema: z.core.$ZodType): readonly MimeCheck[] {
  return (schema._zod.def.checks ?? []).filter(isMimeCheck);
}

function isMimeCheck(check: z.core.$ZodCheck): check is MimeCheck {
  return check._zod.def.check === 'mime_type';
}
