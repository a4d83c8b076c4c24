// A client by orval.
import assert from 'node:assert/strict';
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
  type Book,
} from './orval/library.js';

const emma: Book = { id: 1, title: 'Emma', genre: 'novel', note: null, tags: ['loved'] };

const listed = await bookList({ genre: ['novel', 'poem'] }, { headers: { 'x-shelf': 'first', Cookie: 'sort=title' } });
assert.equal(listed.status, 200);
assert.deepEqual(listed.data, [emma]);
assert.equal(listed.headers.get('X-Total'), '1');

const poems = { title: 'Poems', genre: 'poem', note: null } as const;
const authorized = { headers: { Authorization: 'Bearer reader' } };
const added = await bookAdd(poems, authorized);
assert.equal(added.status, 201);
assert.deepEqual(added.data, { id: 3, tags: [], ...poems });

const refused = await bookAdd(poems);
assert.equal(refused.status, 401);
assert.equal(refused.data.detail, 'Not authenticated');
const invalid = await bookAdd({ ...poems, title: '' }, authorized);
assert.equal(invalid.status, 422);
assert.deepEqual(invalid.data.detail[0]?.loc, ['body', 'title']);
const missing = await bookRead(9);
assert.equal(missing.status, 404);
assert.equal(missing.data.missing, 9);
const removed = await bookRemove(1);
assert.equal(removed.status, 204);

const summary = await bookSummary();
assert.equal(summary.status, 200);
assert.equal(summary.data.toUpperCase(), '2 BOOKS');
const rows = await bookExport();
assert.equal(rows.status, 200);
const books = (await rows.stream.text())
  .trim()
  .split('\n')
  .map((line): Book => JSON.parse(line));
assert.deepEqual(books[0], emma);
const events = await bookEvents();
assert.equal(events.status, 200);
assert.match(events.data, /^event: lent\nid: 1\ndata: \{"type":"lent","book":1,"to":"Ada"\}\n\n/);

const cover = await bookCover(1);
assert.equal(cover.status, 200);
assert.equal(cover.data.size, 5);
const picture = new File(['png'], 'a.png', { type: 'image/png' });
const uploaded = await bookUploadCover(1, { picture, caption: 'Cover', frame: { width: 2 } });
assert.equal(uploaded.status, 200);
assert.deepEqual(uploaded.data, { name: 'a.png', size: 3, caption: 'Cover', frame: 2 });
const searched = await bookSearch({ words: ['a', 'b'], limit: 1 });
assert.deepEqual(searched.data, ['a']);

console.log('passed: each kind of input and answer, by orval');
