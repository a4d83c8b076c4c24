// A client by @hey-api/openapi-ts.
import assert from 'node:assert/strict';
import { client } from './hey-api/client.gen.js';
import {
  bookAdd,
  bookCover,
  bookEvents,
  bookExport,
  bookList,
  bookRead,
  bookRemove,
  bookSearch,
  bookSummary,
  bookUploadCover,
} from './hey-api/sdk.gen.js';
import type { Book, Event } from './hey-api/types.gen.js';

const [baseUrl = ''] = process.argv.slice(2);
client.setConfig({ baseUrl });
const emma: Book = { id: 1, title: 'Emma', genre: 'novel', note: null, tags: ['loved'] };

const listed = await bookList({
  query: { genre: ['novel', 'poem'], ids: [1, 2] },
  headers: { 'x-shelf': 'first', Cookie: 'sort=title' },
});
assert.deepEqual(listed.data, [emma]);
assert.equal(listed.response?.headers.get('X-Total'), '1');

const poems = { title: 'Poems', genre: 'poem', note: null } as const;
const added = await bookAdd({ body: poems, auth: 'reader' });
assert.deepEqual(added.data, { id: 3, tags: [], ...poems });

const refused = await bookAdd({ body: poems });
assert.equal(refused.response?.status, 401);
assert.equal(refused.error?.detail, 'Not authenticated');
const invalid = await bookAdd({ body: { ...poems, title: '' }, auth: 'reader' });
assert.equal(invalid.response?.status, 422);
const missing = await bookRead({ path: { id: 9 } });
assert.ok(missing.error !== undefined && 'missing' in missing.error);
assert.equal(missing.error.missing, 9);
const removed = await bookRemove({ path: { id: 1 } });
assert.equal(removed.response?.status, 204);

const summary = await bookSummary();
assert.equal(summary.data?.toUpperCase(), '2 BOOKS');
const rows = await bookExport({ parseAs: 'text' });
const books = (rows.data ?? '')
  .trim()
  .split('\n')
  .map((line): Book => JSON.parse(line));
assert.deepEqual(books[0], emma);
const { stream } = await bookEvents({ sseMaxRetryAttempts: 1 });
const events: Event[] = [];
for await (const event of stream) events.push(event);
assert.deepEqual(
  events.map(({ type, book }) => [type, book]),
  [
    ['lent', 1],
    ['returned', 1],
  ],
);

const cover = await bookCover({ path: { id: 1 } });
assert.equal(cover.data?.size, 5);
const uploaded = await bookUploadCover({
  path: { id: 1 },
  body: { picture: new File(['png'], 'a.png', { type: 'image/png' }), caption: 'Cover', frame: { width: 2 } },
});
assert.deepEqual(uploaded.data, { name: 'a.png', size: 3, caption: 'Cover', frame: 2 });
const searched = await bookSearch({ body: { words: ['a', 'b'], limit: 1 } });
assert.deepEqual(searched.data, ['a']);

console.log('passed: each kind of input and answer, by hey-api');
