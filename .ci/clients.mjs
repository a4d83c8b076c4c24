// Run by .ci/clients with a folder that has the generators: makes types and clients of documents, compiles what calls them,
// and runs it against served apps.
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { serve } from 'portico/node';
import { app as example } from '../examples/app/app.ts';
import { app as library } from '../test/fixtures/library.ts';

const [folder] = process.argv.slice(2);
cpSync('.ci/generated', folder, { recursive: true });
const { astToString, createClient, generate, openapiTypes, ts } = await import(
  pathToFileURL(join(folder, 'generators.mjs')).href
);

// Read by examples when they are loaded.
Object.assign(process.env, { API_KEY: 'key', API_TOKEN: 'token', PASSWORD: 'password' });
mkdirSync(join(folder, 'types'));

const files = readdirSync('examples', { recursive: true, encoding: 'utf8' })
  .map((file) => join('examples', file))
  .filter((file) => file.endsWith('.ts') && /^export const app\b/m.test(readFileSync(file, 'utf8')));
files.push('test/fixtures/schemes.ts', 'test/fixtures/library.ts');
for (const file of files) {
  const { app } = await import(pathToFileURL(file).href);
  const types = await openapiTypes(JSON.stringify(app.openapi()), {
    transform: fileAsBlob,
    defaultNonNullable: false,
  });
  writeFileSync(join(folder, 'types', file.replace(/\.ts$/, '.ts').replaceAll(/[\\/]/g, '-')), astToString(types));
}
console.log(`passed: types from ${files.length} documents`);

const logger = { info() {}, warn: console.warn, error: console.error };
const served = await Promise.all([example, library].map((app) => serve(app, { port: 0, logger })));
const [exampleUrl, libraryUrl] = served.map(({ url }) => url);

await createClient({
  input: documentFor('hey-api', eventsByData),
  output: { path: join(folder, 'hey-api'), module: { extension: '.js' } },
  plugins: ['@hey-api/client-fetch'],
  logs: { level: 'silent' },
});
await generate(
  {
    input: documentFor('orval', linesByItem),
    output: { target: join(folder, 'orval/library.ts'), client: 'fetch', baseUrl: libraryUrl },
  },
  folder,
);

const run = promisify(execFile);
const options = { cwd: folder, maxBuffer: 2 ** 24 };
try {
  await run(process.execPath, ['node_modules/typescript/bin/tsc'], options);
  for (const [client, url] of [
    ['app', exampleUrl],
    ['openapi-fetch', libraryUrl],
    ['hey-api-client', libraryUrl],
    ['orval-client', libraryUrl],
  ]) {
    const { stdout, stderr } = await run(process.execPath, [join('out', `${client}.js`), url], options);
    process.stdout.write(stdout + stderr);
  }
} catch (error) {
  console.error(`${error.stdout ?? ''}${error.stderr ?? error}`);
  process.exitCode = 1;
}
await Promise.all(served.map((server) => server.close()));

/** What the documentation of openapi-typescript says of files. */
function fileAsBlob({ format }) {
  return format === 'binary' ? ts.factory.createTypeReferenceNode('Blob') : undefined;
}

/** The path of the library's document, in which each content has been adapted to what a generator makes of it. */
function documentFor(name, adapt) {
  const document = library.openapi();
  for (const path of Object.values(document.paths)) {
    for (const operation of Object.values(path)) {
      for (const { content } of Object.values(operation.responses)) if (content !== undefined) adapt(content);
    }
  }
  const file = join(folder, `${name}.json`);
  writeFileSync(file, JSON.stringify(document));
  return file;
}

/** hey-api takes the schema of a stream of events for that of their data. */
function eventsByData({ 'text/event-stream': events }) {
  if (events !== undefined) events.schema = events['x-itemSchema'].properties.data;
}

/** orval knows JSON lines by another media type, and takes their schema for that of an item. */
function linesByItem(content) {
  const { 'application/jsonl': lines } = content;
  if (lines === undefined) return;
  content['application/x-ndjson'] = { schema: lines['x-itemSchema'] };
  delete content['application/jsonl'];
}
