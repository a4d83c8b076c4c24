import { App, Body, Controller, Delete, Get, HTTPException, Path, Post, Security, type ValueOf } from 'portico';
import { jwtBearer } from 'portico/jwt';
import { z } from 'zod';

/** The URL of this app for clients, which is also the `aud` of its tokens. */
const RESOURCE = process.env['RESOURCE'] ?? 'http://127.0.0.1:8000';

// #region token
/** The caller. Clients may bind tokens to a key of theirs (DPoP), so that nobody else can use them. */
export const accessToken = jwtBearer({
  issuer: process.env['ISSUER'] ?? 'http://127.0.0.1:9000',
  audience: RESOURCE,
  claims: z.object({ client_id: z.string(), name: z.string().optional() }),
  dpop: 'accepted',
});
type Caller = ValueOf<typeof accessToken>;
// #endregion token

const Note = z.object({ text: z.string().min(1).max(1_000) }).meta({ id: 'Note' });
const SavedNote = Note.extend({ id: z.int(), author: z.string() }).meta({ id: 'SavedNote' });

// #region controller
/** Notes by the subject of a user's tokens; only the identity provider knows more about users. */
@Controller('/notes')
class NoteController {
  readonly #notes = new Map<string, Map<number, z.output<typeof SavedNote>>>();
  #last = 0;

  @Get({ response: z.array(SavedNote) })
  list(@Security(accessToken, { scopes: ['notes:read'] }) { subject }: Caller) {
    return [...(this.#notes.get(subject)?.values() ?? [])];
  }

  @Post({ response: SavedNote, status: 201 })
  add(@Security(accessToken, { scopes: ['notes:write'] }) caller: Caller, @Body(Note) { text }: z.output<typeof Note>) {
    const note = { id: (this.#last += 1), text, author: caller.claims.name ?? caller.subject };
    const own = this.#notes.get(caller.subject) ?? new Map<number, typeof note>();
    this.#notes.set(caller.subject, own.set(note.id, note));
    return note;
  }

  @Delete('/:id', { status: 204, responses: { 404: { description: 'You have no such note' } } })
  remove(@Security(accessToken, { scopes: ['notes:write'] }) { subject }: Caller, @Path('id', z.int()) id: number) {
    if (this.#notes.get(subject)?.delete(id) !== true) throw new HTTPException(404, 'You have no such note');
  }
}
// #endregion controller

// #region app
export const app = new App({
  title: 'Notes',
  version: '1.0.0',
  controllers: [NoteController],
  protectedResource: { resource: RESOURCE },
  requireSecurity: true,
});
// #endregion app
