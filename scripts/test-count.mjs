import { readdirSync } from 'node:fs';
import { basename } from 'node:path';

/**
 * A reporter that counts what ran. The runner calls a file in which no test ran a pass, and exits 0 when nothing ran
 * at all: here either is a failure. Not TypeScript, because Node 20 loads reporters before any loader.
 *
 * @param {AsyncIterable<import('node:test/reporters').TestEvent>} source
 */
export default async function* count(source) {
  const files = readdirSync('test', { recursive: true, encoding: 'utf8' });
  const silent = new Set(files.filter((file) => file.endsWith('.test.ts')));
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for await (const event of source) {
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue;
    const { data } = event;
    if (data.details.type === 'suite') continue;
    // The runner also reports every file as a test of its own.
    const isFile = data.nesting === 0 && data.name.endsWith('.test.ts');
    if (isFile && event.type === 'test:pass') continue;
    silent.delete(basename(isFile ? data.name : (data.file ?? '')));
    if (data.skip !== undefined || data.todo !== undefined) counts.skipped += 1;
    else if (event.type === 'test:pass') counts.passed += 1;
    else counts.failed += 1;
  }
  for (const file of silent) {
    counts.failed += 1;
    yield `no test ran in test/${file}\n`;
  }
  if (counts.failed > 0 || counts.passed === 0) process.exitCode = 1;
  yield `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`;
}
