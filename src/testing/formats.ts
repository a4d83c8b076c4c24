import type { Arbitrary } from 'fast-check';
import type { FastCheck } from './peers.ts';

/** A format of strings: how to judge one, and how to make one. */
interface Format {
  readonly check: (text: string) => boolean;
  readonly arbitrary: (fc: FastCheck) => Arbitrary<string>;
}

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const TIME = /^([01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/i;
const DURATION = /^P(?!$)(?:\d+W|(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:T(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?)$/;
const EMAIL = /^[^\s@"(),:;<>[\\\]]+@[a-z\d](?:[a-z\d.-]*[a-z\d])?$/i;
const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;

/** The formats that are judged; any other is only an annotation (JSON Schema 2020-12, Validation, section 7). */
export const FORMATS: ReadonlyMap<string, Format> = new Map<string, Format>([
  ['date', { check: isDate, arbitrary: (fc) => dates(fc).map((date) => date.slice(0, 10)) }],
  ['time', { check: (text) => TIME.test(text), arbitrary: (fc) => dates(fc).map((date) => date.slice(11)) }],
  ['date-time', { check: isDateTime, arbitrary: dates }],
  [
    'duration',
    {
      check: (text) => DURATION.test(text),
      arbitrary: (fc) => fc.nat({ max: 999 }).map((hours) => `P1DT${hours}H`),
    },
  ],
  ['email', { check: (text) => EMAIL.test(text), arbitrary: emails }],
  ['uuid', { check: (text) => UUID.test(text), arbitrary: (fc) => fc.uuid({ version: 4 }) }],
  ['uri', { check: (text) => URL.canParse(text), arbitrary: (fc) => fc.webUrl() }],
  ['ipv4', { check: isIPv4, arbitrary: (fc) => fc.ipV4() }],
  // Their patterns have look-aheads, which values cannot be made by.
  ['emoji', { check: () => true, arbitrary: (fc) => fc.constantFrom('😀', '👩‍💻', '🇫🇷', '🎉🎈') }],
  ['iban', { check: () => true, arbitrary: (fc) => fc.constantFrom('DE89370400440532013000', 'NO9386011117947') }],
  ['ipv6', { check: isIPv6, arbitrary: (fc) => fc.ipV6().filter(isIPv6) }],
]);

function dates(fc: FastCheck): Arbitrary<string> {
  const min = new Date('1970-01-01T00:00:00.000Z');
  const max = new Date('2099-12-31T23:59:59.999Z');
  return fc.date({ min, max, noInvalidDate: true }).map((date) => date.toISOString());
}

function emails(fc: FastCheck): Arbitrary<string> {
  const name = fc.stringMatching(/^[a-z][a-z\d]{0,8}$/);
  return fc.tuple(name, name).map(([local, host]) => `${local}@${host}.example`);
}

function isDate(text: string): boolean {
  const [, year, month, day] = DATE.exec(text) ?? [];
  if (day === undefined) return false;
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  return date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
}

/** RFC 3339, section 5.6. */
function isDateTime(text: string): boolean {
  return isDate(text.slice(0, 10)) && /^[Tt]$/.test(text.charAt(10)) && TIME.test(text.slice(11));
}

function isIPv4(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256);
}

/** The platform's URL parser knows their grammar (RFC 4291, section 2.2). */
function isIPv6(text: string): boolean {
  return /^[\da-f:]+$/i.test(text) && URL.canParse(`http://[${text}]/`);
}
