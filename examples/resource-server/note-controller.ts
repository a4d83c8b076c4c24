import { Body, Controller, Get, Post, Security } from 'portico';
import { z } from 'zod';
import type { AccessToken } from './access-token.ts';
import { caller } from './caller.ts';

const Note = z.object({ text: z.string().min(1).max(1_000) }).meta({ id: 'Note' });
type Note = z.output<typeof Note>;

// #region controller
/** Notes of users whom only the identity provider knows, by the subject of their tokens. */
@Controller('/notes')
export class NoteController {
  readonly #notes = new Map<string, readonly Note[]>();

  @Get({ response: z.array(Note) })
  list(@Security(caller, { scopes: ['notes:read'] }) { subject }: AccessToken) {
    return [...(this.#notes.get(subject) ?? [])];
  }

  @Post({ response: Note, status: 201 })
  add(@Security(caller, { scopes: ['notes:write'] }) { subject }: AccessToken, @Body(Note) note: Note) {
    this.#notes.set(subject, [...(this.#notes.get(subject) ?? []), note]);
    return note;
  }
}
// #endregion controller
