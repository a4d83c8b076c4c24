interface Preference {
  readonly type: string;
  readonly subtype: string;
  readonly weight: number;
}

/**
 * The indexes of media types in the order in which a client prefers them (RFC 9110 §12.5.1).
 *
 * Types that it accepts equally, or not at all, stay in order of declaration: an Accept header is only a preference.
 */
export function preferred(mediaTypes: readonly string[], accept: string | undefined): readonly number[] {
  const preferences = (accept ?? '').slice(0, 1024).split(',').map(readPreference);
  const weights = mediaTypes.map((mediaType) => weightOf(mediaType, preferences));
  return [...mediaTypes.keys()].toSorted((one, other) => (weights[other] as number) - (weights[one] as number));
}

function readPreference(text: string): Preference {
  const [range = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const [type = '', subtype = ''] = range.split('/');
  const quality = parameters.find((parameter) => parameter.startsWith('q='));
  const weight = quality === undefined ? 1 : Number(quality.slice(2));
  return { type, subtype, weight: Number.isFinite(weight) ? Math.min(Math.max(weight, 0), 1) : 0 };
}

/** The most specific range that matches decides. */
function weightOf(mediaType: string, preferences: readonly Preference[]): number {
  const [essence = ''] = mediaType.split(';');
  const [type = '', subtype = ''] = essence.trim().toLowerCase().split('/');
  const exact = preferences.find((one) => one.type === type && one.subtype === subtype);
  const ranged = preferences.find((one) => one.type === type && one.subtype === '*');
  const any = preferences.find((one) => one.type === '*' && one.subtype === '*');
  return (exact ?? ranged ?? any)?.weight ?? 0;
}
