import { type DocumentCheckOptions, type DocumentedApp, findDocumentMismatches } from './document-check.ts';
import { describeMismatches } from './report.ts';

/**
 * Throws an Error with every disagreement that `findDocumentMismatches` finds, each with the smallest request that
 * shows it and with the seed that repeats it.
 */
export async function assertDocumentTrue(app: DocumentedApp, options: DocumentCheckOptions = {}): Promise<void> {
  const { mismatches, seed } = await findDocumentMismatches(app, options);
  if (mismatches.length > 0) throw new Error(describeMismatches(mismatches, seed));
}
